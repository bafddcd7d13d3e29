package inspector

import (
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// insert records what did not merely pass.
func (p *tape) insert(from frame.Side, origin frame.Origin, payload string) {
	d := frame.Draft{From: from, Type: frame.Text, Payload: []byte(payload)}
	wire, err := d.Wire()
	if err != nil {
		panic(err) // of a plain text there is none
	}
	p.at = p.at.Add(time.Millisecond)
	p.Insert(frame.Passage{From: from, Time: p.at, Origin: origin}, wire)
}

// TestOriginal would catch an edited message that does not show what it was before,
// or shows another one.
func TestOriginal(t *testing.T) {
	c := record(t, func(r *store.Recorder) {
		p := open(t, r, frame.Connection{URL: "ws://x.example/"})
		p.insert(frame.Client, frame.Dropped, "too old")
		p.text(frame.Client, "between")
		p.insert(frame.Client, frame.Edited, "without an original")
		p.insert(frame.Client, frame.Dropped, "what it was")
		p.text(frame.Server, "of the other side")
		p.insert(frame.Client, frame.Edited, "what it became")
		p.end(frame.ByServer, frame.ByFIN)
	})
	r := use(t, options(c), 100, 40)
	r.see("connections 1")
	r.press("enter", "G")
	shown := r.see("what it became", "[edited]", "[dropped]", "│ original")
	if strings.Count(shown, "what it was") != 1 {
		t.Errorf("the original is shown unasked:\n%s", shown)
	}
	r.press("tab", "V")
	r.see("[original]")
	r.until(func(s string) bool { return strings.Count(s, "what it was") == 2 }, "shows the original")
	r.press("esc", "g", "down", "down")
	r.see("#3 → text")
	r.until(func(s string) bool { return !strings.Contains(s, "original]") && !strings.Contains(s, "│ original") }, "has no original")
}
