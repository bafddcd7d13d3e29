package recorded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// lingerTime is how long the end of the stream is waited for behind the last word.
const lingerTime = 2 * time.Second

// session is one client that is being served.
type session struct {
	server *Server
	conn   *frame.Conn
	path   string
	facts  *frame.Connection
	tape   Tape // nil when nothing is recorded
	began  time.Time
	others []*script // among which the client's first message decides

	telling sync.Mutex
	event   Event // what all events of it have

	// wake is sent to when queue or score has changed.
	wake chan struct{}

	lock     sync.Mutex
	script   *script
	score    *score
	queue    []entry
	released time.Time // when the last of queue came in
	parting  bool      // a close frame was sent

	upstream *upstream // belongs to the reader
}

func newSession(s *Server, conn *frame.Conn, script *script, facts *frame.Connection, tape Tape, e Event) *session {
	n := &session{
		server: s, conn: conn, path: e.Path, facts: facts, tape: tape, event: e, script: script,
		wake: make(chan struct{}, 1),
	}
	conn.Limit, conn.AutoPong = maxMessage, true
	if tape != nil {
		conn.OnWire = func(from frame.Side, at time.Time, wire []byte) {
			if from == frame.Client {
				tape.Append(from, at, wire)
				return
			}
			tape.Insert(frame.Passage{From: from, Time: at, Origin: frame.Replayed}, wire)
		}
	}
	return n
}

// run serves the client until the connection or ctx ends.
func (n *session) run(ctx context.Context) {
	n.began = time.Now()
	n.begin(n.script)

	speaking, stop := context.WithCancel(ctx)
	spoken := make(chan struct{})
	go func() {
		defer close(spoken)
		n.speak(speaking)
	}()
	left := make(chan struct{})
	stay := context.AfterFunc(ctx, func() {
		defer close(left)
		_ = n.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_ = n.conn.Close(frame.GoingAway, "")
		_ = n.conn.Hangup()
	})
	n.listen(speaking)
	stop()
	_ = n.conn.Hangup()
	if n.upstream != nil {
		n.upstream.close()
	}
	if !stay() {
		<-left
	}
	<-spoken

	end := n.conn.End()
	if ctx.Err() != nil {
		end = frame.End{Time: time.Now().UTC(), EndedBy: frame.ByProxy, How: frame.ByShutdown}
	}
	if end.Time.IsZero() {
		end.Time = time.Now().UTC()
	}
	if n.tape != nil {
		n.tape.Close(end)
	}
	n.tell(Event{
		What: Ended, Ending: end,
		Missing: len(n.score.heard) - n.score.count, Left: n.left(),
	})
}

// begin gives the client a script from its beginning.
func (n *session) begin(s *script) {
	n.script, n.score, n.queue, n.released = s, newScore(s), nil, n.began
	if n.server.options.Pace != Recorded {
		n.queue = n.score.release(nil)
	}
}

// left returns how many lines were not sent.
func (n *session) left() int {
	left := len(n.script.lines) - int(n.score.next) - len(n.score.ahead)
	for _, e := range n.queue {
		if !e.again {
			left++
		}
	}
	return left
}

// tell tells e with what all events of n have.
func (n *session) tell(e Event) {
	n.telling.Lock()
	defer n.telling.Unlock()
	e.Number, e.Client, e.Path, e.Conversation = n.event.Number, n.event.Client, n.event.Path, n.event.Conversation
	n.server.tell(e)
}

// listen reads what the client says until the connection ends.
func (n *session) listen(ctx context.Context) {
	for {
		m, err := n.conn.Next()
		if err != nil {
			return
		}
		switch {
		case m.Type == frame.Close:
			n.farewell(&m)
			return
		case m.Type == frame.Opaque:
			n.tell(Event{What: Unknown, Message: &m})
			_ = n.conn.Close(frame.ProtocolError, "")
			return
		case m.Type.Control() || m.Incomplete != frame.Whole:
		default:
			n.hear(ctx, &m)
		}
	}
}

