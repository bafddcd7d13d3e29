package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// row is a selected row of the inspector as tcell writes it: at a place, reversed.
func row(y int, text string) string {
	return fmt.Sprintf("\x1b[%d;1H\x1b(B\x1b[m│\x1b(B\x1b[m\x1b[7m%-198s\x1b(B\x1b[m│", y, text)
}

// Catches a frame that is taken for complete before it is, cells that are read
// elsewhere than a terminal shows them, and a row that is selected no longer.
func TestDisplay(t *testing.T) {
	var d display
	frames := 0
	write := func(s string) {
		// As it comes from a terminal, in parts that end anywhere.
		for part := range slices.Chunk([]byte(s), 7) {
			d.write(part, func() { frames++ })
		}
	}
	write("\x1b[?1049h\x1b[2J\x1b[?2026h\x1b[1;1H\x1b[7m the bar is reversed too" + strings.Repeat(" ", 177) + "\x1b[m\x1b[2;1H┌─ messages 2 / 3,000  filter: x ─ FOLLOW ┐")
	write(row(4, " 1,234,567  01:02:03.004  +0ns  →  text  100  {\"ev\":\"T\"}"))
	if frames != 0 {
		t.Error("a frame is complete before its end")
	}
	write("\x1b[?2026l")
	if frames != 1 || selectedNumber(&d) != 1_234_567 || !strings.Contains(title(&d), "messages 2 / 3,000") {
		t.Errorf("%d frames, number %d, title %q", frames, selectedNumber(&d), title(&d))
	}
	if n, ok := counted(&d); !ok || n != 3000 {
		t.Errorf("counted %d, %v", n, ok)
	}
	at := time.Date(2026, 3, 4, 1, 2, 3, 54_000_000, time.UTC)
	if age, ok := selectedAge(&d, at); !ok || age != 50*time.Millisecond {
		t.Errorf("age %v, %v", age, ok)
	}
	// The row below is selected instead, of which only what differs is written.
	write("\x1b[?2026h\x1b[4;2H\x1b[m" + strings.Repeat(" ", 198) + row(5, " 9") + "\x1b[2;12H99+ (41%)  filter: x\x1b[?2026l")
	if _, ok := counted(&d); ok || frames != 2 || selectedNumber(&d) != 9 {
		t.Errorf("%d frames, number %d, title %q", frames, selectedNumber(&d), title(&d))
	}
	write("\x1b[?2026h\x1b[2;12Hof 3,000 frames  filter: x\x1b[?2026l")
	if n, ok := counted(&d); ok {
		t.Errorf("the number of frames is taken for that of matches, %d", n)
	}
	if _, ok := selectedAge(&d, at); ok {
		t.Error("a row without a time has an age")
	}
	write("\x1b[2J")
	if selectedNumber(&d) != 0 || d.selected() != "" {
		t.Errorf("an empty display has %q selected", d.selected())
	}
}

// Catches an age across midnight that is a day.
func TestSelectedAge(t *testing.T) {
	var d display
	d.write([]byte(row(4, "1  23:59:59.990")), nil)
	midnight := time.Date(2026, 3, 4, 0, 0, 0, 20_000_000, time.FixedZone("", 0))
	if age, ok := selectedAge(&d, midnight); !ok || age != 30*time.Millisecond {
		t.Errorf("age %v, %v", age, ok)
	}
}

// Catches a search for what another message has, or many.
func TestIdentifier(t *testing.T) {
	supply := newTraffic(frame.Client, 100)
	for _, index := range []int{0, 1, supply.perWrite, 999} {
		id, found := identifier(supply, index), []int(nil)
		for i := range 5000 {
			wire := supply.writes[i/supply.perWrite][i%supply.perWrite*supply.wire:][:supply.wire]
			h, n := frame.Parse(wire)
			text := slices.Clone(wire[n:])
			frame.Mask(text, h.Mask, 0)
			if !json.Valid(text) {
				t.Fatalf("message %d is %q", i, text)
			}
			if strings.Contains(string(text), id) {
				found = append(found, i)
			}
		}
		if len(found) != 1 || found[0] != index {
			t.Errorf("%s is in %v, want %d", id, found, index)
		}
	}
}

// Catches a number of the inspector that is missed and reported as held, and the
// reverse.
func TestInspectorTargets(t *testing.T) {
	r := &results{extent: extent{capture: 1e7}}
	r.look = []lookReading{
		{connections: 1, frames: 1e7, first: 99 * time.Millisecond, keys: []keyReading{{name: "page up"}}},
		{connections: 1000, frames: 1e7, first: 101 * time.Millisecond, keys: []keyReading{{name: "page up"}}, searches: []searchReading{{what: "words"}}},
	}
	r.live = []liveReading{
		{rate: 30, p50: 14 * time.Millisecond},
		{rate: 30, p50: 16 * time.Millisecond},
		{rate: 31, p50: 14 * time.Millisecond},
	}
	doc := &report{results: r}
	var held []bool
	for _, target := range doc.inspectorTargets() {
		held = append(held, target.held)
	}
	if want := []bool{true, false, true, false, false}; !slices.Equal(held, want) {
		t.Errorf("held %v, want %v", held, want)
	}
	doc.inspecting()
	for line := range strings.Lines(doc.String()) {
		if cells := strings.Count(line, " | "); strings.HasPrefix(line, "| 10 M frames, 1000 connections | 101") && (cells != 5 || !strings.Contains(line, "not in 1m0s")) {
			t.Errorf("the row of a capture is %q", line)
		}
	}
}
