package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// diffLayout is how a comparison is printed.
type diffLayout struct {
	width  int // in cells
	twoUp  bool
	colour bool
}

// diffPrinter prints a comparison for people.
type diffPrinter struct {
	*diffed
	diffLayout
	out *bufio.Writer
}

// text prints a comparison for people.
func (d *diffed) text(out *bufio.Writer, l diffLayout) error {
	w := diffPrinter{d, l, out}
	w.title()
	w.facts("handshake")
	if err := w.messages(); err != nil {
		return err
	}
	w.facts("end")
	for _, s := range d.result.Substitutions {
		w.line(dim, substitutionText(s))
	}
	for _, path := range d.result.Detected {
		w.line(dim, detectedText(path))
	}
	w.line("", d.summary())
	return nil
}

func substitutionText(s compare.Substitution) string {
	return fmt.Sprintf("%s stands for %s, %s, first at %s", visible(s.Left, 80), visible(s.Right, 80), counted(uint64(s.Count), "time"), visible(s.Path, 200))
}

func detectedText(path string) string {
	return visible(path, 200) + " is another every time, and looks like an id or a time"
}

// The colours of a comparison.
const (
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
)

func (w *diffPrinter) line(colour, text string) {
	if w.colour && colour != "" {
		text = colour + text + "\x1b[0m"
	}
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

func (w *diffPrinter) title() {
	left := w.left.name + "  " + w.left.conn.URL
	right := w.right.name + "  " + w.right.conn.URL
	if w.twoUp {
		w.beside("", left, " ", right)
		return
	}
	w.line(red, "--- "+w.fit(left, 4))
	w.line(green, "+++ "+w.fit(right, 4))
}

// fit makes text harmless, and as long as the line lets it behind indent cells.
func (w *diffPrinter) fit(text string, indent int) string {
	return visible(text, max(w.width-indent-1, 20))
}

// facts prints what differs in the handshakes or in the ends.
func (w *diffPrinter) facts(of string) {
	for _, f := range w.diffed.facts {
		if f.of != of {
			continue
		}
		name := of + " " + f.name
		if w.twoUp {
			w.beside(yellow, name+": "+f.left, "~", name+": "+f.right)
			continue
		}
		w.line(yellow, "~ "+w.fit(name, 2))
		w.both([]byte(f.left), []byte(f.right))
	}
}

// both prints what stands on both sides below each other.
func (w *diffPrinter) both(left, right []byte) {
	if len(left) > 0 {
		w.line(red, "    - "+w.fit(string(left), 6))
	}
	if len(right) > 0 {
		w.line(green, "    + "+w.fit(string(right), 6))
	}
}

// messages prints the messages: those that are the same as a count.
func (w *diffPrinter) messages() error {
	pairs := w.result.Pairs
	for at := 0; at < len(pairs); {
		first := at
		for at < len(pairs) && pairs[at].Outcome == compare.Same {
			at++
		}
		if at > first {
			w.equal(pairs[first], pairs[at-1], at-first)
			continue
		}
		if err := w.pair(pairs[at]); err != nil {
			return err
		}
		at++
	}
	return nil
}

// equal prints that n messages are the same.
func (w *diffPrinter) equal(first, last compare.Pair, n int) {
	text := fmt.Sprintf("= %s the same: #%d", counted(uint64(n), "message"), first.Left)
	if n > 1 {
		text += fmt.Sprintf(" to #%d", last.Left)
	}
	if first.Left != first.Right || last.Left != last.Right {
		text += fmt.Sprintf(", #%d", first.Right)
		if n > 1 {
			text += fmt.Sprintf(" to #%d", last.Right)
		}
	}
	w.line(dim, text)
}

// pair prints a pair that is not the same.
func (w *diffPrinter) pair(p compare.Pair) error {
	switch p.Outcome {
	case compare.Differs:
		return w.differs(p)
	case compare.OnlyLeft:
		return w.alone(p, w.left, p.Left, "-", red)
	case compare.OnlyRight:
		return w.alone(p, w.right, p.Right, "+", green)
	}
	m, err := w.left.load(p.Left)
	if err != nil {
		return err
	}
	if w.twoUp {
		w.beside(dim, describe(m, p.Left), "^", fmt.Sprintf("%s #%d moved", arrow(p.From), p.Right))
		return nil
	}
	w.line(dim, "^ "+w.fit(fmt.Sprintf("%s #%d moved to #%d  %s", arrow(p.From), p.Left, p.Right, content(m)), 2))
	return nil
}

// alone prints a message that is on one side only.
func (w *diffPrinter) alone(p compare.Pair, of *diffedConn, seq uint64, mark, colour string) error {
	m, err := of.load(seq)
	if err != nil {
		return err
	}
	text := describe(m, seq)
	switch {
	case !w.twoUp:
		w.line(colour, mark+" "+w.fit(text, 2))
	case p.Left != 0:
		w.beside(colour, text, "<", "")
	default:
		w.beside(colour, "", ">", text)
	}
	return nil
}

// maxChangesShown bounds how many changes of a message are printed.
const maxChangesShown = 50

func (w *diffPrinter) differs(p compare.Pair) error {
	d, err := w.result.Difference(p)
	if err != nil {
		return err
	}
	if w.twoUp {
		w.beside(yellow, fmt.Sprintf("%s #%d %s", arrow(p.From), p.Left, d.Form), "~", fmt.Sprintf("%s #%d %s", arrow(p.From), p.Right, d.Form))
	} else {
		w.line(yellow, fmt.Sprintf("~ %s #%d and #%d  %s", arrow(p.From), p.Left, p.Right, d.Form))
	}
	shown := d.Changes[:min(len(d.Changes), maxChangesShown)]
	for _, c := range shown {
		left, right := partBytes(c.Left), partBytes(c.Right)
		if !w.twoUp {
			w.line("", "    "+w.fit(c.Path, 4))
			w.both(left, right)
			continue
		}
		texts := [2]string{"  " + c.Path + ": " + string(left), "  " + c.Path + ": " + string(right)}
		switch c.Kind {
		case compare.Added:
			texts[0] = ""
		case compare.Removed:
			texts[1] = ""
		}
		w.beside("", texts[0], changeMarks[c.Kind], texts[1])
	}
	if more := len(d.Changes) - len(shown) + d.More; more > 0 {
		w.line(dim, fmt.Sprintf("    and %s; --json lists up to %d", counted(uint64(more), "more change"), compare.MaxChanges))
	}
	return nil
}

var changeMarks = [...]string{compare.Changed: "~", compare.Added: ">", compare.Removed: "<"}

// partBytes returns the beginning of what stands at one side of a change.
func partBytes(p compare.Part) []byte {
	if p.Bytes == nil {
		return []byte(p.Text)
	}
	return p.Bytes[:min(len(p.Bytes), longestPreview)]
}

// beside prints a line of both sides. Colour is that of the mark and of what is
// there.
func (w *diffPrinter) beside(colour, left, mark, right string) {
	cells := (w.width - 4) / 2
	a := visible(left, cells-1)
	gap := strings.Repeat(" ", max(cells-decode.Width([]byte(a)), 0))
	w.line(colour, strings.TrimRight(a+gap+" "+mark+" "+visible(right, cells-1), " "))
}

func arrow(from frame.Side) string {
	if from == frame.Client {
		return "→"
	}
	return "←"
}

// describe says in one line what a message is.
func describe(m *frame.Message, seq uint64) string {
	return fmt.Sprintf("%s #%d %s  %s", arrow(m.From), seq, m.Type, content(m))
}

// content returns the beginning of what a message says. It is not made harmless.
func content(m *frame.Message) string {
	if m.Type == frame.Close {
		if m.Code == 0 {
			return "without a code"
		}
		return strings.TrimSuffix(m.Code.String()+": "+m.Reason, ": ")
	}
	return string(m.Payload[:min(len(m.Payload), longestPreview)])
}

// summary says in one line what came out.
func (d *diffed) summary() string {
	count := d.result.Count
	same := count[compare.Same]
	if d.same() && count[compare.Moved] == 0 {
		return "the same: " + counted(uint64(same), "message")
	}
	parts := []string{counted(uint64(same), "message") + " the same"}
	for _, o := range []struct {
		outcome compare.Outcome
		what    string
	}{{compare.Differs, "different"}, {compare.OnlyLeft, "only in A"}, {compare.OnlyRight, "only in B"}, {compare.Moved, "moved"}} {
		if n := count[o.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o.what))
		}
	}
	if n := len(d.facts); n > 0 {
		parts = append(parts, counted(uint64(n), "difference")+" in handshake and end")
	}
	return strings.Join(parts, ", ")
}
