package detail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
)

// numbered is a text of n lines that say which they are.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// TestMove would catch movement by the wrong number of rows, beyond the ends, or
// away from them.
func TestMove(t *testing.T) {
	text := subject(frame.Server, frame.Text, numbered(100))
	tree := read(subject(frame.Server, frame.Text, "["+strings.TrimSuffix(strings.Repeat("7,", 50), ",")+"]"))
	type step struct {
		do   func(p *detail.Pane)
		want string // the first line, and the cursor's where there is one
	}
	first := func(p *detail.Pane) string {
		got := strings.TrimSpace(p.Lines()[0].String())
		if c := p.Cursor(); c >= 0 {
			got += " | " + strings.TrimSpace(p.Lines()[c].String())
		}
		return got
	}
	move := func(n int) func(p *detail.Pane) { return func(p *detail.Pane) { p.Move(n) } }
	page := func(n int) func(p *detail.Pane) { return func(p *detail.Pane) { p.Page(n) } }
	home, end := (*detail.Pane).Home, (*detail.Pane).End
	for _, test := range []struct {
		view  string
		s     detail.Subject
		steps []step
	}{
		{"text", text, []step{
			{move(-1), "line 0"}, {move(1), "line 1"}, {move(5), "line 6"}, {page(1), "line 15"}, {page(-1), "line 6"},
			{end, "line 90"}, {move(1), "line 90"}, {move(-1), "line 89"}, {page(1), "line 90"}, {home, "line 0"},
			{page(-3), "line 0"}, {page(1000), "line 90"}, {move(-1 << 40), "line 0"},
		}},
		{"hex", text, []step{
			{move(-1), "00000000  6c 69 6e 65 20 30 0a 6c  line 0.l"}, {move(2), "00000010  6e 65 20 32 0a 6c 69 6e  ne 2.lin"},
			{page(1), "00000058  6e 65 20 31 32 0a 6c 69  ne 12.li"}, {home, "00000000  6c 69 6e 65 20 30 0a 6c  line 0.l"},
			{end, "000002c8  6e 65 20 39 30 0a 6c 69  ne 90.li"}, {page(1), "000002c8  6e 65 20 39 30 0a 6c 69  ne 90.li"},
			{move(1 << 40), "000002c8  6e 65 20 39 30 0a 6c 69  ne 90.li"}, {move(-1 << 40), "00000000  6c 69 6e 65 20 30 0a 6c  line 0.l"},
		}},
		{"JSON", tree, []step{
			{move(-1), "▾ [50 items] | ▾ [50 items]"}, {move(1), "▾ [50 items] | 0: 7"}, {page(1), "0: 7 | 9: 7"}, {move(1), "1: 7 | 10: 7"},
			{end, "40: 7 | 49: 7"}, {move(1), "40: 7 | 49: 7"}, {page(-1), "40: 7 | 40: 7"}, {move(-1), "39: 7 | 39: 7"},
			{home, "▾ [50 items] | ▾ [50 items]"}, {move(1 << 40), "40: 7 | 49: 7"}, {move(-1 << 40), "▾ [50 items] | ▾ [50 items]"},
		}},
		{"header", text, []step{
			{move(-1), "message   #1,206 text from the server, 1 frame,"}, {move(2), "time      2026-11-21 10:02:11.433018 +00:00"}, {end, "FIN=1 RSV1=0 RSV2=0 RSV3=0 opcode=1 text"},
			{move(1 << 40), "FIN=1 RSV1=0 RSV2=0 RSV3=0 opcode=1 text"}, {home, "message   #1,206 text from the server, 1 frame,"},
		}},
	} {
		p := opened(t, test.s, 50, 10)
		if !p.SetView(test.view) {
			t.Fatalf("there is no %s", test.view)
		}
		for i, s := range test.steps {
			s.do(p)
			if got := first(p); got != s.want {
				t.Errorf("%s, step %d: %q, want %q", test.view, i, got, s.want)
			}
		}
	}
}

// TestResize would catch a place that is lost when the size changes.
func TestResize(t *testing.T) {
	p := opened(t, subject(frame.Server, frame.Text, strings.Repeat("0123456789", 100)+"\n"+numbered(100)), 80, 10)
	p.SetView("text")
	p.Move(5)
	p.Resize(40, 10)
	if got := p.Lines()[0].String(); got != strings.Repeat("0123456789", 4) {
		t.Errorf("the first row is %q", got)
	}
	p.Move(21)
	for _, size := range [][2]int{{10, 10}, {200, 3}, {1, 1}, {80, 10}} {
		p.Resize(size[0], size[1])
		if got, want := p.Lines()[0].String(), "line 6"; !strings.HasPrefix(want, got) {
			t.Errorf("at %v the first row is %q, want %q", size, got, want)
		}
	}
	p.Resize(80, 500)
	if got := len(p.Lines()); got != 500 {
		t.Errorf("%d lines, want 500", got)
	}
	if got := p.Lines()[0].String(); !strings.HasPrefix(got, "01234") {
		t.Errorf("with room for all the first row is %q", got)
	}

	p.SetView("hex")
	p.Resize(80, 10)
	p.Move(3)
	p.Resize(50, 10)
	if got := p.Lines()[0].String(); !strings.HasPrefix(got, "00000030") {
		t.Errorf("with eight bytes a row the first is %q", got)
	}
}

