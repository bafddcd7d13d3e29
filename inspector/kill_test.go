package inspector

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// TestKill would catch a connection that is ended without a question or otherwise
// than was asked for, and one that is said to be ended and is not.
func TestKill(t *testing.T) {
	rec, err := store.Create(filepath.Join(t.TempDir(), "live.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reader := rec.Reader()
	defer func() {
		reader.Close()
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	}()
	p := newTap()
	c := &capture{Reader: reader, Interventions: p, dir: t.TempDir(), marks: make(map[place]Mark)}
	on := open(t, rec, frame.Connection{URL: "ws://live.example/"})
	on.text(frame.Server, "hello")
	over := open(t, rec, frame.Connection{URL: "ws://over.example/"})
	over.text(frame.Server, "hello")
	over.end(frame.ByClient, frame.ByFIN)
	if err := rec.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := use(t, options(c), 100, 30)
	r.see("ws://live.example/", "ws://over.example/", "(1 open)")
	r.press("g", "K")
	r.see("connection #2 is not under way: it is closed")
	r.press("G", "K")
	r.see("end connection #1: c with a close frame  r with a TCP reset")
	r.press("esc", "K", "r")
	r.see("end connection #1 with a TCP reset? y/n")
	r.press("n")
	if len(p.killed) != 0 {
		t.Errorf("without a yes %q were ended", p.killed)
	}
	r.press("K", "r", "y")
	r.see("connection #1 was ended with a TCP reset")
	r.press("enter", "K", "c")
	r.see("close code and reason: 1001", "close 1001 going away")
	r.press(" so long", "enter")
	r.see(`end connection #1 with close 1001 going away, "so long"? y/n`)
	r.press("y")
	r.see("was ended with close 1001")
	r.press(":", "kill 2", "enter")
	r.see("connection #2 is not under way: it is closed")
	r.press(":", "kill #1", "enter")
	r.see("end connection #1:")
	r.press("c", "x", "enter")
	r.see("1001x is no code from 1000 to 4999")
	r.press("backspace", "backspace", "5")
	r.see("illegal: close 1005")
	p.mu.Lock()
	p.err = errors.New("connection is not under way")
	p.mu.Unlock()
	r.press("enter", "y")
	r.see("connection #1: connection is not under way")
	r.press("K", "r")
	r.see("y/n")
	on.end(frame.ByClient, frame.ByReset)
	if err := rec.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.press("y")
	r.see("connection #1 is not under way: it is closed")
	want := []string{`1 reset=true 0 ""`, `1 reset=false 1001 "so long"`, `1 reset=false 1005 ""`}
	if !slices.Equal(p.killed, want) {
		t.Errorf("the endings are %q, want %q", p.killed, want)
	}
}

// TestEnding would catch a code or reason that no close frame can have.
func TestEnding(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  Ending
		fault string
	}{
		{"", Ending{}, ""},
		{" 1000 ", Ending{Code: 1000}, ""},
		{"4999  bye  now", Ending{Code: 4999, Reason: "bye  now"}, ""},
		{"999", Ending{}, "no code"},
		{"5000 x", Ending{}, "no code"},
		{"99999999", Ending{}, "no code"},
		{"going", Ending{}, "no code"},
		{"1000 " + strings.Repeat("x", 124), Ending{}, "124 bytes"},
		{"1000 \xff", Ending{}, "UTF-8"},
	} {
		got, fault := parseEnding(test.text)
		if (fault != "") != (test.fault != "") || !strings.Contains(fault, test.fault) || fault == "" && got != test.want {
			t.Errorf("%q is %+v, %q; want %+v, %q", test.text, got, fault, test.want, test.fault)
		}
	}
}
