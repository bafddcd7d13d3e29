package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

// shot is a picture and how to get there.
type shot struct {
	name          string
	width, height int
	light         bool     // on a light terminal
	live          bool     // wsluice demo instead of the recorded one
	args          []string // of wsluice inspect or demo
	steps         []step
}

// step presses keys and waits until the screen shows all of the texts, or without
// any, until it stays as it is.
type step struct {
	keys  []string
	await []string
}

func (s shot) palette() *palette {
	if s.light {
		return light
	}
	return dark
}

// open shows the messages of a connection of the demo, by its number, and goes to
// one of them.
func open(connection, message string) []step {
	return []step{
		{await: []string{"connections", "retired.test"}},
		{keys: []string{":", connection, "Enter"}},
		{keys: []string{"Enter"}, await: []string{"messages"}},
		{keys: []string{":", message, "Enter"}},
	}
}

// then adds a step to others.
func then(steps []step, await string, keys ...string) []step {
	return append(slices.Clip(steps), step{keys: keys, await: []string{await}})
}

// The numbers of connections in a recorded demo.
const (
	prices, logs, graphql, vehicle, board, picture = "1", "2", "3", "7", "10", "12"
)

// script is the pictures there are.
var script = slices.Concat(
	sizes("connections", []step{{await: []string{"connections"}}, {keys: []string{":", logs, "Enter"}}}),
	sizes("messages", open(prices, "4")),
	[]shot{
		{name: "messages-light", width: 100, height: 30, light: true, steps: open(prices, "4")},
		{name: "tree", width: 100, height: 30, steps: then(open(prices, "4"), "asks", "Tab", "\\")},
		{name: "token", width: 100, height: 30, steps: then(open(picture, "2"), "media.test", "Tab", "G", "Enter")},
		{name: "graphql", width: 100, height: 30, steps: open(graphql, "4")},
		{name: "attachment", width: 100, height: 30, steps: then(open(logs, "6"), "heap.json.gz", "Tab", "G", "Enter")},
		{name: "msgpack", width: 100, height: 30, steps: open(vehicle, "1")},
		{name: "hex", width: 100, height: 30, steps: then(open(vehicle, "1"), "00000000", "v")},
		{name: "header", width: 100, height: 30, steps: then(open(logs, "3"), "RSV1", "v", "v")},
		{name: "violations", width: 100, height: 30, steps: open(board, "3")},
		{name: "fragments", width: 100, height: 30, steps: then(open(picture, "3"), "cont", "Enter")},
		{name: "filter", width: 100, height: 30, steps: then([]step{{await: []string{"retired.test"}}, {keys: []string{"2"}, await: []string{"messages"}}}, "filter:", "/", `type == "binary" && size > 100`)},
		{name: "mistake", width: 100, height: 30, steps: then([]step{{await: []string{"retired.test"}}, {keys: []string{"2"}, await: []string{"messages"}}}, "siz", "/", `siz > 100`)},
		{name: "statistics", width: 100, height: 30, steps: then(open(prices, "4"), "statistics", "S")},
		{name: "help", width: 100, height: 30, steps: then(open(prices, "4"), "MOVE", "?")},
		{name: "events", width: 100, height: 30, steps: then([]step{{await: []string{"retired.test"}}}, "recording began", "6", "g")},
		{name: "live", width: 100, height: 30, live: true, steps: []step{
			{await: []string{"REC"}}, {keys: []string{"2"}, await: []string{"FOLLOW", `"noor-2"`}},
		}},
	},
)

// sizes are the same picture at the sizes that matter.
func sizes(name string, steps []step) []shot {
	return []shot{
		{name: name, width: 100, height: 30, steps: steps},
		{name: name + "-200x60", width: 200, height: 60, steps: steps},
		{name: name + "-80x24", width: 80, height: 24, steps: steps},
		{name: name + "-60x16", width: 60, height: 16, steps: steps},
	}
}

// recorded is how long the demo is recorded that most pictures show.
const recorded = "11s"

// stage is what pictures are taken of.
type stage struct {
	binary  string
	dir     string // for files of the moment
	capture string
	stderr  io.Writer
}

// record makes the capture.
func (s *stage) record(ctx context.Context) error {
	fmt.Fprintf(s.stderr, "recording a demo for %s\n", recorded)
	c := exec.CommandContext(ctx, s.binary, "demo", "--for", recorded, "--capture", s.capture)
	c.Env = append(os.Environ(), s.variables()...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("record a demo: %w\n%s", err, out)
	}
	return nil
}

// variables keep pictures from depending on who takes them.
func (s *stage) variables() []string {
	return []string{"WSLUICE_HOME=" + s.dir, "TZ=UTC", "LC_ALL=C.UTF-8", "COLORTERM=", "NO_COLOR="}
}

// play returns the screen at the end of a shot's steps.
func (s *stage) play(ctx context.Context, shot shot) (last *screen, err error) {
	command := []string{s.binary, "inspect", "--capture", s.capture}
	if shot.live {
		command = []string{s.binary, "demo"}
	}
	t, err := newTerminal(ctx, s.dir, shot.name, shot.width, shot.height, s.variables(), append(command, shot.args...)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	for _, step := range shot.steps {
		if len(step.keys) > 0 {
			if err := t.press(ctx, step.keys...); err != nil {
				return nil, err
			}
		}
		if len(step.await) > 0 {
			if last, err = t.await(ctx, step.await...); err != nil {
				return nil, err
			}
		}
		// What is live is never at rest.
		if !shot.live {
			if last, err = t.settle(ctx); err != nil {
				return nil, err
			}
		}
	}
	return last, nil
}
