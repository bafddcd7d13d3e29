package inspector

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

const twoRules = `rules:
  - name: no ads
    when: json.type == "ad"
    drop: true

  - name: slow
    from: server
    delay: 200ms
`

// ruled is a tap with two rules in force.
func ruled(p *tap) *tap {
	p.book = RuleBook{Source: "/home/me/rules.yaml", Text: twoRules, Rules: []Rule{
		{Name: "no ads", When: `json.type == "ad"`, Does: "drop", Line: 2, On: true, Hits: 12},
		{Name: "slow", From: "server", Does: "delay by 200ms", Line: 6, Hits: 3, Most: 10},
	}}
	return p
}

// scripted is the editor of a user who does the same each time: it replaces what
// is in the file.
func scripted(t *testing.T, edit func(text string) string) func(path string) error {
	return func(path string) error {
		old, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return os.WriteFile(path, []byte(edit(string(old))), 0o600)
	}
}

// TestRules would catch a rule that is not shown, a switch that switches another
// one, and an edit that is put in force wrongly or not at all.
func TestRules(t *testing.T) {
	_, p, o := live(t)
	ruled(p)
	o.Editor = scripted(t, func(text string) string { return strings.ReplaceAll(text, "slow", "slower") })
	r := use(t, o, 100, 30)
	r.see("connections 4")
	r.press("7")
	r.see("rules 2", "from /home/me/rules.yaml", "no ads", "12", "3/10", "delay by 200ms", `json.type == "ad"`, "everything",
		"no file is written here", "rule  line 2", "drop: true")
	r.press("j", "space")
	r.see("rule slow is on", "rule  line 6", "delay: 200ms")
	r.press("space")
	r.see("rule slow is off")
	r.press("e")
	r.see("the rules are in force; no file was written", "slower")
	if want := strings.ReplaceAll(twoRules, "slow", "slower"); p.book.Text != want {
		t.Errorf("the rules are\n%s\nwant\n%s", p.book.Text, want)
	}
	p.mu.Lock()
	p.book.Error = "rules.yaml:3:5: \x1b[31mdropp is no action"
	p.mu.Unlock()
	r.see(`! not in force: rules.yaml:3:5: \x1b[31mdropp is no action`)
	p.mu.Lock()
	p.err = errors.New("the proxy is gone")
	p.mu.Unlock()
	r.see("the proxy is gone", "rules 0")
}

// TestWrongRules would catch a text that is lost because it was refused, and one
// that takes the place of what is in force.
func TestWrongRules(t *testing.T) {
	_, p, o := live(t)
	ruled(p)
	edits := []string{"rules: wrong\n", "rules: still wrong\n", "rules:\n- name: right\n"}
	var seen []string
	o.Editor = scripted(t, func(text string) string {
		next := edits[len(seen)]
		seen = append(seen, text)
		return next
	})
	r := use(t, o, 100, 30)
	r.see("connections 4")
	r.press("7")
	r.see("rules 2")
	r.press("e")
	r.see("rules.yaml:1:3: wrong is no action: e edits again  esc keeps the text")
	r.press("e")
	r.see("rules.yaml:1:3: wrong is no action: e edits again  esc keeps the text")
	r.press("esc")
	r.see("rules 2", "no ads")
	r.press("e")
	r.see("edit: t the text that was refused  r the rules in force")
	r.press("t")
	r.see("the rules are in force", "rules 1", "right")
	if want := []string{twoRules, edits[0], edits[1]}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("the editor was given %q, want %q", seen, want)
	}
}

// TestNewRule would catch a new rule that is not for the message that was selected,
// and one that takes the others with it.
func TestNewRule(t *testing.T) {
	_, p, o := live(t)
	ruled(p)
	var given string
	o.Editor = scripted(t, func(text string) string {
		given = text
		return text + "# done\n"
	})
	r := use(t, o, 100, 30)
	r.see("connections 4")
	r.press("G", "up", "enter", "g")
	r.see("subscribe")
	r.press("7")
	r.see("rules 2")
	r.press("n")
	r.see("the rules are in force")
	want := twoRules + "  - name: new rule\n    when: 'json.op == \"subscribe\"'\n    from: client\n    drop: true #"
	if !strings.HasPrefix(given, want) {
		t.Errorf("the editor was given\n%s\nwant\n%s…", given, want)
	}
	r.press("esc")
	r.see("#2 ws://mixed.example/")
}

