package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
)

// browse runs a browser with a profile of its own through a proxy, until the
// browser ends.
func (p *program) browse(c *cobra.Command, f runFlags, args []string) error {
	url, extra, err := browserArgs(args, c.ArgsLenAtDash())
	if err != nil {
		return err
	}
	path, err := findBrowser(runtime.GOOS, os.Getenv, exec.LookPath)
	if err != nil {
		return err
	}
	browser, err := p.newChild([]string{path})
	if err != nil {
		return err
	}
	defer browser.end()
	return p.through(c, f, func(proxy string, a *certs.Authority) (int, error) {
		profile, err := os.MkdirTemp(profileFolder(path), "wsluice-browser-")
		if err != nil {
			return 0, fmt.Errorf("make a profile for the browser: %w", err)
		}
		defer p.removeProfile(profile)
		browser.cmd.Args = append(browser.cmd.Args, browserFlags(proxy, profile, a)...)
		browser.cmd.Args = append(browser.cmd.Args, extra...)
		if url != "" {
			browser.cmd.Args = append(browser.cmd.Args, url)
		}
		return browser.run(os.Environ())
	})
}

// browserArgs takes the arguments of run --browser apart: a URL, which may be
// missing, and what is behind "--", which is for the browser. Dash is where that
// stood if the flags ended with it, or -1.
func browserArgs(args []string, dash int) (url string, extra []string, err error) {
	if len(args) == 0 || dash == 0 {
		return "", args, nil
	}
	url, args = args[0], args[1:]
	if len(args) > 0 && args[0] != "--" {
		return "", nil, usagef("write wsluice run --browser URL -- FLAG… ; flags of wsluice come before the URL",
			"%q is not expected behind the URL", args[0])
	}
	if len(args) > 0 {
		args = args[1:]
	}
	return url, args, nil
}

// browserFlags lead a browser through proxy, and have it trust what a signs in
// this profile alone.
func browserFlags(proxy, profile string, a *certs.Authority) []string {
	key := sha256.Sum256(a.Certificate().RawSubjectPublicKeyInfo)
	return []string{
		"--user-data-dir=" + profile,
		"--proxy-server=" + proxy,
		"--proxy-bypass-list=<-loopback>", // the own machine is not left out
		"--ignore-certificate-errors-spki-list=" + base64.StdEncoding.EncodeToString(key[:]),
		"--no-first-run",
		"--no-default-browser-check",
	}
}

// browserNames are the browsers on PATH and browserFiles those with a place of
// their own, below the folders that macOS and Windows keep programs in.
var (
	browserNames = []string{
		"google-chrome-stable", "google-chrome", "chromium", "chromium-browser",
		"microsoft-edge-stable", "microsoft-edge", "brave-browser",
	}
	browserFiles = map[string][]string{
		"darwin": {
			"Google Chrome.app/Contents/MacOS/Google Chrome",
			"Chromium.app/Contents/MacOS/Chromium",
			"Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
			"Brave Browser.app/Contents/MacOS/Brave Browser",
		},
		"windows": {
			`Google\Chrome\Application\chrome.exe`,
			`Chromium\Application\chrome.exe`,
			`Microsoft\Edge\Application\msedge.exe`,
			`BraveSoftware\Brave-Browser\Application\brave.exe`,
		},
	}
)

// browserPaths returns where a browser may be on a system, the best first: paths,
// and names to be looked for on PATH.
func browserPaths(goos string, env func(string) string) []string {
	folders, separator := []string(nil), "/"
	switch goos {
	case "darwin":
		folders = []string{"/Applications", env("HOME") + "/Applications"}
	case "windows":
		folders, separator = []string{env("ProgramFiles"), env("ProgramFiles(x86)"), env("LocalAppData")}, `\`
	}
	var paths []string
	for _, file := range browserFiles[goos] {
		for _, folder := range folders {
			if folder != "" {
				paths = append(paths, folder+separator+file)
			}
		}
	}
	return append(paths, browserNames...)
}

// findBrowser returns the path of a browser that can be told whom to trust.
func findBrowser(goos string, env func(string) string, look func(string) (string, error)) (string, error) {
	for _, candidate := range browserPaths(goos, env) {
		if path, err := look(candidate); err == nil {
			return path, nil
		}
	}
	names := "google-chrome, chromium, microsoft-edge and brave-browser on PATH"
	if browserFiles[goos] != nil {
		names = "Chrome, Chromium, Edge and Brave in their usual places, and " + names
	}
	return "", &failure{
		code: exitNotFound,
		hint: "install one of them, or point the browser at wsluice proxy by hand and trust its certificate with wsluice ca install",
		err:  errors.New("no browser is found; looked for " + names),
	}
}

// profileFolder returns where to make the profile for the browser at path. One
// that is a snap sees neither the system's temporary files nor hidden ones.
func profileFolder(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil && !strings.HasPrefix(path, "/snap/") {
		path = target
	}
	home, err := os.UserHomeDir()
	if err != nil || !strings.HasPrefix(path, "/snap/") {
		return ""
	}
	common := filepath.Join(home, "snap", filepath.Base(path), "common")
	if info, err := os.Stat(common); err != nil || !info.IsDir() {
		return home
	}
	return common
}

// removeProfile removes a profile. Processes of the browser may write into it a
// little longer than the browser runs.
func (p *program) removeProfile(dir string) {
	err := os.RemoveAll(dir)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); err = os.RemoveAll(dir) {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		p.warnf("the browser's profile stays behind: %v", err)
	}
}
