package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// readiness is how ready wsluice is to intervene while messages pass.
type readiness string

// The kinds of readiness.
const (
	never   readiness = "never held"
	before  readiness = "held before"
	holding readiness = "holding"
)

var readinesses = []readiness{never, before, holding}

// heldFilter is what a hold has to look at every message for, and never finds.
const heldFilter = `text contains "nobody says this"`

// armedCell is one measurement that each round repeats.
type armedCell struct {
	ready readiness
	work  work
	size  int
}

// arming measures what being ready to hold messages costs, on a connection that is
// open when the hold begins.
func (b *bench) arming() error {
	b.results.armed = make(map[armedCell][]reading)
	for round := range b.rounds {
		for _, w := range []work{pushUp, pushDown} {
			for _, size := range []int{100, 1 << 10} {
				b.say("round %d of %d: holds, %s, %d B", round+1, b.rounds, w, size)
				for i := range readinesses {
					at := armedCell{readinesses[(i+round)%len(readinesses)], w, size}
					if err := b.armedOnce(at); err != nil {
						return fmt.Errorf("%s, %s, %d B: %w", at.ready, w, size, err)
					}
				}
			}
		}
	}
	return nil
}

// armedOnce takes one measurement.
func (b *bench) armedOnce(at armedCell) error {
	j := job{Work: at.work, Secure: true, Size: at.size, Time: b.cell, Wait: true}
	var result outcome
	used, _, _, err := b.through(wsluice, j, func(j job, _ int) error {
		var h *hold
		defer func() { h.kill() }()
		var err error
		result, err = runJob(b.ctx, b.self, j, func(outcome) (err error) {
			if at.ready == never {
				return nil
			}
			if h, err = b.startHold(); err != nil || at.ready == holding {
				return err
			}
			return h.stop()
		})
		if err == nil && at.ready == holding {
			err = h.stop()
		}
		return err
	}, func() int { return result.Frames })
	if err != nil {
		return err
	}
	b.results.armed[at] = append(b.results.armed[at], reading{
		rate: result.rate(), cpu: micro(used) / float64(max(1, result.Messages)),
	})
	return nil
}

// hold is a running wsluice hold.
type hold struct {
	cmd       *exec.Cmd
	stdin     io.Closer
	complaint bytes.Buffer
}

// startHold begins to hold what nobody says, and returns when that is in force.
func (b *bench) startHold() (*hold, error) {
	h := &hold{cmd: exec.CommandContext(b.ctx, b.wsluice, "hold", heldFilter, "--capture", b.record())}
	h.cmd.Stderr = &h.complaint
	stdin, err := h.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	h.stdin = stdin
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a hold: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, `{"hold":`) {
		err = fmt.Errorf("it said %q", line)
	}
	if err != nil {
		h.kill()
		return nil, fmt.Errorf("start a hold: %w: %s", err, h.complaint.String())
	}
	return h, nil
}

// stop ends h and returns when nothing is held any more.
func (h *hold) stop() error {
	h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		return fmt.Errorf("stop a hold: %w: %s", err, h.complaint.String())
	}
	return nil
}

// kill ends a hold that was not stopped; nil is none.
func (h *hold) kill() {
	if h != nil && h.cmd.ProcessState == nil {
		h.cmd.Process.Kill()
		h.cmd.Wait()
	}
}

// readyFor returns a figure of a cell against the same when nothing was ever held,
// round for round.
func (r *results) readyFor(at armedCell, f figure) summary {
	values := func(at armedCell) (list []float64) {
		for _, reading := range r.armed[at] {
			list = append(list, f(reading))
		}
		return list
	}
	return paired(values(at), values(armedCell{never, at.work, at.size}))
}
