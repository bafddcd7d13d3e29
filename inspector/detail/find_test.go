package detail_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/draw"
)

// marked returns the texts of l in the styles of matches, the current one in
// brackets.
func marked(lines []draw.Line) (texts []string) {
	for _, l := range lines {
		for _, s := range l {
			switch s.Style {
			case draw.Match:
				texts = append(texts, s.Text)
			case draw.Here:
				texts = append(texts, "["+s.Text+"]")
			}
		}
	}
	return texts
}

func find(t testing.TB, p *detail.Pane, query string) {
	t.Helper()
	f, err := p.Document().Find(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	p.ShowFound(f)
}

// TestFind would catch queries that are read otherwise than documented, and marks
// at the wrong place.
func TestFind(t *testing.T) {
	for _, test := range []struct{ text, query, want string }{
		{"one ONE oNe", "one", "[one] ONE oNe"},
		{"one two", "two", "[two]"},
		{"aaaa", "aa", "[aa] aa"},
		{"GRÖSSE größe GRÖẞE", "größe", "[größe] GRÖẞE"},
		{"K\u212a", "k", "[K]"}, // the Kelvin sign is no letter of ASCII
		{"\u212aö kö", "KÖ", "[kö]"},
		{`a "b" c`, `"\"b\""`, `["b"]`},
		{"a\nb", `"a"`, "[a]"},
		{"x\x00\xff\x01", `b"\xff\x01"`, `[\xff\x01]`},
		{"tab\there", `"\t"`, `[\t]`},
		{"a1 b22 c333", `/[0-9]{2,}/`, "[22] 333"},
		{"One one", `/ONE/i`, "[One] one"},
		{"ab\nab", `/^ab$/`, "[ab] ab"},
		{"nothing", "x*y", ""},
		{"aXb", "/x*/i", "[X]"},
		{"/api/v1", "/api/v1", "[/api/v1]"},
		{"e\u0301a", "e", "[e\u0301]"},
	} {
		p := opened(t, subject(frame.Server, frame.Text, test.text), 80, 10)
		p.SetView("text")
		find(t, p, test.query)
		if got := strings.Join(marked(p.Lines()), " "); got != test.want {
			t.Errorf("%s in %q marks %s, want %s", test.query, test.text, got, test.want)
		}
	}
	for _, query := range []string{"", "/(/", "/a{2000}/", `b"\q"`, strings.Repeat("x", detail.MaxSought+1)} {
		p := opened(t, subject(frame.Server, frame.Text, "text"), 80, 10)
		if _, err := p.Document().Find(context.Background(), query); err == nil {
			t.Errorf("%.20q is no error", query)
		}
	}
}

// TestFindAcrossWindows would catch matches that are lost, or found twice, where one
// part of a large payload ends and the next begins.
func TestFindAcrossWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const edge = 1 << 20
	const size = edge + 20_000
	text := []byte(strings.Repeat(".", size))
	for range 2000 {
		copy(text[r.IntN(size-40):], "ÄneedleÄ")
	}
	copy(text[edge-4:], "ÄneedleÄ")
	run := []byte(strings.Repeat(".", size))
	copy(run[edge-200:], strings.Repeat("#", 400))
	for query, same := range map[string]string{
		"/#{3}/":         "#{3}",
		"/^#/":           "^#",
		"NEEDLE":         "needle",
		"äneedle":        "Äneedle",
		`b"needle"`:      "needle",
		`/\bneedle\b/`:   `\bneedle\b`,
		`/[^.]+/`:        `[^.]+`,
		`/dle(...)?/`:    `dle(...)?`,
		"/^[.]/":         "^[.]",
		`/n?/`:           `n?`,
		`/\.{9}[^x]{5}/`: `\.{9}[^x]{5}`,
	} {
		text := text
		if strings.Contains(query, "#") {
			text = run
		}
		p := opened(t, subject(frame.Server, frame.Text, string(text)), 80, 10)
		f, err := p.Document().Find(context.Background(), query)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, m := range regexp.MustCompile("(?m)"+same).FindAllIndex(text, -1) {
			if m[1] > m[0] {
				want++
			}
		}
		if n, more := f.Count(); n != min(want, detail.MaxFound) || more != (want > detail.MaxFound) {
			t.Errorf("%s finds %d, want %d", query, n, want)
		}
	}
}

// here reports whether the current match is in sight.
func here(p *detail.Pane) bool {
	return slices.ContainsFunc(marked(p.Lines()), func(s string) bool { return s[0] == '[' })
}

// TestFindNext would catch a match that is not brought into sight, and counts that
// do not fit.
func TestFindNext(t *testing.T) {
	text := strings.Repeat(strings.Repeat("-", 300)+"here\n", 40)
	s := read(subject(frame.Server, frame.Text, `{"text":[`+strings.Repeat(`"`+strings.Repeat("-", 70)+`",`, 500)+`"here"],"Here":1}`))
	for _, test := range []struct {
		view string
		s    detail.Subject
		wrap bool
	}{
		{"text", subject(frame.Server, frame.Text, text), true},
		{"text", subject(frame.Server, frame.Text, text), false},
		{"hex", subject(frame.Server, frame.Text, text), true},
		{"JSON", s, true},
	} {
		p := opened(t, test.s, 90, 10)
		p.SetView(test.view)
		p.Wrap(test.wrap)
		find(t, p, "here")
		n := 2
		if test.view != "JSON" {
			n = 40
		}
		for i := range 2*n + 1 {
			want := fmt.Sprintf("%d of %d", i%n+1, n)
			if got := p.Finding(); got != want || !here(p) {
				t.Fatalf("%s, wrapped %v: %q is %q in\n%s", test.view, test.wrap, want, got, screen(p))
			}
			p.NextFound()
		}
		p.PreviousFound()
		p.PreviousFound()
		if !here(p) {
			t.Errorf("%s: going back shows\n%s", test.view, screen(p))
		}
	}

	p := opened(t, subject(frame.Client, frame.Ping, "find me"), 90, 20)
	p.SetView("header")
	find(t, p, "me")
	if got := p.View(); got != "hex" {
		t.Errorf("a match in header is shown in %s", got)
	}
	find(t, p, "nowhere")
	if got := p.Finding(); got != "not found" {
		t.Errorf("what is not there is %q", got)
	}
	p.NextFound()
	old, _ := p.Document().Find(context.Background(), "me")
	p.Show(opened(t, subject(frame.Client, frame.Ping, "another"), 90, 20).Document())
	p.ShowFound(old)
	if got := p.Finding(); got != "" {
		t.Errorf("what was found in another message is %q", got)
	}
}

// TestCancelled would catch work that goes on when nobody waits for it.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := read(subject(frame.Server, frame.Text, `[`+strings.Repeat(`{"a":[1,2,3]},`, 200_000)+`1]`))
	d, err := detail.Prepare(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := d.Find(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled search ends with %v", err)
	}
	if _, err := detail.Prepare(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled preparation ends with %v", err)
	}
}
