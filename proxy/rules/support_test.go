package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// parse makes a set of a text, or of rules when it does not say "rules:".
func parse(t testing.TB, text string) *Set {
	t.Helper()
	if !strings.Contains(text, "rules:") {
		text = "seed: 1\nrules:\n- " + text
	}
	s, err := Parse("my.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return s
}

func connection(id uint64) *frame.Connection {
	return &frame.Connection{
		ID: id, URL: "wss://api.example.com/v1/feed?k=1", Client: "127.0.0.1:5000", Start: noon,
		Request: []frame.Field{{Name: "Origin", Value: "https://example.com"}, {Name: "User-Agent", Value: "test"}},
	}
}

func text(from frame.Side, payload string) *frame.Message {
	return &frame.Message{Conn: 1, Time: noon, From: from, Type: frame.Text, Payload: []byte(payload), Size: uint64(len(payload)), Frames: 1}
}

func binary(from frame.Side, payload string) *frame.Message {
	m := text(from, payload)
	m.Type = frame.Binary
	return m
}

// say writes an outcome in one line.
func say(o Outcome) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if o.Drop {
		add("drop")
	}
	if o.Silence {
		add("silence")
	}
	if o.Edited {
		add("edited %q", o.Payload)
	}
	if o.Delay > 0 {
		add("delay %v", o.Delay)
	}
	if o.Copies > 0 {
		add("copies %d", o.Copies)
	}
	if o.Behind > 0 {
		add("behind %d", o.Behind)
	}
	if o.Fragments > 0 {
		add("fragments %d", o.Fragments)
	}
	for _, a := range o.Answers {
		add("answer %v %q", a.Type, a.Payload)
	}
	if o.End != nil {
		add("%s", sayEnd(o.End))
	}
	if len(o.Acted) > 0 {
		add("by %s", strings.Join(o.Acted, ", "))
	}
	if len(parts) == 0 {
		return "pass"
	}
	return strings.Join(parts, "; ")
}

func sayEnd(e *Ending) string {
	if e == nil {
		return "-"
	}
	if e.Reset {
		return "reset"
	}
	return fmt.Sprintf("close %d %q", e.Code, e.Reason)
}
