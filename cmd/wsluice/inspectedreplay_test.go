package main

import (
	"testing"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/inspector"
)

// TestInspectedReplay would catch a replay from the inspector that is not judged, not
// recorded, or that takes the capture away from the inspector.
func TestInspectedReplay(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	reader, err := control.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	acts := intervene(path)
	defer acts.close()
	c := inspected{reader, acts}
	play := func(o inspector.ReplayOrder) (map[inspector.ReplayOutcome]int, inspector.ReplayEnd) {
		t.Helper()
		counts := make(map[inspector.ReplayOutcome]int)
		end, err := c.Replay(t.Context(), o, func(e inspector.ReplayEvent) {
			if counts[e.Outcome]++; e.Outcome == inspector.ReplayDiffers && (len(e.Changes) != 1 || e.Changes[0].Path != "$.price" || *e.Changes[0].Right != "120") {
				t.Errorf("the changes are %+v", e.Changes)
			}
			if _, err := c.Conns(t.Context(), 0, 1); err != nil {
				t.Errorf("the capture cannot be read meanwhile: %v", err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return counts, end
	}
	counts, end := play(inspector.ReplayOrder{Conn: 1, Pace: "reactive", Ignore: []string{"$.session"}})
	if !end.Passed || end.Conn != 2 || counts[inspector.ReplaySent] != 3 || counts[inspector.ReplaySame] != 3 || counts[inspector.ReplayUsed] != 1 {
		t.Errorf("the replay went %+v, with %v", end, counts)
	}
	s.price.Store(120)
	counts, end = play(inspector.ReplayOrder{Conn: 1, Pace: "10x", URL: "ws" + s.URL[len("http"):] + "/prices?of=all", Ignore: []string{"$.session"}})
	if end.Passed || end.Conn != 3 || counts[inspector.ReplayDiffers] == 0 {
		t.Errorf("the replay went %+v, with %v", end, counts)
	}
	conn, err := c.Conn(t.Context(), 3)
	if err != nil || conn.Source != 1 {
		t.Errorf("the record is %+v, %v", conn, err)
	}
	s.Close()
	for _, o := range []inspector.ReplayOrder{{Conn: 1, Pace: "reactive"}, {Conn: 1, Pace: "slow"}, {Conn: 1, Pace: "reactive", Ignore: []string{"x"}}, {Conn: 99, Pace: "reactive"}} {
		if end, err := c.Replay(t.Context(), o, func(inspector.ReplayEvent) {}); err == nil || end.Passed {
			t.Errorf("%+v went %+v", o, end)
		}
	}
	if status, err := c.Status(t.Context()); err != nil || status.Recording {
		t.Errorf("a recorder was left behind: %+v, %v", status, err)
	}
}
