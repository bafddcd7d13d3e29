package inspector

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/keys"
)

// ordered returns the last export that was ordered.
func (c *capture) ordered(t *testing.T) ExportOrder {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orders) == 0 {
		t.Fatal("nothing was exported")
	}
	return c.orders[len(c.orders)-1]
}

// TestExport would catch an export of something else than the dialog says, one that
// a format cannot hold, and a name that is lost.
func TestExport(t *testing.T) {
	c := chat(t)
	r := use(t, options(c), 100, 30)
	r.see("connections 4")
	r.press("x")
	r.see("‹ jsonl: a JSON object a line ›", "‹ connection #4 ›", "‹ kept ›", "conn4.jsonl")
	r.press("down", "right", "down", "space")
	r.see("‹ all connections ›", "taken out", "all.jsonl")
	r.press("up", "up", "left", "left", "left", "left", "left", "left", "left", "left")
	r.see("‹ raw: bare payloads back to back ›", "all.bin", "a raw export is of one connection")
	r.press("enter")
	r.see("a raw export is of one connection")
	r.press("left")
	r.see("pcapng", "all.pcapng", "pcapng holds the bytes that passed: secrets stay in")
	r.press("left", "enter")
	r.see("108 messages ", "; wrote ")
	if _, err := os.Stat(filepath.Join(c.dir, "all.html")); err != nil {
		t.Error(err)
	}
	if got := c.ordered(t); got != (ExportOrder{Format: "html", Redact: true}) {
		t.Errorf("ordered %+v", got)
	}

	r.press("G", "enter", "<", ":", "42", "enter")
	r.see("from server", "#42 ← text")
	r.press("x")
	r.see("‹ the filtered messages of connection #1 ›", "conn1-filtered.jsonl")
	r.press("enter")
	r.see("50 messages ", "; wrote ")
	if got := c.ordered(t); got.Conn != 1 || got.Side == nil || *got.Side != frame.Server || got.Only != 0 {
		t.Errorf("ordered %+v", got)
	}
	r.press("x", "down", "left", "left")
	r.see("‹ message #42 of connection #1 ›", "conn1-42.jsonl")
	r.press("down", "down", "ctrl-u", "mine.jsonl", "up", "up", "up", "right")
	r.see("‹ text: lines for people ›", "mine.txt")
	r.press("enter")
	r.see("1 messages ", "; wrote ")
	if got := c.ordered(t); got.Format != "text" || got.Conn != 1 || got.Only != 42 {
		t.Errorf("ordered %+v", got)
	}
	r.press("x", "up", "ctrl-u")
	r.see("the file needs a name")
	r.press("m", "tab")
	r.see("mine.txt")
	r.press("enter")
	r.see("mine.txt exists. Replace it? y/n")
	r.press("n")
	if info, err := os.Stat(filepath.Join(c.dir, "mine.txt")); err != nil || info.Size() == 0 {
		t.Errorf("the file that was to be kept: %v, %v", info, err)
	}
	r.press("x", "esc")
	r.see("messages 21 / 50")
}

// TestExportFormats would catch a language that cannot be chosen.
func TestExportFormats(t *testing.T) {
	var languages []string
	for _, f := range exportFormats {
		if f.language != "" {
			languages = append(languages, f.language)
		}
	}
	if !slices.Equal(languages, export.SnippetLanguages) {
		t.Errorf("the languages are %q, want %q", languages, export.SnippetLanguages)
	}
}

// TestExportStopped would catch an export that cannot be stopped, and one that is
// replaced by another without a word.
func TestExportStopped(t *testing.T) {
	c := chat(t)
	c.slow = make(chan struct{})
	r := use(t, options(c), 100, 30)
	r.see("connections 4")
	for _, k := range []string{"x", "enter"} {
		r.inject(keys.Key(k))
	}
	<-c.slow
	r.see("50%", "1,234 messages", "esc stops")
	r.inject("x")
	r.see("something else is under way")
	r.press("esc")
	r.see("stopped; nothing was left on the disk")
}

// TestExportGolden would catch a dialog that is cut, or hides what it is about, on
// a small terminal.
func TestExportGolden(t *testing.T) {
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {40, 10}} {
		r := use(t, options(chat(t)), size[0], size[1])
		r.see("connections 4")
		r.press("G", "enter", "<", "x", "down")
		r.see("export", "filtered.jsonl")
		goldenText(t, fmt.Sprintf("export-%dx%d", size[0], size[1]), r.shown())
	}
}
