package recorded

import (
	"context"
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

	// wake is sent to when what the speaker waits for has changed, room when there
	// is room for repetitions. Spoken is closed when the speaker has ended, parted
	// when a close frame was sent, or could not be.
	wake, room     chan struct{}
	spoken, parted chan struct{}

	lock     sync.Mutex
	script   *script
	score    *score
	queue    []entry
	repeated []entry   // go before those of queue
	released time.Time // when the last of queue came in
	parting  bool      // a close frame is sent, or was

	upstream *upstream // belongs to the reader
	reel     reel      // belongs to the speaker
}

func newSession(s *Server, conn *frame.Conn, script *script, facts *frame.Connection, tape Tape, e Event) *session {
	n := &session{
		server: s, conn: conn, path: e.Path, facts: facts, tape: tape, event: e, script: script,
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
		spoken: make(chan struct{}), parted: make(chan struct{}),
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
	go func() {
		defer close(n.spoken)
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
	<-n.spoken

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
	return left + len(n.queue)
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
		select {
		case <-n.parted:
		case <-n.spoken:
		}
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
			n.queue, n.score.next = nil, int32(other.after(0))
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
	crowded := len(n.repeated) >= maxRepeated
	n.lock.Unlock()
	n.tell(event)
	if ok {
		nudge(n.wake)
		if crowded {
			n.await()
		}
		return
	}
	switch o.Else {
	case Hangup:
		n.part(o.code())
	case Pass:
		n.pass(ctx, m)
	}
}

// maxRepeated is how many repetitions wait at most before nothing more is read, not
// counting those of the last message.
const maxRepeated = 1000

// await waits until there is room for repetitions, so that who asks without end and
// takes no answer has to wait.
func (n *session) await() {
	for {
		n.lock.Lock()
		crowded := len(n.repeated) >= maxRepeated
		n.lock.Unlock()
		if !crowded {
			return
		}
		select {
		case <-n.room:
		case <-n.spoken:
			return
		}
	}
}

// answer has the lines sent that a cue releases. The lock is held.
func (n *session) answer(cue int32, again bool, s *said) {
	before := len(n.queue)
	switch {
	case again:
		n.repeated = n.score.repeat(cue, s, n.repeated)
	case n.server.options.Pace == Recorded:
		n.score.note(cue, s)
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
	already := n.parting
	n.parting = true
	n.lock.Unlock()
	if already {
		return
	}
	_ = n.conn.SetDeadline(time.Now().Add(n.server.options.patience()))
	_ = n.conn.Close(code, "")
	close(n.parted)
}
