package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
)

func (p *program) caCommand() *cobra.Command {
	ca := &cobra.Command{
		Use:   "ca",
		Short: "The certificate authority that clients must trust",
		Long: `wsluice signs the certificates it shows to clients with an authority of its own,
made on first use. Clients must trust it; its key never leaves this machine.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("use wsluice ca path, show, export, install or uninstall", "wsluice ca needs to know what to do")
		},
	}
	ca.AddCommand(p.caPathCommand(), p.caShowCommand(), p.caExportCommand(), p.caInstallCommand(), p.caUninstallCommand())
	return ca
}

// authority opens the certificate authority, making it on first use.
func authority() (*certs.Authority, error) {
	dir, err := authorityDir()
	if err != nil {
		return nil, err
	}
	a, err := certs.Open(dir)
	if err != nil {
		return nil, &failure{
			code: exitUsage,
			hint: fmt.Sprintf("look into %s; without ca.pem and ca-key.pem wsluice makes a new authority, which clients must trust again", dir),
			err:  err,
		}
	}
	return a, nil
}

func (p *program) caPathCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print the path of the certificate",
		Example: `  NODE_EXTRA_CA_CERTS="$(wsluice ca path)" node app.js`,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			a, err := authority()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, a.Path())
			return err
		},
	}
}

func (p *program) caShowCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show",
		Short: "Show the certificate and how to trust it",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			a, err := authority()
			if err != nil {
				return err
			}
			return p.showAuthority(a, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) showAuthority(a *certs.Authority, asJSON bool) error {
	leaf := a.Certificate()
	sum := sha256.Sum256(leaf.Raw)
	fingerprint := strings.ReplaceAll(strings.ToUpper(fmt.Sprintf("% x", sum)), " ", ":")
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{
			"path": a.Path(), "subject": leaf.Subject.String(), "not_before": leaf.NotBefore,
			"not_after": leaf.NotAfter, "sha256": fingerprint,
		})
	}
	_, err := fmt.Fprintf(p.stdout, `path       %s
subject    %s
valid      %s to %s
SHA-256    %s

Trust it for one program:
  curl       curl --cacert "$(wsluice ca path)" …
  Node.js    NODE_EXTRA_CA_CERTS="$(wsluice ca path)"
  Python     SSL_CERT_FILE="$(wsluice ca path)" (requests: REQUESTS_CA_BUNDLE)
  Go         SSL_CERT_FILE="$(wsluice ca path)"
  Java       wsluice ca export --format p12 --output ca.p12
             -Djavax.net.ssl.trustStore=ca.p12 -Djavax.net.ssl.trustStorePassword=
Browsers: open the proxy's own address and follow what it says there.
`, a.Path(), leaf.Subject, leaf.NotBefore.Format("2006-01-02"), leaf.NotAfter.Format("2006-01-02"), fingerprint)
	return err
}

func (p *program) caExportCommand() *cobra.Command {
	var format, output, password string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the certificate in a format other programs import",
		Example: `  wsluice ca export --format der --output wsluice-ca.cer
  wsluice ca export --format p12 --password changeit --output wsluice-ca.p12`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			a, err := authority()
			if err != nil {
				return err
			}
			var content []byte
			switch format {
			case "pem":
				content = a.PEM()
			case "der":
				content = a.DER()
			case "p12":
				if content, err = a.PKCS12(password); err != nil {
					return err
				}
			default:
				return usagef("use pem, der or p12", "--format %q is not known", format)
			}
			if output != "" {
				return writeFile(output, content)
			}
			if format != "pem" && isTerminal(p.stdout) {
				return usagef("name a file with --output, or send stdout elsewhere", "%s is binary and stdout is a terminal", format)
			}
			_, err = p.stdout.Write(content)
			return err
		},
	}
	flags := c.Flags()
	flags.StringVar(&format, "format", "pem", "the `format`: pem, der or p12 (PKCS#12, without the key)")
	flags.StringVarP(&output, "output", "o", "", "write to this `file` instead of stdout")
	flags.StringVar(&password, "password", "", "the `password` of the p12 file")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"pem", "der", "p12"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}
