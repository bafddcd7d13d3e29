package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// TestParseDecision catches a line of stdin that decides something else than it
// says, or that is not refused although it says nothing clear.
func TestParseDecision(t *testing.T) {
	edit := func(id uint64, payload string, kind frame.Opcode) decision {
		return decision{ids: []uint64{id}, Verdict: proxy.Verdict{Action: proxy.Edit, Payload: []byte(payload), Type: kind}}
	}
	of := func(a proxy.Action, ids ...uint64) decision {
		return decision{ids: ids, Verdict: proxy.Verdict{Action: a}}
	}
	all := func(a proxy.Action) decision { return decision{all: true, Verdict: proxy.Verdict{Action: a}} }
	tests := []struct {
		line  string
		want  decision
		wrong string // in the error
	}{
		{line: `release 7`, want: of(proxy.Release, 7)},
		{line: "  drop  7 8\t9 \r", want: of(proxy.Drop, 7, 8, 9)},
		{line: "release all", want: all(proxy.Release)},
		{line: "drop all\r", want: all(proxy.Drop)},
		{line: "edit 7  two blanks, kept \r", want: edit(7, " two blanks, kept \r", 0)},
		{line: "edit 7 ", want: edit(7, "", 0)},
		{line: `edit 7 {"id":8,"action":"drop"}`, want: edit(7, `{"id":8,"action":"drop"}`, 0)},
		{line: `{"id":7,"action":"release"}`, want: of(proxy.Release, 7)},
		{line: ` {"ids":[7,8],"action":"drop"} `, want: of(proxy.Drop, 7, 8)},
		{line: `{"all":true,"action":"drop"}`, want: all(proxy.Drop)},
		{line: `{"id":7,"action":"edit","text":"é\n"}`, want: edit(7, "é\n", 0)},
		{line: `{"id":7,"action":"edit","text":""}`, want: edit(7, "", 0)},
		{line: `{"id":7,"action":"edit","base64":"AAH-_w","type":"binary"}`, want: edit(7, "\x00\x01\xfe\xff", frame.Binary)},
		{line: `{"id":7,"action":"edit","base64":""}`, want: edit(7, "", 0)},

		{line: `release`, wrong: "give an id"},
		{line: `release seven`, wrong: `"seven" is no id`},
		{line: `release -1`, wrong: `"-1" is no id`},
		{line: `release 7 all`, wrong: "give an id, several, or all"},
		{line: `forward 7`, wrong: `action "forward" is none`},
		{line: `7`, wrong: `action "7" is none`},
		{line: `edit 7`, wrong: "an edit needs an id and a text"},
		{line: `edit all text`, wrong: "an edit is for one id"},
		{line: `{"id":7}`, wrong: `action "" is none`},
		{line: `{"id":7,"action":"edit"}`, wrong: "an edit needs text or base64"},
		{line: `{"ids":[7,8],"action":"edit","text":"x"}`, wrong: "an edit is for one id"},
		{line: `{"id":7,"action":"edit","text":"x","base64":"eA"}`, wrong: "both text and base64"},
		{line: `{"id":7,"action":"edit","base64":"%"}`, wrong: "there is no base64 at byte 1"},
		{line: `{"id":7,"action":"edit","text":"x","type":"ping"}`, wrong: `type "ping" is neither`},
		{line: `{"id":7,"action":"drop","text":"x"}`, wrong: "drop takes no text"},
		{line: `{"id":7,"action":"drop","type":"text"}`, wrong: "drop takes no text"},
		{line: `{"id":7,"all":true,"action":"drop"}`, wrong: "give an id, several, or all"},
		{line: `{"id":7,"action":"drop","reason":"x"}`, wrong: `unknown field "reason"`},
		{line: `{"id":7,"action":"drop"} {}`, wrong: "something behind the object"},
		{line: `{"id":7,"action":"drop"`, wrong: "EOF"},
		{line: `{"id":"7","action":"drop"}`, wrong: "cannot unmarshal"},
	}
	for _, test := range tests {
		got, err := parseDecision([]byte(test.line))
		switch {
		case test.wrong != "":
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%q: got %+v, %v, want an error with %q", test.line, got, err, test.wrong)
			}
		case err != nil || !reflect.DeepEqual(got, test.want):
			t.Errorf("%q: got %+v, %v, want %+v", test.line, got, err, test.want)
		}
	}
}

// FuzzParseDecision catches a line that makes a verdict the recorder refuses, or
// a panic.
func FuzzParseDecision(f *testing.F) {
	for _, line := range []string{"release 7", "edit 7 x", "drop all", `{"id":7,"action":"edit","text":"x"}`, "{", "edit  7"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		d, err := parseDecision(line)
		if err != nil {
			return
		}
		if d.all == (len(d.ids) > 0) {
			t.Errorf("%q decides about all (%v) and about %v", line, d.all, d.ids)
		}
		if (d.Action == proxy.Edit) != (d.Payload != nil) || d.Type != 0 && !d.Type.Data() {
			t.Errorf("%q makes the verdict %+v", line, d.Verdict)
		}
	})
}
