//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEditor would catch a command of the user's that is not run as a shell runs
// it, another editor than was chosen, and a failure that is not told.
func TestEditor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a file")
	for _, test := range []struct{ visual, editor, want, fault string }{
		{`printf '%s' 'two words' >`, "false", "two words", ""},
		{" ", `sh -c 'echo "$0: $1" > "$1"' me`, "me: " + path + "\n", ""},
		{"exit 3; :", "true", "old", `run the editor "exit 3; :": exit status 3`},
	} {
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("VISUAL", test.visual)
		t.Setenv("EDITOR", test.editor)
		err := editor()(path)
		if got := ""; err != nil {
			if got = err.Error(); got != test.fault {
				t.Errorf("the fault is %s, want %s", got, test.fault)
			}
		} else if test.fault != "" {
			t.Errorf("no fault, want %s", test.fault)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != test.want {
			t.Errorf("the file is %q (%v), want %q", got, err, test.want)
		}
	}
	t.Setenv("VISUAL", " ")
	t.Setenv("EDITOR", "")
	if editor() != nil {
		t.Error("there is an editor without a command")
	}
}