// TestSideways would catch rows that cannot be seen to their end.
func TestSideways(t *testing.T) {
	p := opened(t, subject(frame.Server, frame.Text, "short\n"+strings.Repeat("0123456789", 10)+"世界\n"), 20, 5)
	first := func() string { return p.Lines()[0].String() + "|" + p.Lines()[1].String() }
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { p.Sideways(8) }, "short|01234567890123456789"}, // wrapped
		{func() { p.Wrap(false) }, "short|01234567890123456789"},
		{func() { p.Sideways(8) }, "|89012345678901234567"},
		{func() { p.Sideways(-3) }, "|56789012345678901234"},
		{func() { p.Sideways(1 << 40) }, "|4567890123456789世界"},
		{func() { p.Sideways(-19) }, "|56789012345678901234"},
		{func() { p.Sideways(18) }, "|34567890123456789世"},
		{func() { p.Home() }, "short|01234567890123456789"},
		{func() { p.Sideways(-1 << 40) }, "short|01234567890123456789"},
	} {
		step.do()
		if got := first(); got != step.want {
			t.Errorf("step %d shows %q, want %q", i, got, step.want)
		}
	}
}

// TestViewKept would catch a view that changes under somebody who chose it, or that
// stays where there is a better one and nobody chose.
func TestViewKept(t *testing.T) {
	messages := map[string]detail.Subject{
		"json":   read(subject(frame.Server, frame.Text, `{"a":1}`)),
		"text":   read(subject(frame.Server, frame.Text, `plain`)),
		"binary": read(subject(frame.Server, frame.Binary, "\x00\xff\xc1")),
		"ping":   read(subject(frame.Server, frame.Ping, "")),
	}
	for _, test := range []struct{ steps, want string }{
		{"json", "JSON"}, {"text", "text"}, {"binary", "hex"}, {"ping", "text"},
		{"json ping json", "JSON"}, {"binary text json", "JSON"}, {"ping binary", "hex"},
		{"json >hex text json", "hex"}, {"json >text binary json", "text"},
		{"json >JSON binary json", "JSON"}, {"json >JSON binary", "hex"}, {"text >header json", "header"},
		{"json + +", "header"}, {"json + + +", "text"}, {"json - -", "header"}, {"text >JSON json >hex text", "hex"},
	} {
		p := new(detail.Pane)
		p.Resize(80, 10)
		for step := range strings.FieldsSeq(test.steps) {
			switch step[0] {
			case '>':
				p.SetView(step[1:])
			case '+':
				p.NextView()
			case '-':
				p.PreviousView()
			default:
				p.Show(opened(t, messages[step], 80, 10).Document())
			}
		}
		if got := p.View(); got != test.want {
			t.Errorf("%s shows %s, want %s", test.steps, got, test.want)
		}
	}
}

// TestNothing would catch a fault where there is nothing to look at.
func TestNothing(t *testing.T) {
	p := new(detail.Pane)
	for range 2 {
		p.Move(1)
		p.Page(-1)
		p.Home()
		p.End()
		p.Sideways(3)
		p.NextView()
		p.PreviousView()
		p.NextFound()
		p.ShowFound(nil)
		name, data := p.Value()
		if p.Toggle() || p.ToggleAll() || p.SetView("text") || p.Cursor() != -1 || p.Title() != nil || p.Tabs() != nil ||
			p.Finding() != "" || p.View() != "" || p.Views() != nil || name != "" || data != nil || p.Document() != nil {
			t.Error("nothing is something")
		}
		p.Resize(20, 3)
		if got := len(p.Lines()); got != 3 {
			t.Errorf("%d lines, want 3", got)
		}
		p.Show(nil)
	}
}

// TestManyFrames would catch frames that are left out without a word.
func TestManyFrames(t *testing.T) {
	s := subject(frame.Server, frame.Binary, strings.Repeat("x", 5000))
	one := s.Frames[0]
	one.Header.Length, one.Stored, one.Payload, one.Header.Opcode = 1, 1, []byte("x"), frame.Continuation
	for len(s.Frames) < 1000 {
		s.Frames = append(s.Frames, one)
	}
	s.Message.Frames = 5000
	p := opened(t, s, 80, 10)
	p.SetView("header")
	p.End()
	lines := p.Lines()
	if got := lines[9].String(); got != "… 4,000 more frames" {
		t.Errorf("the last line is %q", got)
	}
	if got := p.Title().String(); !strings.Contains(got, "5,000 frames") {
		t.Errorf("the title is %q", got)
	}
}
