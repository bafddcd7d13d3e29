package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/store"
)

// Replay implements inspector.Replays. While no proxy records the capture, the replay
// is recorded into it, linked with what it replays; otherwise it goes through that
// proxy, unless that stands for a server.
func (c inspected) Replay(ctx context.Context, o inspector.ReplayOrder, tell func(inspector.ReplayEvent)) (end inspector.ReplayEnd, err error) {
	f := replayFlags{url: o.URL, pace: o.Pace, ignore: o.Ignore, timeout: 10 * time.Second, window: 16, clients: 1, repeat: 1}
	if err := f.parse(nil); err != nil {
		return end, err
	}
	conn, err := c.Conn(ctx, o.Conn)
	if err != nil {
		return end, err
	}
	from := &replayed{reader: c.Reader, conn: o.Conn, same: true}
	script, err := replay.NewScript(ctx, conn, from, false)
	if err != nil {
		return end, err
	}
	recorder, stop, note, err := c.recordReplay(ctx, &f)
	if err != nil {
		return end, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if f.options.Dial, err = f.dialer(&conn); err != nil {
		return end, err
	}
	if from.recorder = recorder; recorder != nil {
		f.options.Record = from.record
	}
	f.options.Tell = func(e replay.Event) {
		if e.Connected != nil {
			end.Conn = e.Connected.ID
			return
		}
		tell(replayEvent(e))
	}
	verdict, err := replay.Play(ctx, script, f.options)
	if verdict == nil {
		return end, err
	}
	if recorder == nil {
		end.Conn = 0
	}
	end.Note, end.Passed = note, verdict.Passed() && err == nil
	end.Text = fmt.Sprintf("%s sent; of the server %s", counted(verdict.Sent, "message"), outcomesText(verdict.Outcomes))
	if verdict.Broken != "" {
		end.Text += "; it broke off: " + verdict.Broken
	}
	return end, err
}

// recordReplay returns what records a replay: a recorder, or a proxy that f goes
// through then, or neither, which the note says. The capture can be read meanwhile.
func (c inspected) recordReplay(ctx context.Context, f *replayFlags) (recorder *store.Recorder, stop func() error, note string, err error) {
	stop = func() error { return nil }
	status, err := c.Status(ctx)
	if err != nil {
		return nil, stop, "", err
	}
	switch {
	case status.Recording && status.Reverse != "":
		return nil, stop, "it is not recorded: the proxy stands for one server only", nil
	case status.Recording && status.Address == "":
		return nil, stop, "it is not recorded: another replay is", nil
	case status.Recording:
		f.client.Proxy = &url.URL{Scheme: "http", Host: status.Address}
		dir, err := authorityDir()
		if err == nil {
			f.client.Roots, err = certs.LoadRoots(filepath.Join(dir, "ca.pem"))
		}
		if err != nil {
			return nil, stop, "", err
		}
		return nil, stop, "the proxy recorded it as the newest connection", nil
	}
	if recorder, err = store.Create(c.path, store.Options{App: "wsluice " + version()}); err != nil {
		return nil, stop, "it is not recorded: " + err.Error(), nil
	}
	door, err := control.Listen(control.Options{Path: c.path, Recorder: recorder, Version: version()})
	if err != nil {
		return nil, stop, "", errors.Join(err, recorder.Close())
	}
	return recorder, func() error { return errors.Join(door.Close(), recorder.Close()) }, "", nil
}

// replayEvent makes what the inspector shows of an event, which it may keep.
func replayEvent(e replay.Event) (out inspector.ReplayEvent) {
	switch {
	case e.Sent != nil:
		return inspector.ReplayEvent{Outcome: inspector.ReplaySent, Seq: e.Sent.Seq, Recorded: preview(e.Sent)}
	case e.Skipped != nil:
		return inspector.ReplayEvent{Outcome: inspector.ReplaySkipped, Seq: e.Skipped.Message.Seq, Recorded: preview(e.Skipped.Message), Note: e.Skipped.Why}
	case e.Used != nil:
		return inspector.ReplayEvent{
			Outcome: inspector.ReplayUsed, Seq: e.Used.Seq, Recorded: e.Used.Recorded, Got: e.Used.Got,
			Note: fmt.Sprintf("from message %d on", e.Used.Seq),
		}
	}
	r := e.Result
	out.Outcome = inspector.ReplayOutcome(r.Outcome.String())
	if r.Recorded != nil {
		out.Seq, out.Recorded = r.Recorded.Seq, preview(r.Recorded)
	}
	if r.Got != nil {
		out.Got = preview(r.Got)
	}
	if r.Outcome == replay.Late {
		out.Note = fmt.Sprintf("after %v, recorded %v", r.Delay.Round(time.Millisecond), r.Then.Round(time.Millisecond))
	}
	for i, change := range r.Difference.Changes {
		if i == reportedChanges {
			break
		}
		out.Changes = append(out.Changes, inspectedChange(change, r.Difference.Form))
	}
	out.More = len(r.Difference.Changes) - len(out.Changes) + r.Difference.More
	return out
}
