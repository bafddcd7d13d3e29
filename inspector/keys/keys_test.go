package keys_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/inspector/keys"
)

var update = flag.Bool("update", false, "write docs/keys.md")

// TestTable would catch a key with two meanings, a line without help, and a page
// that tells something else than the table.
func TestTable(t *testing.T) {
	m, err := keys.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[keys.Action]bool)
	for _, b := range keys.Table() {
		if seen[b.Action] {
			t.Errorf("%s is in the table twice", b.Action)
		}
		seen[b.Action] = true
		if b.Help == "" || b.On == 0 || len(b.Keys) == 0 || b.Group == "" {
			t.Errorf("%s lacks keys, screens, a group or help", b.Action)
		}
		for _, k := range b.Keys {
			if parsed, err := keys.ParseKey(string(k)); err != nil || parsed != k {
				t.Errorf("key %q of %s cannot be written by a user: %v", k, b.Action, err)
			}
		}
	}
	const page = "../../docs/keys.md"
	if *update {
		if err := os.WriteFile(page, []byte(m.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != m.Markdown() {
		t.Errorf("%s is not what the table says (%v); run go test ./inspector/keys -update", page, err)
	}
}

// TestPressed would catch a key that arrives under another name than users write.
func TestPressed(t *testing.T) {
	for _, test := range []struct {
		event *tcell.EventKey
		want  keys.Key
	}{
		{tcell.NewEventKey(tcell.KeyRune, 'j', 0), "j"},
		{tcell.NewEventKey(tcell.KeyRune, 'G', tcell.ModShift), "G"},
		{tcell.NewEventKey(tcell.KeyRune, ' ', 0), "space"},
		{tcell.NewEventKey(tcell.KeyRune, 'x', tcell.ModAlt), "alt-x"},
		{tcell.NewEventKey(tcell.KeyCtrlF, 6, tcell.ModCtrl), "ctrl-f"},
		{tcell.NewEventKey(tcell.KeyTab, 9, 0), "tab"},
		{tcell.NewEventKey(tcell.KeyBacktab, 0, 0), "shift-tab"},
		{tcell.NewEventKey(tcell.KeyEnter, 13, 0), "enter"},
		{tcell.NewEventKey(tcell.KeyPgDn, 0, 0), "pgdn"},
		{tcell.NewEventKey(tcell.KeyF64, 0, 0), ""},
	} {
		if got := keys.Pressed(test.event); got != test.want {
			t.Errorf("%s is %q, want %q", test.event.Name(), got, test.want)
		}
	}
}

// TestOwn would catch a binding of the user's that is lost, and a mistake that is
// taken silently.
func TestOwn(t *testing.T) {
	m, err := keys.New(map[string][]string{"copy": {"ctrl-y", "alt-c"}, "pause": {}})
	if err != nil {
		t.Fatal(err)
	}
	press := func(k tcell.Key, r rune, mod tcell.ModMask) keys.Action {
		return m.Action(keys.Messages, tcell.NewEventKey(k, r, mod))
	}
	if got := press(tcell.KeyCtrlY, 0, tcell.ModCtrl); got != keys.Copy {
		t.Errorf("ctrl-y is %q", got)
	}
	if got := press(tcell.KeyRune, 'y', 0); got != "" {
		t.Errorf("y is still %q", got)
	}
	if got := press(tcell.KeyRune, ' ', 0); got != "" {
		t.Errorf("space is still %q", got)
	}
	if got := m.Key(keys.Copy); got != "ctrl-y" {
		t.Errorf("hints name %q", got)
	}
	for _, b := range m.Bindings(keys.Messages) {
		if b.Action == keys.Pause {
			t.Error("an action without keys is offered")
		}
	}
	for _, test := range []struct {
		own  map[string][]string
		want string
	}{
		{map[string][]string{"copi": {"y"}}, `"copi" is no action`},
		{map[string][]string{"copy": {"ctrl-alt-y"}}, `"ctrl-alt-y" is no key`},
		{map[string][]string{"copy": {"ctrl-i"}}, "cannot be told from"},
		{map[string][]string{"copy": {"f"}}, "key f on screen connections is bound to both follow and copy"},
	} {
		if _, err := keys.New(test.own); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v gives %v, want %s", test.own, err, test.want)
		}
	}
}