// TestLikeness would catch a filter that does not match the message it was made
// for, or is none.
func TestLikeness(t *testing.T) {
	for _, test := range []struct{ payload, want string }{
		{`{"type":"ad","op":"x"}`, `json.type == "ad"`},
		{`{"event":"it's \"me\""}`, `json.event == "it's \"me\""`},
		{`{"type":7,"op":"x"}`, `json.op == "x"`},
		{`{"id":7}`, `text startsWith "{\"id\":7}"`},
		{"hello there", `text startsWith "hello there"`},
		{"\x1b[31m", `type == "text"`}, {"", `type == "text"`}, {"a\nb", `type == "text"`},
	} {
		m := frame.Message{Conn: 1, Type: frame.Text, Payload: []byte(test.payload), Size: uint64(len(test.payload))}
		got := likeness(&m)
		f, err := filter.ParseMessages(got)
		if got != test.want || err != nil || !f.Match(&m, &frame.Connection{ID: 1}) {
			t.Errorf("%q is like %s (%v), want %s", test.payload, got, err, test.want)
		}
	}
	m := frame.Message{Conn: 1, Type: frame.Binary, Payload: []byte{0, 1}, Size: 2}
	if got := likeness(&m); got != `type == "binary"` {
		t.Errorf("a binary message is like %s", got)
	}
	if got := likeness(nil); got != "size > 0" {
		t.Errorf("no message is like %s", got)
	}
}

// FuzzLikeness would catch a payload that makes a filter that is none or spans
// lines.
func FuzzLikeness(f *testing.F) {
	f.Add([]byte(`{"type":"a\u2028b"}`))
	f.Add([]byte("it's\n"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := frame.Message{Conn: 1, Type: frame.Text, Payload: payload, Size: uint64(len(payload))}
		got := likeness(&m)
		if parsed, err := filter.ParseMessages(got); err != nil || !parsed.Match(&m, &frame.Connection{ID: 1}) || strings.ContainsAny(got, "\n\r") {
			t.Errorf("%q is like %q (%v)", payload, got, err)
		}
	})
}

// TestRuleRow would catch columns out of line and captured text, or that of a file,
// that is not made harmless.
func TestRuleRow(t *testing.T) {
	all := append(ruled(newTap()).book.Rules, Rule{Name: "evil \x1b[31m\u202e", When: "\x1b]0;x\a", From: "client", Does: "replace \x9b by \x07", On: true, Hits: 12_345_678, Most: 99_999_999})
	for _, width := range []int{158, 98, 78, 58, 38} {
		lines := []draw.Line{ruleHead(width)}
		for i := range all {
			lines = append(lines, ruleRow(&all[i], width))
		}
		fit(t, lines, width)
		golden(t, fmt.Sprintf("rules-%d", width), lines)
	}
}

// TestRuleSource would catch a rule shown with the lines of another, and lines that
// a book of another time names and that are not there.
func TestRuleSource(t *testing.T) {
	b := RuleBook{Text: twoRules, Rules: []Rule{{Line: 2}, {Line: 6}}}
	if got, want := ruleSource(&b, 0), "  - name: no ads\n    when: json.type == \"ad\"\n    drop: true\n"; got != want {
		t.Errorf("the first rule is %q, want %q", got, want)
	}
	if got, want := ruleSource(&b, 1), "  - name: slow\n    from: server\n    delay: 200ms\n"; got != want {
		t.Errorf("the second rule is %q, want %q", got, want)
	}
	for _, lines := range [][2]int{{0, 0}, {90, 91}, {6, 2}, {-3, 1 << 40}} {
		b.Rules[0].Line, b.Rules[1].Line = lines[0], lines[1]
		_, _ = ruleText(&b, 0), ruleText(&b, 1)
	}
}

// TestRulesSizes draws the rules at the sizes terminals have.
func TestRulesSizes(t *testing.T) {
	_, p, o := live(t)
	ruled(p).book.Error = "rules.yaml:3:5: dropp is no action"
	r := use(t, o, 100, 30)
	r.see("connections 4")
	r.press("7")
	r.see("rules 2")
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {39, 9}} {
		r.resize(size[0], size[1])
		goldenText(t, fmt.Sprintf("ruleset-%dx%d", size[0], size[1]), r.shown())
	}
	r.resize(60, 16)
	r.press("enter")
	r.see("drop: true")
}