// farewell answers the client's close frame as the server did, or as RFC 6455
// section 5.5.1 says when the client did not send one then.
func (n *session) farewell(m *frame.Message) {
	n.lock.Lock()
	parting, s := n.parting, n.script
	n.parting = true
	n.lock.Unlock()
	_ = n.conn.SetWriteDeadline(time.Now().Add(n.server.options.patience()))
	switch {
	case parting:
		return
	case s.closed && s.reply == nil:
	case s.closed:
		_ = n.conn.Send(frame.Draft{Type: frame.Close, Payload: s.reply}, false)
	default:
		_ = n.conn.Close(m.Code, "")
	}
	n.linger()
}

// linger lets the client take what was sent last before the connection ends: one
// that is closed with something unread is reset.
func (n *session) linger() {
	if n.conn.CloseWrite() != nil {
		return
	}
	_ = n.conn.SetReadDeadline(time.Now().Add(lingerTime))
	for {
		if _, err := n.conn.Next(); err != nil {
			return
		}
	}
}

// hear takes what the client said.
func (n *session) hear(ctx context.Context, m *frame.Message) {
	o := &n.server.options
	s := newSaid(&o.Rules, m)
	n.lock.Lock()
	if n.parting {
		n.lock.Unlock()
		return
	}
	cue, again, ok := n.score.find(&s, o.Match)
	if n.others != nil {
		if other := decide(n.others, &s, &n.server.options); other != nil && other != n.script {
			n.begin(other)
			// The client has been greeted already.
			n.queue = nil
			n.telling.Lock()
			n.event.Conversation = other.conversation.Connection.ID
			n.telling.Unlock()
			cue, again, ok = n.score.find(&s, o.Match)
		}
		n.others = nil
	}
	if !ok && o.Else == Nearest {
		cue, ok = n.score.nearest(&s)
	}
	event := Event{What: Unknown, Message: m}
	if ok {
		event.What, event.Seq = Matched, n.score.script.cues[cue].seq
		n.answer(cue, again, &s)
	}
	n.lock.Unlock()
	n.tell(event)
	if ok {
		n.nudge()
		return
	}
	switch o.Else {
	case Hangup:
		n.part(o.code())
	case Pass:
		n.pass(ctx, m)
	}
}

// answer has the lines sent that a cue releases. The lock is held.
func (n *session) answer(cue int32, again bool, s *said) {
	before := len(n.queue)
	switch {
	case again:
		n.queue = n.score.repeat(cue, s, n.queue)
	case n.server.options.Pace == Recorded:
		n.score.hear(cue, s, nil)
	default:
		n.queue = n.score.hear(cue, s, n.queue)
	}
	if len(n.queue) > before {
		n.released = time.Now()
	}
}

// decide returns the script a first message belongs to, if any: one in which the
// client said it first or, when there is none, said it at all.
func decide(among []*script, s *said, o *Options) *script {
	var found *script
	for _, candidate := range among {
		cue, _, ok := newScore(candidate).find(s, o.Match)
		if ok && cue == 0 {
			return candidate
		}
		if ok && found == nil {
			found = candidate
		}
	}
	return found
}

// part says goodbye and waits for the answer for a while.
func (n *session) part(code frame.CloseCode) {
	n.lock.Lock()
	n.parting = true
	n.queue = nil
	n.lock.Unlock()
	_ = n.conn.SetDeadline(time.Now().Add(n.server.options.patience()))
	_ = n.conn.Close(code, "")
}

// nudge wakes the speaker.
func (n *session) nudge() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// speak sends the lines as they are due until ctx ends or one cannot be sent.
func (n *session) speak(ctx context.Context) {
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
		if last = time.Now(); e.line.end != "" {
			return
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
		if payload, err = again(ctx, e.script.conversation, l.seq); err != nil {
			return err
		}
	}
	closing := l.take.message.Type == frame.Close
	if closing {
		_ = n.conn.SetReadDeadline(time.Now().Add(patience))
	}
	_ = n.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := l.send(n.conn, payload, e.id); err != nil {
		return err
	}
	n.tell(Event{What: Sent, Seq: l.seq})
	return nil
}

// again reads a payload that is not held.
func again(ctx context.Context, c *Conversation, seq uint64) ([]byte, error) {
	w, err := walk(ctx, c)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for {
		t, err := w.next()
		if err != nil {
			return nil, err
		}
		if t.message.Seq == seq && t.message.From == frame.Server {
			if t.lost() != "" {
				return nil, errors.New(t.lost())
			}
			k := t.kept()
			return k.payload, nil
		}
	}
}
