package recorded

import (
	"context"
	"fmt"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// nudge wakes who waits for c.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// speak sends the lines as they are due until ctx ends or one cannot be sent.
func (n *session) speak(ctx context.Context) {
	defer n.reel.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := n.began
	for {
		e, due, ok := n.upcoming(last)
		if !ok {
			select {
			case <-n.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-n.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if !n.take(e) {
			continue
		}
		if err := n.say(ctx, e); err != nil {
			if ctx.Err() != nil {
				return
			}
			n.tell(Event{What: Unsent, Seq: e.line.seq, Err: err})
			if e.line.lost == "" {
				_ = n.conn.Abort()
				return
			}
		}
		if e.line.end != "" {
			return
		}
		if !e.again {
			last = time.Now()
		}
	}
}

// upcoming returns the line that is to be sent next and when, last being when the
// one before it was sent.
func (n *session) upcoming(last time.Time) (e entry, due time.Time, ok bool) {
	n.lock.Lock()
	defer n.lock.Unlock()
	o := &n.server.options
	switch {
	case n.parting:
		return entry{}, time.Time{}, false
	case len(n.repeated) > 0:
		return n.repeated[0], time.Time{}, true
	case len(n.queue) > 0:
		e = n.queue[0]
	case o.Pace == Recorded && int(n.score.next) < len(n.script.lines):
		e = n.score.entry(n.score.next)
		return e, n.began.Add(scaled(e.line.at, o.speed())), true
	default:
		return entry{}, time.Time{}, false
	}
	if o.Pace != Reactive || n.score.urgent(e) {
		return e, time.Time{}, true
	}
	if n.released.After(last) {
		last = n.released
	}
	return e, last.Add(scaled(e.line.gap, o.speed())), true
}

// take takes e off what is to be sent, if it still is.
func (n *session) take(e entry) bool {
	n.lock.Lock()
	defer n.lock.Unlock()
	switch {
	case n.parting:
		return false
	case e.again:
		n.repeated = n.repeated[1:]
		nudge(n.room)
		return true
	case len(n.queue) > 0:
		if n.queue[0].line != e.line {
			return false
		}
		n.queue = n.queue[1:]
	case e.script != n.script:
		return false
	default:
		n.score.next++
	}
	if e.line.end != "" || e.line.take.message.Type == frame.Close {
		n.parting = true
	}
	return true
}

// longestPause is the longest time between two lines.
const longestPause = 100 * 365 * 24 * time.Hour

// scaled divides d by a speed.
func scaled(d time.Duration, speed float64) time.Duration {
	return time.Duration(min(float64(d)/speed, float64(longestPause)))
}

// say sends a line.
func (n *session) say(ctx context.Context, e entry) error {
	l := e.line
	patience := n.server.options.patience()
	switch {
	case l.end == frame.ByReset:
		return n.conn.Abort()
	case l.end != "":
		_ = n.conn.SetReadDeadline(time.Now().Add(patience))
		return n.conn.CloseWrite()
	case l.lost != "":
		return fmt.Errorf("message %d was not sent: %s", l.seq, l.lost)
	}
	payload := l.take.payload
	if !l.held {
		var err error
		if payload, err = n.reel.payload(ctx, e.script, l.seq); err != nil {
			return err
		}
	}
	closing := l.take.message.Type == frame.Close
	if closing {
		defer close(n.parted)
		_ = n.conn.SetReadDeadline(time.Now().Add(patience))
	}
	_ = n.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := l.send(n.conn, payload, e.id); err != nil {
		return err
	}
	n.tell(Event{What: Sent, Seq: l.seq})
	return nil
}
