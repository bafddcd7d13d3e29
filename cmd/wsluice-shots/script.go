package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// step presses keys and waits until the screen shows all of the texts.
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

// script is the pictures there are.
var script = []shot{
	{name: "connections", width: 100, height: 30, steps: []step{{await: []string{"prices.test"}}}},
}

// recorded is how long the demo is recorded that most pictures show.
const recorded = "14s"

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
	t, err := newTerminal(ctx, s.dir, shot.width, shot.height, s.variables(), append(command, shot.args...)...)
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
		if last, err = t.await(ctx, step.await...); err != nil {
			return nil, err
		}
	}
	if !shot.live {
		return t.settle(ctx)
	}
	return last, nil
}
