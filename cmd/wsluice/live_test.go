package main

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
)

// liveRecorder is a wsluice proxy that a script started and has not ended yet.
type liveRecorder struct {
	capture string
	process *exec.Cmd
	address string
	drained <-chan struct{}
}

// liveKey finds the recorder of a script.
type liveKey struct{}

// scriptLive has a real wsluice proxy run while a script goes on: live start
// FLAGS… begins, live traffic sends it a connection with eight frames, live event
// N TEXT waits for the nth event that says so, live stop interrupts it and live
// kill kills it.
func scriptLive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: live start FLAGS…, live traffic, live event N TEXT, live stop or live kill")
	}
	live := ts.Value(liveKey{}).(*liveRecorder)
	if args[0] != "start" && live.process == nil {
		ts.Fatalf("nothing is live")
	}
	switch args[0] {
	case "start":
		process, ready, drained := startProxy(ts, args[1:])
		capture := ts.MkAbs("home/capture.db")
		if i := slices.Index(args, "--capture"); i > 0 {
			capture = ts.MkAbs(args[i+1])
		}
		*live = liveRecorder{capture, process, <-ready, drained}
		if live.address == "" {
			ts.Fatalf("wsluice proxy did not start; see proxy.log: %s", ts.ReadFile("proxy.log"))
		}
	case "traffic":
		ts.Check(live.traffic())
	case "event":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		ts.Check(live.event(n, strings.Join(args[2:], " ")))
	case "stop":
		live.end(ts, os.Interrupt)
	case "kill":
		live.end(ts, os.Kill)
	default:
		ts.Fatalf("live %s is not known", args[0])
	}
}

// traffic returns when what it sent is in the capture.
func (l *liveRecorder) traffic() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := control.Open(ctx, l.capture)
	if err != nil {
		return err
	}
	defer r.Close()
	newest := func() (frame.Connection, error) {
		conns, err := r.Conns(ctx, 0, 1)
		return append(conns, frame.Connection{})[0], err
	}
	before, err := newest()
	if err == nil {
		err = traffic("http://" + l.address)
	}
	var version uint64
	for err == nil {
		var now frame.Connection
		if now, err = newest(); now.ID > before.ID && now.State == frame.Closed {
			break
		}
		version, err = r.Wait(ctx, version)
	}
	return err
}

// event returns when there are n events with that message.
func (l *liveRecorder) event(n int, message string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := control.Open(ctx, l.capture)
	if err != nil {
		return err
	}
	defer r.Close()
	for version := uint64(0); ; {
		if version, err = r.Wait(ctx, version); err != nil {
			return err
		}
		events, err := r.Events(ctx, 0, 10_000)
		if err != nil {
			return err
		}
		found := 0
		for _, e := range events {
			if e.Message == message {
				found++
			}
		}
		if found >= n {
			return nil
		}
	}
}

func (l *liveRecorder) end(ts *testscript.TestScript, by os.Signal) {
	ts.Check(l.process.Process.Signal(by))
	<-l.drained // Wait closes the pipe
	if err := l.process.Wait(); err != nil && by != os.Kill {
		ts.Fatalf("wsluice proxy ended with %v; see proxy.log: %s", err, ts.ReadFile("proxy.log"))
	}
	*l = liveRecorder{}
}
