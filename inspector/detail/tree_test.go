package detail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
)

// rows are the lines of a pane that hold something, the cursor's marked.
func rows(p *detail.Pane) string {
	text := screen(p)
	_, text, _ = strings.Cut(text, "\n")
	_, text, _ = strings.Cut(text, "\n")
	return text
}

func treeOf(t testing.TB, payload string, width, height int) *detail.Pane {
	t.Helper()
	p := opened(t, read(subject(frame.Server, frame.Text, payload)), width, height)
	if p.View() != "JSON" {
		t.Fatalf("%.40q is shown as %s", payload, p.View())
	}
	return p
}

// TestFold would catch folds that open or close something else, or lose the cursor.
func TestFold(t *testing.T) {
	p := treeOf(t, `{"a":{"b":{"c":[{"d":1,"x":{}}]}},"e":"f"}`, 80, 20)
	whole := strings.TrimPrefix(`
>▾ {2 members}
   ▾ "a": {1 member}
     ▾ "b": {1 member}
       ▾ "c": [1 item]
         ▾ 0: {2 members}
             "d": 1
             "x": {}
     "e": "f"`, "\n")
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { p.Toggle() }, ">▸ {\"a\": {\"b\": {…}}, \"e\": \"f\"}  2 members"},
		{func() { p.ToggleAll() }, whole},
		{func() { p.ToggleAll() }, ">▸ {\"a\": {\"b\": {…}}, \"e\": \"f\"}  2 members"},
		{func() { p.Sideways(8) }, " ▸"},
		{func() { p.ToggleAll() }, whole},
		{func() { p.Move(5); p.Sideways(-8) }, `>        ▾ 0: {2 members}`},
		{func() { p.Sideways(-8) }, `>        ▸ 0: {"d": 1, "x": {}}`},
		{func() { p.Sideways(-8) }, `>      ▾ "c": [1 item]`},
		{func() { p.Home(); p.Move(1); p.Toggle() }, `>  ▸ "a": {"b": {"c": […]}}  1 member`},
		{func() { p.Move(1); p.Toggle() }, `>    "e": "f"`},
	} {
		step.do()
		if got := rows(p); !strings.Contains(got, step.want) {
			t.Errorf("step %d shows\n%s\nwithout\n%s", i, got, step.want)
		}
	}
}

// TestValue would catch a path or value that is not the one under the cursor.
func TestValue(t *testing.T) {
	p := treeOf(t, `{"a":{"b c":[1,"two \u00e9",{"d":null}]},"big":12345678901234567890.10}`, 80, 30)
	p.ToggleAll()
	for i, want := range []string{
		`payload={"a":{"b c":[1,"two \u00e9",{"d":null}]},"big":12345678901234567890.10}`, `a={"b c":[1,"two \u00e9",{"d":null}]}`,
		`a.b c=[1,"two \u00e9",{"d":null}]`, `a.b c[0]=1`, `a.b c[1]=two é`, `a.b c[2]={"d":null}`, `a.b c[2].d=null`, `big=12345678901234567890.10`,
	} {
		name, data := p.Value()
		if got := name + "=" + string(data); got != want {
			t.Errorf("row %d is %s, want %s", i, got, want)
		}
		p.Move(1)
	}
	p.SetView("hex")
	if name, data := p.Value(); name != "payload" || len(data) != len(p.Document().Message().Payload) {
		t.Errorf("in hex the value is %s of %d bytes", name, len(data))
	}
}

// TestRanges would catch values of a large array that cannot be reached, or are
// counted wrong.
func TestRanges(t *testing.T) {
	for _, n := range []int{1, 99, 100, 101, 199, 9_999, 10_000, 10_001, 25_001} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ",%d", i)
		}
		p := treeOf(t, "["+b.String()[1:]+"]", 80, 10)
		p.End()
		for range 5 {
			p.Sideways(8)
			p.End()
		}
		_, data := p.Value()
		if got, want := rows(p), fmt.Sprintf("%d: %d", n-1, n-1); string(data) != fmt.Sprint(n-1) || !strings.HasSuffix(got, want) {
			t.Errorf("of %d values the last is %s in\n%s", n, data, got)
		}
		p.Home()
		p.Move(10)
		find(t, p, fmt.Sprintf("/\\b%d\\b/", n/2))
		if _, data := p.Value(); string(data) != fmt.Sprint(n/2) {
			t.Errorf("of %d values the search for %d goes to %s", n, n/2, data)
		}
	}
}

// TestUnfoldAllIsBounded would catch a key that takes minutes.
func TestUnfoldAllIsBounded(t *testing.T) {
	p := treeOf(t, "["+strings.Repeat(`{"a":{"b":{"c":1}}},`, 50_000)+"1]", 80, 10)
	p.ToggleAll()
	p.End()
	rows := 0
	for p.Home(); ; rows++ {
		before, _ := p.Value()
		at := p.Cursor()
		p.Move(1)
		if after, _ := p.Value(); after == before && p.Cursor() == at {
			break
		}
	}
	if rows > 12_000 {
		t.Errorf("%d rows are unfolded", rows)
	}
}

// TestLongText would catch text of a value that cannot be seen whole.
func TestLongText(t *testing.T) {
	words := strings.Repeat("all is well, ", 3000)
	p := treeOf(t, `{"long":"`+words+`","lines":"a\nb\nc"}`, 60, 20)
	p.Move(1)
	p.Toggle()
	shown := ""
	for i := 0; i < 3000; i++ {
		p.Move(1)
		row := strings.TrimSpace(p.Lines()[p.Cursor()].String())
		if row == "▸ … more" {
			p.Toggle()
			row = strings.TrimSpace(p.Lines()[p.Cursor()].String())
		}
		if strings.HasPrefix(row, `▸ "lines"`) {
			break
		}
		shown += row
	}
	if got, want := strings.ReplaceAll(shown, " ", ""), strings.ReplaceAll(words, " ", ""); got != want {
		t.Errorf("%d characters are shown of %d", len(got), len(want))
	}
	p.Toggle()
	if got := rows(p); !strings.HasSuffix(got, "\n       a\n       b\n       c") {
		t.Errorf("lines are shown as\n%s", got)
	}
	p.Resize(40, 20)
	if got := rows(p); strings.Contains(got, "\n       a\n") || !strings.Contains(got, `>  ▸ "lines"`) {
		t.Errorf("at another width there is\n%s", got)
	}
}
