package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program returns a command that does nothing and ends as asked.
func program(t *testing.T, succeed bool) []string {
	t.Helper()
	if succeed {
		return []string{os.Args[0], "-test.run=^$"}
	}
	return []string{os.Args[0], "-test.run=["}
}

// folderStore is a store like a system's: a file in a folder and a program that
// makes the store of it.
func folderStore(t *testing.T, a *Authority, update []string) (s *Store, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ours.crt")
	return &Store{
		source:    a.path,
		present:   check{file: file},
		install:   []step{{write: file, root: true}, {run: update, root: true}},
		uninstall: []step{{remove: file, root: true}, {run: update, root: true}},
	}, file
}

// change applies a change and checks how it came out.
func change(t *testing.T, what string, apply func() (Outcome, string, error), want Outcome) (byHand string) {
	t.Helper()
	outcome, byHand, err := apply()
	if outcome != want || (err != nil) != (want == Failed) || (byHand != "") != (want == Failed) {
		t.Errorf("%s: outcome %v, by hand %q, %v", what, outcome, byHand, err)
	}
	return byHand
}

// TestStoreFolder would catch a change that is not the same when made twice, or
// that touches what is not ours.
func TestStoreFolder(t *testing.T) {
	a := open(t, t.TempDir())
	s, file := folderStore(t, a, program(t, true))
	other := filepath.Join(filepath.Dir(file), "other.crt")
	if err := os.WriteFile(other, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	install := func() (Outcome, string, error) { return s.Install(t.Context()) }
	uninstall := func() (Outcome, string, error) { return s.Uninstall(t.Context()) }
	change(t, "remove what is not there", uninstall, Unchanged)
	change(t, "install", install, Done)
	if content, err := os.ReadFile(file); string(content) != string(a.PEM()) {
		t.Errorf("installed %q, %v", content, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o444 != 0o444 {
		t.Errorf("not all can read it: %v, %v", info.Mode(), err)
	}
	change(t, "install again", install, Unchanged)
	change(t, "remove", uninstall, Done)
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestStoreFailure would catch a change made by half: the next attempt would take
// it for a whole one.
func TestStoreFailure(t *testing.T) {
	a := open(t, t.TempDir())
	s, file := folderStore(t, a, program(t, false))
	byHand := change(t, "install", func() (Outcome, string, error) { return s.Install(t.Context()) }, Failed)
	if !strings.HasPrefix(byHand, "sudo cp "+shellWord(a.path)+" "+shellWord(file)+" && sudo ") {
		t.Errorf("by hand: %s", byHand)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file is left behind")
	}
	if err := copyRoot(a.path, file); err != nil {
		t.Fatal(err)
	}
	change(t, "remove", func() (Outcome, string, error) { return s.Uninstall(t.Context()) }, Failed)
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone though the store was not made anew: %v", err)
	}
	missing := &Store{source: a.path, present: check{run: []string{"/no/such/program"}}, install: []step{{run: []string{"/no/such/program"}}}}
	change(t, "ask a program that is missing", func() (Outcome, string, error) { return missing.Install(t.Context()) }, Failed)
}

// TestStoreAsks would catch a root of another's that is taken for ours.
func TestStoreAsks(t *testing.T) {
	a := open(t, t.TempDir())
	for _, holds := range []bool{false, true} {
		s := &Store{
			source:  a.path,
			present: check{run: program(t, true), holds: func([]byte) bool { return holds }},
			install: []step{{run: program(t, true)}},
		}
		want := Done
		if holds {
			want = Unchanged
		}
		change(t, "install", func() (Outcome, string, error) { return s.Install(t.Context()) }, want)
	}
}
