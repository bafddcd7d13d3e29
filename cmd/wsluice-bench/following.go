package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// followRate is how many messages a second pass while others follow.
const followRate = 50_000

// followReading is what following a live capture costs.
type followReading struct {
	followers int
	messages  int           // that passed
	got       int           // the least that a follower printed
	late      time.Duration // after the last message until the last follower had printed it
	cpu       float64       // of the recorder, microseconds per message
	each      float64       // of a follower, microseconds per message
}

// following measures a proxy with messages at a steady rate, and processes that
// follow its capture through a filter from the outside.
func (b *bench) following() error {
	for _, n := range []int{0, 1, 10} {
		b.say("%s at %d messages a second", plural(n, "follower"), followRate)
		reading, err := b.followOnce(n)
		if err != nil {
			return fmt.Errorf("%s: %w", plural(n, "follower"), err)
		}
		b.results.follow = append(b.results.follow, reading)
	}
	return nil
}

func (b *bench) followOnce(n int) (reading followReading, err error) {
	reading.followers = n
	j := job{Work: pushUp, Secure: true, Size: 100, Rate: followRate, Time: b.follow}
	var result outcome
	used, _, _, err := b.through(wsluice, j, func(j job, _ int) error {
		followers := make([]*follower, n)
		for i := range followers {
			if followers[i], err = b.startFollower(filepath.Join(b.dir, "record")); err != nil {
				return err
			}
			defer followers[i].kill()
		}
		if result, err = runJob(b.ctx, b.self, j, nil); err != nil {
			return err
		}
		reading.messages, reading.got = result.Messages, result.Messages
		ended := time.Now()
		for _, f := range followers {
			// Of the close frames the filter lets none through.
			f.await(b.ctx, result.Messages)
			reading.got = min(reading.got, int(f.lines.Load()))
		}
		reading.late = time.Since(ended)
		for _, f := range followers {
			cpu, err := f.stop()
			if err != nil {
				return err
			}
			reading.each += micro(cpu) / float64(n*result.Messages)
		}
		return nil
	}, func() int { return result.Frames })
	reading.cpu = micro(used) / float64(max(1, result.Messages))
	return reading, err
}

// follower is a process that prints the messages of a capture as they come.
type follower struct {
	cmd       *exec.Cmd
	lines     atomic.Int64
	drained   sync.WaitGroup
	complaint bytes.Buffer
}

func (b *bench) startFollower(capture string) (*follower, error) {
	f := &follower{cmd: exec.CommandContext(b.ctx, b.wsluice,
		"messages", "--capture", capture, "--follow", "--json", "--filter", `from == client && json.ev == "T"`)}
	f.cmd.Stderr = &f.complaint
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a follower: %w", err)
	}
	f.drained.Go(func() {
		lines := bufio.NewReaderSize(out, readBuffer)
		for {
			line, err := lines.ReadSlice('\n')
			if bytes.HasSuffix(line, []byte("\n")) {
				f.lines.Add(1)
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				io.Copy(io.Discard, out)
				return
			}
		}
	})
	return f, nil
}

// await returns when f has printed n lines, or nothing more for a while.
func (f *follower) await(ctx context.Context, n int) {
	before, since := int64(-1), time.Now()
	for tick := time.NewTicker(time.Millisecond); ; {
		got := f.lines.Load()
		if got >= int64(n) {
			return
		}
		if got != before {
			before, since = got, time.Now()
		}
		if time.Since(since) > patience/2 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// stop interrupts f and returns the CPU time it used.
func (f *follower) stop() (time.Duration, error) {
	if err := f.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return 0, err
	}
	f.drained.Wait()
	if err := f.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("stop a follower: %w: %s", err, f.complaint.String())
	}
	return f.cmd.ProcessState.UserTime() + f.cmd.ProcessState.SystemTime(), nil
}

// kill ends a follower that was not stopped.
func (f *follower) kill() {
	if f.cmd.ProcessState == nil {
		f.cmd.Process.Kill()
		f.drained.Wait()
		f.cmd.Wait()
	}
}
