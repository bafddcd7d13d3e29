package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
)

// The stores --store names.
const (
	storeSystem   = "system"
	storeBrowsers = "browsers"
)

func (p *program) caInstallCommand() *cobra.Command {
	return p.trustCommand(&cobra.Command{
		Use:   "install",
		Short: "Have the system and the browsers of this user trust the certificate",
		Long: `Put the certificate into the system's store and into the databases of Chromium
and Firefox, which on Linux have their own. What is already there stays as it is.
Where this needs rights or programs that are missing, it prints what to type.

Everyone who can read the authority's key can then pretend to be any server to this
user. The key never leaves this machine; wsluice ca uninstall takes the trust back.`,
		Example: `  wsluice ca install
  wsluice ca install --store browsers`,
	}, "installed into", "already in", (*certs.Store).Install)
}

func (p *program) caUninstallCommand() *cobra.Command {
	return p.trustCommand(&cobra.Command{
		Use:   "uninstall",
		Short: "Take the certificate out of the stores again",
		Long: `Take the certificate out of the system's store and the databases of Chromium and
Firefox. Nothing else in them changes, and the certificate itself stays where
wsluice ca path says.`,
	}, "removed from", "not in", (*certs.Store).Uninstall)
}

// change is what a trust command does to a store.
type change func(*certs.Store, context.Context) (certs.Outcome, string, error)

// trustCommand completes a command that applies a change to every store.
func (p *program) trustCommand(c *cobra.Command, done, unchanged string, apply change) *cobra.Command {
	var store string
	c.Args = usageArgs(cobra.NoArgs)
	c.Flags().StringVar(&store, "store", "", "only this `store`: system or browsers (default both)")
	_ = c.RegisterFlagCompletionFunc("store", cobra.FixedCompletions([]string{storeSystem, storeBrowsers}, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = func(c *cobra.Command, _ []string) error {
		if store != "" && store != storeSystem && store != storeBrowsers {
			return usagef("use system or browsers", "--store %q is not known", store)
		}
		a, err := authority()
		if err != nil {
			return err
		}
		m, err := machine()
		if err != nil {
			return err
		}
		tried, failed, browsers := 0, 0, false
		for _, s := range a.Stores(m) {
			switch {
			case store == storeSystem && s.Browser, store == storeBrowsers && !s.Browser:
				continue
			case s.Missing:
				fmt.Fprintf(p.stdout, "not found: %s\n", s.Name)
				continue
			}
			tried++
			name := visible(s.Name, longestValue)
			switch outcome, byHand, err := apply(&s, c.Context()); outcome {
			case certs.Done:
				browsers = browsers || s.Browser
				fmt.Fprintf(p.stdout, "%s %s\n", done, name)
			case certs.Unchanged:
				fmt.Fprintf(p.stdout, "%s %s\n", unchanged, name)
			case certs.Failed:
				failed++
				fmt.Fprintf(p.stdout, "failed: %s: %s; by hand: %s\n", name, visible(oneLine(err.Error()), longestValue), visible(byHand, longestValue))
			}
		}
		if browsers {
			fmt.Fprintln(p.stderr, "wsluice: hint: a browser that is running sees this when it is started anew")
		}
		if err := c.Context().Err(); err != nil {
			return err
		}
		if failed > 0 {
			return &failure{
				code: exitFailed,
				hint: "type what stands behind \"by hand\", or do what is missing and run this again",
				err:  fmt.Errorf("%d of %s could not be changed", failed, counted(uint64(tried), "store")),
			}
		}
		return nil
	}
	return c
}

// machine returns what this machine is, for the search for stores.
func machine() (certs.Machine, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return certs.Machine{}, fmt.Errorf("find the home folder: %w", err)
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		data = filepath.Join(home, ".local", "share")
	}
	return certs.Machine{
		OS: runtime.GOOS, Home: home, Data: data,
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		},
		Glob: func(pattern string) []string {
			paths, _ := filepath.Glob(pattern) // patterns are ours
			return paths
		},
		Look: lookProgram,
	}, nil
}

// lookProgram finds a program on PATH, or where those for administrators are,
// which is not always on it.
func lookProgram(name string) (string, bool) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, true
		}
	}
	return "", false
}
