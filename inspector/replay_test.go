package inspector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/inspector/keys"
)

// Replay plays what alike recorded to a server that does otherwise twice.
func (c *capture) Replay(ctx context.Context, o ReplayOrder, tell func(ReplayEvent)) (ReplayEnd, error) {
	c.mu.Lock()
	c.played = append(c.played, o)
	c.mu.Unlock()
	if slices.Contains(o.Ignore, "bad") {
		return ReplayEnd{}, errors.New("no path: \x1b[31mbad")
	}
	tell(ReplayEvent{Outcome: ReplayUsed, Seq: 1, Recorded: hostile[0], Got: hostile[1], Note: "from message 3 on"})
	for n := range 65 {
		if n == 20 && c.plays != nil {
			end := make(chan struct{})
			c.plays <- end
			select {
			case <-end:
			case <-ctx.Done():
				return ReplayEnd{Text: "stopped"}, ctx.Err()
			}
		}
		tell(ReplayEvent{Outcome: ReplaySent, Seq: uint64(2*n + 1), Recorded: fmt.Sprintf(`{"n":%d,"price":100}`, 2*n)})
		e := ReplayEvent{Outcome: ReplaySame, Seq: uint64(2*n + 2), Recorded: fmt.Sprintf(`{"n":%d,"price":100}`, 2*n+1)}
		e.Got = e.Recorded
		switch now := "120"; {
		case n == 3 && len(o.Ignore) == 0:
			was := "100"
			e.Outcome, e.Got = ReplayDiffers, `{"n":7,"price":120}`
			e.Changes, e.More = []DiffChange{{Path: "$.price", JSON: true, Left: &was, Right: &now}}, 3
		case n == 30 && len(o.Ignore) == 0:
			e.Outcome, e.Got = ReplayMissing, ""
		}
		tell(e)
	}
	return ReplayEnd{Passed: len(o.Ignore) > 0, Text: "65 messages sent", Conn: 2}, nil
}

// TestReplay would catch a replay of something else than was asked for, a verdict that
// is not told, and differences that cannot be looked at.
func TestReplay(t *testing.T) {
	c := alike(t)
	r := use(t, options(c), 120, 40)
	r.see("connections 2")
	r.press("5")
	r.see("nothing was replayed yet: r on a connection does")
	r.press("G", "r")
	r.see("replay #1", "wss://shop.example/prices", "‹ reactive: waits for the answers ›")
	r.press("down", "right", "enter")
	r.see("the server did otherwise  65 of 65 sent", "recorded as #2", "63 same", "1 differs", "1 missing")
	r.press("g", "n")
	r.see("differs #8", "$.price", "- 100", "+ 120", "and 3 more changes", `│ {"n":7,"price":120}`)
	r.press("n")
	r.see("missing #62")
	r.press("enter", "esc", "o")
	r.see("#2 wss://shop.example/prices › messages")
	r.press("esc", "=")
	r.see("#1 ↔ #2", "different")
	r.press("esc", "r")
	r.see("replay #1")
	r.press("ctrl-u", "ws://localhost:9/", "up", "$.price $..at", "enter")
	r.see("the replay passed", "→ ws://localhost:9/  reactive  without $.price, $..at")
	r.press("r")
	r.see("› to ")
	r.press("up", "ctrl-u", "bad", "enter")
	r.see("the replay failed: no path")
	r.press("esc", ":", "replay 2", "enter")
	r.see("replay #2")
	r.press("esc", ":", "replay 9", "enter")
	r.see("9")
	want := []ReplayOrder{
		{Conn: 1, Pace: "recorded", Ignore: []string{}}, {Conn: 1, Pace: "reactive", URL: "ws://localhost:9/", Ignore: []string{"$.price", "$..at"}},
		{Conn: 1, Pace: "reactive", URL: "ws://localhost:9/", Ignore: []string{"bad"}},
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !reflect.DeepEqual(c.played, want) {
		t.Errorf("replayed %+v, want %+v", c.played, want)
	}
}

// TestReplayBehind would catch a replay that ends when its screen is left, one that
// cannot be stopped, and two at a time.
func TestReplayBehind(t *testing.T) {
	c := alike(t)
	c.plays = make(chan chan struct{})
	r := use(t, options(c), 100, 30)
	r.see("connections 2")
	start := func() chan struct{} {
		r.press("G", "r")
		r.see("replay #1")
		r.inject("enter")
		end := <-c.plays
		r.see("20 of 65 sent", "█████░")
		return end
	}
	end := start()
	r.inject("esc")
	r.see("connections 2")
	r.inject("r")
	r.see("a replay is under way: 5 shows it")
	close(end)
	r.see("the server did otherwise: 5 shows it")
	r.press("5")
	r.see("65 of 65 sent")
	r.press("esc")
	start()
	r.inject("c")
	r.see("the replay was stopped")
	r.press("o", "esc")
	start() // which the end of the inspector stops
}

// TestReplayGolden would catch a screen that is cut or out of line.
func TestReplayGolden(t *testing.T) {
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {40, 10}} {
		r := use(t, options(alike(t)), size[0], size[1])
		r.inspector.app.QueueUpdate(func() { r.inspector.now = func() time.Time { return epoch } })
		r.see("connections 2")
		r.press("G", "r")
		r.see("pace")
		goldenText(t, fmt.Sprintf("replay-ask-%dx%d", size[0], size[1]), r.shown())
		r.press("enter")
		r.see("did otherwise")
		r.press("g", "n")
		r.see("~ differs")
		goldenText(t, fmt.Sprintf("replay-%dx%d", size[0], size[1]), r.shown())
	}
}

// TestEveryReplayKey presses every key there is at a replay, as TestEveryKey does
// elsewhere.
func TestEveryReplayKey(t *testing.T) {
	r := use(t, options(alike(t)), 100, 30)
	for _, b := range keys.Table() {
		if b.On&keys.Replaying == 0 || b.Action == keys.Quit {
			continue
		}
		r.see("connections 2")
		r.press("G", "r")
		r.see("replay #1")
		r.press("enter")
		r.see("did otherwise")
		for _, k := range b.Keys {
			r.press(string(k))
		}
		r.press("esc", "esc", "esc", "esc", "1", "esc", "g")
	}
	if shown := r.shown(); strings.Contains(shown, "\x1b") {
		t.Errorf("%q", shown)
	}
}
