package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// recordFlags are the flags of the commands that record, as they were given.
type recordFlags struct {
	listen                            string
	allowRemote                       bool
	auth                              string
	reverse, upstreamProxy            string
	upstreamCA                        string
	insecure                          bool
	clientCerts, clientKeys, certFors []string
	only, bypass                      []string
	overload                          string
	maxCapture                        byteSize
	rules                             string
}

// passwordVariable holds the password of --client-cert files, which must not
// stand in a process list.
const passwordVariable = "WSLUICE_CLIENT_CERT_PASSWORD"

// add gives c the flags that say where to listen, how servers are reached and
// what is recorded.
func (f *recordFlags) add(c *cobra.Command, listen string) {
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", listen, "the `address` to listen on; port 0 takes any free port")
	flags.StringVar(&f.upstreamProxy, "upstream-proxy", "", "reach servers through this proxy (http, https or socks5 `url`)")
	flags.StringVar(&f.upstreamCA, "upstream-ca", "", "trust the certificates in this PEM or DER `file` besides the system's")
	flags.BoolVar(&f.insecure, "insecure", false, "do not verify servers' certificates")
	flags.StringArrayVar(&f.clientCerts, "client-cert", nil, "the client certificate for servers that ask (PEM or PKCS#12 `file`; password in "+passwordVariable+")")
	flags.StringArrayVar(&f.clientKeys, "client-key", nil, "the private key of --client-cert when it is in a PEM `file` of its own")
	flags.StringArrayVar(&f.certFors, "for", nil, "the `host` pattern the --client-cert is for (default all)")
	flags.StringSliceVar(&f.only, "only", nil, "intercept these `hosts` only, such as example.com,*.example.com:8443")
	flags.StringSliceVar(&f.bypass, "bypass", nil, "pass these `hosts` through as blind tunnels")
	flags.StringVar(&f.overload, "on-overload", "block", "when the disk cannot keep up: `policy` block (slow the peers down) or shed (drop payloads, count and mark them)")
	_ = c.RegisterFlagCompletionFunc("on-overload", cobra.FixedCompletions([]string{"block", "shed"}, cobra.ShellCompDirectiveNoFileComp))
	flags.Var(&f.maxCapture, "max-capture", "keep the capture at this `size`, such as 2GB: the oldest frames go as new ones come (at least 16MB)")
	flags.StringVar(&f.rules, "rules", "", "change the traffic by the rules in this `file`, also when it changes (see wsluice rules --help)")
	_ = c.MarkFlagFilename("rules", "yaml", "yml")
	for _, name := range []string{"listen", "upstream-proxy", "for", "only", "bypass", "max-capture"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// addShared gives c the flags of a proxy that others may use, or that stands for
// a server.
func (f *recordFlags) addShared(c *cobra.Command) {
	flags := c.Flags()
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "allow an address other machines can reach (needs --proxy-auth)")
	flags.StringVar(&f.auth, "proxy-auth", "", "ask clients for these credentials (`user:password`)")
	flags.StringVar(&f.reverse, "reverse", "", "stand for this server, for clients that ignore proxies (ws or wss `url`)")
	for _, name := range []string{"proxy-auth", "reverse"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// options checks the flags, all of them before anything is opened.
func (f *recordFlags) options() (o proxy.Options, s store.Options, err error) {
	s.App = "wsluice " + version()
	switch f.overload {
	case "block":
		s.Overload = store.Block
	case "shed":
		s.Overload = store.Shed
	default:
		return o, s, usagef("use block or shed", "--on-overload %q is no policy", f.overload)
	}
	const least = 16 << 20
	if s.MaxSize = int64(f.maxCapture); s.MaxSize > 0 && s.MaxSize < least {
		return o, s, usagef("give --max-capture 16MB or more", "--max-capture %s is too little", f.maxCapture.String())
	}
	if f.auth != "" {
		user, password, ok := strings.Cut(f.auth, ":")
		if !ok || user == "" {
			return o, s, usagef("write --proxy-auth user:password", "--proxy-auth has no user and password")
		}
		o.Auth = url.UserPassword(user, password)
	}
	if err := f.checkListen(); err != nil {
		return o, s, err
	}
	// An empty --for is a certificate for all hosts.
	given := slices.DeleteFunc(slices.Clone(f.certFors), func(host string) bool { return host == "" })
	if err := proxy.CheckHosts(slices.Concat(f.only, f.bypass, given)); err != nil {
		return o, s, usagef("write example.com, *.example.com or 127.0.0.1:8443", "%w", err)
	}
	if o.Reverse, err = parseURL("--reverse", f.reverse, "ws", "wss", "http", "https"); err != nil {
		return o, s, err
	}
	if o.Upstream, err = parseURL("--upstream-proxy", f.upstreamProxy, "http", "https", "socks5", "socks5h"); err != nil {
		return o, s, err
	}
	o.Insecure, o.Only, o.Bypass = f.insecure, f.only, f.bypass
	if f.upstreamCA != "" {
		if o.Roots, err = certs.LoadRoots(f.upstreamCA); err != nil {
			return o, s, fileFailure("--upstream-ca", err)
		}
	}
	o.Identities, err = f.identities()
	return o, s, err
}

// identities pairs the --client-cert, --client-key and --for flags in the order
// they were given.
func (f *recordFlags) identities() ([]proxy.Identity, error) {
	certificates := len(f.clientCerts)
	if n := len(f.clientKeys); n != 0 && n != certificates {
		return nil, usagef("give one --client-key for each --client-cert, or none when the certificate files hold the keys",
			"%d --client-key for %d --client-cert", n, certificates)
	}
	if n := len(f.certFors); n != 0 && n != certificates {
		return nil, usagef("give one --for HOST for each --client-cert, or none", "%d --for for %d --client-cert", n, certificates)
	}
	identities := make([]proxy.Identity, certificates)
	for i, file := range f.clientCerts {
		key := ""
		if len(f.clientKeys) > 0 {
			key = f.clientKeys[i]
		}
		if len(f.certFors) > 0 {
			identities[i].Host = f.certFors[i]
		}
		var err error
		identities[i].Certificate, err = certs.LoadIdentity(file, key, os.Getenv(passwordVariable))
		if err != nil {
			return nil, &failure{
				code: exitUsage,
				hint: "check the files named with --client-cert and --client-key; a password goes into " + passwordVariable,
				err:  err,
			}
		}
	}
	return identities, nil
}

// checkListen refuses an address other machines can reach unless the user asked
// for it and asks for credentials.
func (f *recordFlags) checkListen() error {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usagef("write --listen 127.0.0.1:8080, or port 0 for any free port", "--listen %q is no address: %w", f.listen, err)
	}
	address, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && address.IsLoopback()
	switch {
	case local:
		return nil
	case !f.allowRemote:
		return usagef("listen on 127.0.0.1, or give --allow-remote with --proxy-auth user:password",
			"other machines could use the proxy on %s", f.listen)
	case f.auth == "":
		return usagef("give --proxy-auth user:password", "--allow-remote needs --proxy-auth")
	}
	return nil
}

// parseURL checks the URL of a flag. An empty one is nil.
func parseURL(flag, s string, schemes ...string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	hint := fmt.Sprintf("write %s://host:port", schemes[0])
	u, err := url.Parse(s)
	if err != nil {
		// The error would repeat the URL, which may hold a password.
		return nil, usagef(hint, "%s is no URL", flag)
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			if u.Hostname() == "" {
				return nil, usagef(hint, "%s %q names no host", flag, u.Redacted())
			}
			return u, nil
		}
	}
	return nil, usagef("use one of "+strings.Join(schemes, ", "), "%s %q: scheme %q is not supported", flag, u.Redacted(), u.Scheme)
}

// fileFailure is for a file the user named that cannot be used.
func fileFailure(flag string, err error) error {
	hint := "check the file named with " + flag
	if errors.Is(err, fs.ErrNotExist) {
		hint = "there is no such file; check the path given with " + flag
	}
	return &failure{code: exitUsage, hint: hint, err: err}
}
