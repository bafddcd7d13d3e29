package inspector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// compared is a comparison of messages at the same place.
type compared struct {
	sides [2][]frame.Message
	order DiffOrder
}

func (c *capture) Diff(ctx context.Context, left, right uint64, o DiffOrder, tell func(float64)) (Comparison, error) {
	if slices.Contains(o.Ignore, "bad") {
		return nil, errors.New("no path: \x1b[31mbad")
	}
	tell(0.5)
	d := &compared{order: o}
	for n, conn := range [2]uint64{left, right} {
		if _, err := c.Conn(ctx, conn); err != nil {
			return nil, err
		}
		found := c.Messages(ctx, rows.Query{Conn: conn})
		for found.Next() {
			m := *found.Message()
			m.Payload = slices.Clone(m.Payload)
			d.sides[n] = append(d.sides[n], m)
		}
		found.Close()
	}
	return d, nil
}

func (d *compared) Pairs() int { return max(len(d.sides[0]), len(d.sides[1])) }

func (d *compared) Pair(n int) (p DiffPair) {
	p.Outcome = DiffSame
	for i, side := range d.sides {
		switch {
		case n >= len(side):
			p.Outcome = [2]DiffOutcome{DiffRight, DiffLeft}[i]
		case i == 0:
			p.From, p.Left = side[n].From, side[n].Seq
		default:
			p.From, p.Right = side[n].From, side[n].Seq
		}
	}
	if p.Outcome == DiffSame && string(d.sides[0][n].Payload) != string(d.sides[1][n].Payload) && !slices.Contains(d.order.Ignore, "$..price") {
		p.Outcome = DiffDiffers
	}
	return p
}

func (d *compared) Summary() (string, bool) {
	n := 0
	for i := range d.Pairs() {
		if d.Pair(i).Outcome != DiffSame {
			n++
		}
	}
	return fmt.Sprintf("%d different", n), n == 0
}

func (d *compared) Facts() []DiffFact {
	return []DiffFact{{Name: "handshake url", Left: hostile[0], Right: hostile[1]}, {End: true, Name: "end code", Left: "1000", Right: "1001"}}
}

func (d *compared) Notes() []string { return []string{"a stands for b " + hostile[0]} }

func (d *compared) Changes(_ context.Context, n int) ([]DiffChange, int, error) {
	var texts [2]*string
	for i, side := range d.sides {
		if n < len(side) {
			text := string(side[n].Payload)
			texts[i] = &text
		}
	}
	return []DiffChange{{Path: "$.items[2].price", JSON: true, Left: texts[0], Right: texts[1]}}, 7, nil
}

func (d *compared) WriteJSON(_ context.Context, w io.Writer) error {
	_, err := fmt.Fprintf(w, "{\"pairs\":%d}\n", d.Pairs())
	return err
}

// alike is a capture of two connections of 130 messages that differ in the 4th and
// the 70th, and in one more on the right.
func alike(t testing.TB) *capture {
	return record(t, func(r *store.Recorder) {
		for side := range 2 {
			p := open(t, r, frame.Connection{URL: "wss://shop.example/prices", Client: "127.0.0.1:5001", Server: "192.0.2.1:443"})
			for n := range 130 + side {
				price := 100
				if side == 1 && (n == 3 || n == 69) {
					price = 120
				}
				p.text(frame.Side(n%2), fmt.Sprintf(`{"n":%d,"items":[1,2,{"price":%d}]}`, n, price))
			}
			p.end(frame.ByClient, frame.ByReset)
		}
	})
}

// compareBoth marks a connection and compares it with the other.
func compareBoth(r *robot) {
	r.see("connections 2")
	r.press("G", "=")
	r.see("= #1")
	r.press("k", "=")
	r.see("#1 ↔ #2", "different")
}

// TestDiff would catch a comparison of other connections than were chosen, differences
// that cannot be reached, and paths that are not left out.
func TestDiff(t *testing.T) {
	c := alike(t)
	r := use(t, options(c), 120, 40)
	compareBoth(r)
	r.see("3 different", "… 3 messages same: #1 to #3", "… 65 messages same: #5 to #69", "handshake url")
	r.press("n")
	r.see(`~ ← #4 {"n":3,"items":[1,2,{"price":100}]}`, `│ #4 {"n":3,"items":[1,2,{"price":120}]}`, "changes between #4 and #4", "$.items[2].price", "and 7 more changes")
	r.press("enter")
	r.see("conn #1  #4 ← text", "conn #2  #4 ← text")
	r.press("tab")
	r.press("n")
	r.see("conn #1  #70 ← text", "changes between #70 and #70")
	r.press("n")
	r.see("conn #2  #131 → text", "only #2 has this message", "there is no such message")
	r.press("esc", "N", "N", "k", "enter")
	r.see("#2 {\"n\":1", "#3 {\"n\":2")
	r.press("n")
	r.see("changes between #4 and #4")
	r.press("i")
	r.see("leave out the JSON path: $.items[2].price")
	r.press("tab", "tab")
	r.see("path: $..price")
	r.press("enter")
	r.see("1 different  without $..price", "… 130 messages same")
	r.press("u")
	r.see("$..price counts again", "3 different")
	r.press("i", "ctrl-u", "bad", "enter")
	r.see("no path: ")
	r.press("u")
	r.see("3 different")
	r.press("x")
	r.see("write the differences as JSON to: diff-1-2.jsonl")
	r.press("enter")
	r.see("wrote ")
	if text, err := os.ReadFile(filepath.Join(c.dir, "diff-1-2.jsonl")); err != nil || string(text) != "{\"pairs\":131}\n" {
		t.Errorf("the file holds %q (%v)", text, err)
	}
	r.press("y", "esc")
	r.see("connections 2")
	r.press("=", "=")
	r.see("#2 is not compared")
	r.press(":", "diff 1", "enter")
	r.see("diff takes the numbers of two connections")
	r.press(":", "diff 2 9", "enter")
	r.see("#2 ↔ #9", "9")
	r.press("n", "enter", "i", "esc", "tab", "esc", "x", "esc")
	r.see("connections 2")
}

// TestDiffGolden would catch a screen that is cut or out of line.
func TestDiffGolden(t *testing.T) {
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {40, 10}} {
		r := use(t, options(alike(t)), size[0], size[1])
		compareBoth(r)
		r.press("n")
		r.see("#4")
		goldenText(t, fmt.Sprintf("diff-%dx%d", size[0], size[1]), r.shown())
		r.press("enter")
		r.see("conn #1  #4 ←", "n")
		goldenText(t, fmt.Sprintf("diff-pair-%dx%d", size[0], size[1]), r.shown())
		if shown := r.shown(); strings.Contains(shown, "\x1b") {
			t.Errorf("%q", shown)
		}
	}
}

// TestEveryDiffKey presses every key there is in a comparison, as TestEveryKey does
// elsewhere.
func TestEveryDiffKey(t *testing.T) {
	for of, open := range map[keys.Screen][]string{keys.Diff: nil, keys.Pair: {"n", "enter"}} {
		t.Run(strings.Join(of.Names(), ""), func(t *testing.T) {
			t.Parallel()
			r := use(t, options(alike(t)), 100, 30)
			for _, b := range keys.Table() {
				if b.On&of == 0 || b.Action == keys.Quit {
					continue
				}
				r.see("connections 2")
				r.press(":", "diff 1 2", "enter")
				r.see("#1 ↔ #2")
				r.press(open...)
				for _, k := range b.Keys {
					r.press(string(k))
				}
				r.press("esc", "esc", "esc", "esc", "1", "esc", "g")
			}
		})
	}
}
