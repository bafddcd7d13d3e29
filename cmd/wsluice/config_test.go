package main

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/inspector/keys"
)

// TestConfig would catch a setting that has no effect, and a mistake in the file
// that is passed over.
func TestConfig(t *testing.T) {
	c, err := parseConfig("theme = \"mono\"\nmouse = true\n[keys]\ncopy = [\"ctrl-y\"]\n")
	if err != nil || c.theme.Name != "mono" || !c.mouse {
		t.Fatalf("the configuration is %+v, %v", c, err)
	}
	if a := c.keys.Action(keys.Messages, tcell.NewEventKey(tcell.KeyCtrlY, 0, tcell.ModCtrl)); a != keys.Copy {
		t.Errorf("ctrl-y is %q", a)
	}
	if c, err = parseConfig(""); err != nil || c.theme.Name != "default" || c.mouse {
		t.Errorf("without a file the configuration is %+v, %v", c, err)
	}
	for text, want := range map[string]string{
		`theme = "dark"`:             `there is no theme "dark"; there are default`,
		`colour = "red"`:             `"colour" is no setting`,
		"[keys]\ncopi = [\"y\"]":     `"copi" is no action`,
		"[keys]\ncopy = [\"hyper\"]": `"hyper" is no key`,
		"theme = ":                   "line 1",
	} {
		if _, err := parseConfig(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}
