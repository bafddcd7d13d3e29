package certs

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// machineWith returns a machine of which only certain files, folders and programs
// are known to exist.
func machineWith(goos string, there ...string) Machine {
	return Machine{
		OS: goos, Home: "/home/me", Data: "/home/me/.local/share",
		Exists: func(path string) bool { return slices.Contains(there, path) },
		Glob: func(pattern string) []string {
			var found []string
			for _, p := range there {
				if ok, _ := path.Match(pattern, p); ok {
					found = append(found, p)
				}
			}
			return found
		},
		Look: func(program string) (string, bool) {
			i := slices.IndexFunc(there, func(p string) bool { return path.Base(p) == program })
			if i < 0 {
				return "", false
			}
			return there[i], true
		},
	}
}

// TestStores holds what would be done on each system; what of it can be run here
// is run elsewhere.
func TestStores(t *testing.T) {
	a := open(t, t.TempDir())
	nick, sha1, sha256 := a.nickname(), a.sha1(), a.sha256()
	const nss = "/usr/bin/certutil"
	type plan struct{ name, install, uninstall string }
	database := func(name, folder string) plan {
		return plan{name + " in " + folder, nss + " -d " + shellWord("sql:"+folder) + " -A -t C,, -n " + nick + " -i " + a.path,
			nss + " -d " + shellWord("sql:"+folder) + " -D -n " + nick}
	}
	system := func(folder, extension, update, clear string) plan {
		file := folder + "/" + nick + extension
		return plan{"the system's store in " + folder, "sudo cp " + a.path + " " + file + " && sudo " + update, "sudo rm " + file + " && sudo " + clear}
	}
	missing := func(name string) plan { return plan{name: name} }
	noSystem := missing("a system store that update-ca-certificates, update-ca-trust or trust keeps")
	noChromium := missing("Chromium's database, which it makes when it first runs")
	noFirefox := missing("Firefox's profile, which it makes when it first runs")
	keychain := "/home/me/Library/Keychains/login.keychain-db"
	tests := []struct {
		name string
		m    Machine
		want []plan
	}{
		{"debian", machineWith("linux", "/usr/local/share/ca-certificates", "/usr/sbin/update-ca-certificates", nss, "/home/me/.pki/nssdb/cert9.db", "/home/me/.mozilla/firefox/ab.default/cert9.db", "/home/me/.mozilla/firefox/c d/cert9.db"), []plan{
			system("/usr/local/share/ca-certificates", ".crt", "/usr/sbin/update-ca-certificates", "/usr/sbin/update-ca-certificates --fresh"),
			database("Chromium's database", "/home/me/.pki/nssdb"),
			database("Firefox's profile", "/home/me/.mozilla/firefox/ab.default"),
			database("Firefox's profile", "/home/me/.mozilla/firefox/c d"),
		}},
		{"fedora", machineWith("linux", "/etc/pki/ca-trust/source/anchors", "/usr/bin/update-ca-trust"), []plan{
			system("/etc/pki/ca-trust/source/anchors", ".pem", "/usr/bin/update-ca-trust extract", "/usr/bin/update-ca-trust extract"), noChromium, noFirefox,
		}},
		{"opensuse", machineWith("linux", "/etc/pki/trust/anchors", "/usr/sbin/update-ca-certificates"), []plan{
			system("/etc/pki/trust/anchors", ".pem", "/usr/sbin/update-ca-certificates", "/usr/sbin/update-ca-certificates"), noChromium, noFirefox,
		}},
		{"arch", machineWith("linux", "/etc/ca-certificates/trust-source/anchors", "/usr/bin/trust"), []plan{
			system("/etc/ca-certificates/trust-source/anchors", ".crt", "/usr/bin/trust extract-compat", "/usr/bin/trust extract-compat"), noChromium, noFirefox,
		}},
		{"a folder without its program", machineWith("linux", "/usr/local/share/ca-certificates"), []plan{noSystem, noChromium, noFirefox}},
		{"snap and flatpak", machineWith("linux", nss, "/home/me/.local/share/pki/nssdb/cert9.db", "/home/me/snap/chromium/current/.pki/nssdb/cert9.db", "/home/me/.var/app/org.chromium.Chromium/.pki/nssdb/cert9.db",
			"/home/me/snap/firefox/common/.mozilla/firefox/x/cert9.db", "/home/me/.var/app/org.mozilla.firefox/.mozilla/firefox/y/cert9.db", "/home/me/.config/mozilla/firefox/z/cert9.db"), []plan{
			noSystem,
			database("Chromium's database", "/home/me/.local/share/pki/nssdb"),
			database("Chromium's database", "/home/me/snap/chromium/current/.pki/nssdb"),
			database("Chromium's database", "/home/me/.var/app/org.chromium.Chromium/.pki/nssdb"),
			database("Firefox's profile", "/home/me/.config/mozilla/firefox/z"),
			database("Firefox's profile", "/home/me/snap/firefox/common/.mozilla/firefox/x"),
			database("Firefox's profile", "/home/me/.var/app/org.mozilla.firefox/.mozilla/firefox/y"),
		}},
		{"macos", machineWith("darwin"), []plan{{"the login keychain in " + keychain,
			"/usr/bin/security add-trusted-cert -r trustRoot -k " + keychain + " " + a.path,
			"/usr/bin/security delete-certificate -Z " + sha256 + " -t " + keychain}}},
		{"windows", machineWith("windows"), []plan{{"the user's store in Trusted Root Certification Authorities",
			"certutil.exe -user -addstore Root " + a.path, "certutil.exe -user -delstore Root " + sha1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []plan
			for _, s := range a.Stores(test.m) {
				if s.Missing != (len(s.install) == 0) || s.Browser != strings.ContainsAny(s.Name[:1], "CF") {
					t.Errorf("%s: missing %v, browser %v", s.Name, s.Missing, s.Browser)
				}
				got = append(got, plan{s.Name, commandLine(s.install, s.source), commandLine(s.uninstall, s.source)})
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestStoresWithoutCertutil would catch a browser's database that is passed over
// in silence.
func TestStoresWithoutCertutil(t *testing.T) {
	a := open(t, t.TempDir())
	s := a.Stores(machineWith("linux", "/home/me/.pki/nssdb/cert9.db"))[1]
	outcome, byHand, err := s.Install(t.Context())
	if outcome != Failed || err != errNoCertutil || !strings.HasPrefix(byHand, "certutil -d sql:/home/me/.pki/nssdb -A") {
		t.Errorf("outcome %v, by hand %q, %v", outcome, byHand, err)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"": "''", "a": "a", "C,,": "C,,", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}
