//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInspectorColours would catch colours where none are wanted, and none where
// they are.
func TestInspectorColours(t *testing.T) {
	for _, no := range []string{"", "1"} {
		p := onTerminal(t, []string{"WSLUICE_HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "NO_COLOR=" + no}, "demo")
		p.see(t, "OPEN", ".test/")
		p.press(t, "2")
		p.see(t, "messages", "FOLLOW")
		for _, key := range []string{"?", "<esc>", "6", "1"} {
			p.press(t, key)
		}
		p.see(t, "demo.db › connections ", "state", "url")
		p.press(t, "<ctrl-c>")
		p.leaves(t, 0)
		if colours := p.screen.colours; colours > 0 != (no == "") {
			t.Errorf("NO_COLOR=%s: %d colours were asked for", no, colours)
		}
	}
}

// TestInspectorTerminals would catch a terminal in common use on which nothing can
// be seen.
func TestInspectorTerminals(t *testing.T) {
	for _, name := range []string{"xterm-256color", "xterm", "screen-256color", "tmux-256color", "linux", "vt220"} {
		t.Run(name, func(t *testing.T) {
			p := onTerminal(t, []string{"WSLUICE_HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "TERM=" + name}, "demo")
			p.see(t, "OPEN", ".test/")
			p.press(t, "2")
			p.see(t, "messages", "FOLLOW")
			p.press(t, "g", "<down>", "<down>", "<up>")
			p.until(t, "end of following", func(s *screen) bool { return !strings.Contains(s.text(), "FOLLOW") })
			p.press(t, "<ctrl-c>")
			p.leaves(t, 0)
		})
	}
}

// TestInspectorRefuses would catch a trouble that is told without a way out, with
// another exit code than a mistake has, or on a screen that is gone with it.
func TestInspectorRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pki := newAuthority(t)
	whole := record(t, "--upstream-ca", pki.file)
	whole.dial(t, gorillaServer(t, pki), "ws/off", "refused").say(t, "hello")
	whole.stop(t)
	bytes, err := os.ReadFile(whole.capture)
	if err != nil {
		t.Fatal(err)
	}
	damaged := file("damaged.db", string(bytes[:20_000]))
	letter := file("letter.db", strings.Repeat("Dear Ada, ", 1000))
	configured := func(name, text string) string {
		return "WSLUICE_HOME=" + filepath.Dir(file(name+"/config.toml", text))
	}
	for _, refused := range []struct {
		what  string
		env   string
		args  []string
		names string // what the error has to name
	}{
		{"no capture", "", []string{"inspect", filepath.Join(dir, "none.db")}, "none.db"},
		{"damaged capture", "", []string{"inspect", damaged}, "damaged.db"},
		{"not a capture", "", []string{"inspect", letter}, "letter.db"},
		{"capture named twice", "", []string{"inspect", whole.capture, "--capture", letter}, "letter.db"},
		{"unknown theme", "", []string{"inspect", whole.capture, "--theme", "loud"}, `"loud"`},
		{"unknown theme, alone", "", []string{"--theme", "loud"}, `"loud"`},
		{"configuration: not TOML", configured("toml", "theme = [\n"), []string{"inspect", whole.capture}, "config.toml"},
		{"configuration: no setting", configured("setting", "thme = 'mono'\n"), []string{"inspect", whole.capture}, "thme"},
		{"configuration: unknown theme", configured("theme", "theme = 'loud'\n"), []string{"inspect", whole.capture}, `"loud"`},
		{"configuration: unknown action", configured("action", "[keys]\ncopi = ['c']\n"), []string{"inspect", whole.capture}, "copi"},
		{"configuration: unknown key", configured("key", "[keys]\ncopy = ['hyper-c']\n"), []string{"demo"}, "hyper-c"},
		{"dumb terminal", "TERM=dumb", []string{"inspect", whole.capture}, "terminal"},
		{"dumb terminal, alone", "TERM=dumb", []string{"--listen", "127.0.0.1:0"}, "terminal"},
		{"unknown terminal", "TERM=nosuch", []string{"inspect", whole.capture}, "nosuch"},
		{"unknown terminal, demo", "TERM=nosuch", []string{"demo"}, "nosuch"},
		{"nameless terminal", "TERM=", []string{"inspect", whole.capture}, "TERM"},
	} {
		t.Run(refused.what, func(t *testing.T) {
			p := onTerminal(t, []string{"WSLUICE_HOME=" + t.TempDir(), refused.env}, refused.args...)
			p.size(t, 400, 30)
			p.leaves(t, 2, "wsluice: error: ", "wsluice: hint: ", refused.names)
		})
	}
}
