package certs

import (
	"bytes"
	"errors"
	"path"
)

// Machine is what Stores looks at.
type Machine struct {
	OS string // as runtime.GOOS
	// Home is the user's folder and Data the one for programs' data, XDG_DATA_HOME
	// or its default.
	Home, Data string
	// Exists reports whether there is a file or folder at a path, Glob returns the
	// paths that match a pattern, and Look finds a program.
	Exists func(path string) bool
	Glob   func(pattern string) []string
	Look   func(program string) (path string, ok bool)
}

// Stores returns the stores of a machine that the authority can be put into: the
// system's first, then those of browsers that do not look there. It changes
// nothing and runs nothing.
func (a *Authority) Stores(m Machine) []Store {
	switch m.OS {
	case "windows":
		return []Store{a.windowsStore()}
	case "darwin":
		return []Store{a.keychain(m)}
	}
	return append([]Store{a.systemStore(m)}, a.databases(m)...)
}

// systemStores are the folders from which systems make their store, and the
// programs that do so.
var systemStores = []struct {
	folder, extension string
	update            []string
	// clear is the update after a removal, when that is another.
	clear []string
}{
	// Fedora, RHEL
	{folder: "/etc/pki/ca-trust/source/anchors", extension: ".pem", update: []string{"update-ca-trust", "extract"}},
	// openSUSE
	{folder: "/etc/pki/trust/anchors", extension: ".pem", update: []string{"update-ca-certificates"}},
	// Arch
	{folder: "/etc/ca-certificates/trust-source/anchors", extension: ".crt", update: []string{"trust", "extract-compat"}},
	// Debian, Ubuntu, Gentoo, Alpine
	{folder: "/usr/local/share/ca-certificates", extension: ".crt", update: []string{"update-ca-certificates"},
		clear: []string{"update-ca-certificates", "--fresh"}},
}

func (a *Authority) systemStore(m Machine) Store {
	for _, s := range systemStores {
		program, found := m.Look(s.update[0])
		if !found || !m.Exists(s.folder) {
			continue
		}
		if s.clear == nil {
			s.clear = s.update
		}
		file := path.Join(s.folder, a.nickname()+s.extension)
		return Store{
			Name:      "the system's store in " + s.folder,
			source:    a.path,
			present:   check{file: file},
			install:   []step{{write: file, root: true}, {run: append([]string{program}, s.update[1:]...), root: true}},
			uninstall: []step{{remove: file, root: true}, {run: append([]string{program}, s.clear[1:]...), root: true}},
		}
	}
	return Store{Name: "a system store that update-ca-certificates, update-ca-trust or trust keeps", Missing: true}
}

// keychain is the user's, which the system, Safari, Chrome and Firefox look into.
func (a *Authority) keychain(m Machine) Store {
	file := m.Home + "/Library/Keychains/login.keychain-db"
	const security = "/usr/bin/security"
	return Store{
		Name:   "the login keychain in " + file,
		source: a.path,
		present: check{
			run:   []string{security, "find-certificate", "-a", "-Z", file},
			holds: func(output []byte) bool { return bytes.Contains(output, []byte(a.sha256())) },
		},
		install:   []step{{run: []string{security, "add-trusted-cert", "-r", "trustRoot", "-k", file, a.path}}},
		uninstall: []step{{run: []string{security, "delete-certificate", "-Z", a.sha256(), "-t", file}}},
	}
}

// windowsStore is the user's, which Windows, Edge, Chrome and Firefox look into.
func (a *Authority) windowsStore() Store {
	return Store{
		Name:      "the user's store in Trusted Root Certification Authorities",
		source:    a.path,
		present:   check{run: []string{"certutil.exe", "-user", "-store", "Root", a.sha1()}, holds: func([]byte) bool { return true }},
		install:   []step{{run: []string{"certutil.exe", "-user", "-addstore", "Root", a.path}}},
		uninstall: []step{{run: []string{"certutil.exe", "-user", "-delstore", "Root", a.sha1()}}},
	}
}

// nssFolders are where browsers keep NSS databases, below the home and the data
// folder; the file in a folder tells that it is one.
var nssFolders = []struct{ browser, below, pattern string }{
	{"Chromium's database", "home", ".pki/nssdb"},
	{"Chromium's database", "data", "pki/nssdb"},
	{"Chromium's database", "home", "snap/*/current/.pki/nssdb"},
	{"Chromium's database", "home", ".var/app/*/.pki/nssdb"},
	{"Firefox's profile", "home", ".mozilla/firefox/*"},
	{"Firefox's profile", "home", ".config/mozilla/firefox/*"},
	{"Firefox's profile", "home", "snap/firefox/common/.mozilla/firefox/*"},
	{"Firefox's profile", "home", ".var/app/org.mozilla.firefox/.mozilla/firefox/*"},
}

var errNoCertutil = errors.New("certutil is not installed (package libnss3-tools on Debian, nss-tools on Fedora and Alpine, mozilla-nss-tools on openSUSE, nss on Arch)")

// databases are the NSS databases of browsers, which on Linux and the BSDs do not
// look into the system's store.
func (a *Authority) databases(m Machine) []Store {
	certutil, found := m.Look("certutil")
	var stores []Store
	known := map[string]bool{}
	for _, f := range nssFolders {
		root := m.Home
		if f.below == "data" {
			root = m.Data
		}
		files := m.Glob(path.Join(root, f.pattern, "cert9.db"))
		for _, file := range files {
			store := a.database(f.browser, path.Dir(file), certutil)
			if !found {
				store.obstacle = errNoCertutil
			}
			stores = append(stores, store)
		}
		known[f.browser] = known[f.browser] || len(files) > 0
	}
	for _, browser := range []string{"Chromium's database", "Firefox's profile"} {
		if !known[browser] {
			stores = append(stores, Store{Name: browser + ", which it makes when it first runs", Browser: true, Missing: true})
		}
	}
	return stores
}

func (a *Authority) database(browser, folder, certutil string) Store {
	if certutil == "" {
		certutil = "certutil"
	}
	at := []string{certutil, "-d", "sql:" + folder}
	command := func(arguments ...string) []string { return append(at[:len(at):len(at)], arguments...) }
	return Store{
		Name:    browser + " in " + folder,
		Browser: true,
		source:  a.path,
		present: check{
			run: command("-L", "-n", a.nickname(), "-a"),
			holds: func(output []byte) bool {
				return bytes.Contains(bytes.ReplaceAll(output, []byte("\r"), nil), bytes.TrimSpace(a.PEM()))
			},
		},
		install:   []step{{run: command("-A", "-t", "C,,", "-n", a.nickname(), "-i", a.path)}},
		uninstall: []step{{run: command("-D", "-n", a.nickname())}},
	}
}
