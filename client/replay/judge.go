package replay

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

const (
	// maxWaiting is how many messages may wait to be judged, of those expected and
	// of those that came.
	maxWaiting = 4096
	// maxWaitingSize bounds the payloads of those that came, in bytes.
	maxWaitingSize = 32 << 20
	// settling is how long a message that came may turn out to be another than the
	// one it looks most like.
	settling = 200 * time.Millisecond
)

// judge holds what the server sends against what it sent when it was recorded. It
// touches no socket and no clock. The player tells what is expected, the reader
// what comes.
type judge struct {
	rules  compare.Rules
	window int
	late   time.Duration
	values *values
	tell   func(*Result)

	mu       sync.Mutex
	room     sync.Cond // there may be room in came
	stirred  chan struct{}
	verdict  *Verdict
	expected []*expectation  // not judged yet, in their order
	came     []*arrival      // not judged yet, in their order
	size     int             // of the payloads in came
	last     time.Time       // when the last one came
	due      uint64          // all expectations up to this number are due
	writing  bool            // the player may be in want of the reader
	ended    bool            // nothing more comes
	parting  bool            // a close frame came
	parted   bool            // one was sent
	code     frame.CloseCode // its code
}

// sending is a message of the client that messages of the server come behind.
type sending struct {
	at    time.Duration // when it was recorded, since the beginning
	sent  time.Time     // zero until it is
	asked bool          // a message is expected behind it
}

// expectation is a message the server is to send.
type expectation struct {
	number   uint64 // from 1
	at       time.Duration
	recorded *frame.Message
	after    *sending
	answer   bool      // it is the first one behind that
	deadline time.Time // when it is missing, zero while it is not due
	// wanted is the recorded message with the values of this time, as of version.
	wanted  frame.Message
	version int
	marks   marks
}

// arrival is a message of the server that came.
type arrival struct {
	message *frame.Message
	at      time.Time
	marks   marks
}

// marks tell which messages one may stand for, the closest first: those that say the
// same, that answer the same request, that are of its shape.
type marks struct {
	exact, shape compare.Key
	id           string // with the member it is in, empty for none
}

func newJudge(o *Options, v *values, verdict *Verdict, tell func(*Result)) *judge {
	j := &judge{
		rules: o.Rules, window: max(o.Rules.Window, 1), late: o.Late,
		values: v, verdict: verdict, tell: tell, stirred: make(chan struct{}, 1),
	}
	j.room.L = &j.mu
	return j
}

func (j *judge) marks(m *frame.Message) marks {
	k := marks{exact: j.rules.Key(compare.Exactly, m), shape: j.rules.Key(compare.ByShape, m)}
	if id, ok := compare.FindID(m); ok && len(id.Value) <= longestID {
		k.id = id.Key + "=" + string(id.Value)
	}
	return k
}

// nearness are the ways in which a may stand for b, the closest first.
var nearness = []func(a, b *marks) bool{
	func(a, b *marks) bool { return a.exact == b.exact },
	func(a, b *marks) bool { return a.id != "" && a.id == b.id },
	func(a, b *marks) bool { return a.shape == b.shape },
}

// expect adds a message that is to come, and returns its number.
func (j *judge) expect(e *expectation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.version = -1
	j.refresh(e)
	j.expected = append(j.expected, e)
	if len(j.expected) <= j.window {
		if i := j.candidate(e); i >= 0 {
			a := j.came[i]
			j.remove(i)
			j.pair(e, a)
		}
	}
	j.stir()
}

// refresh puts the values of this time into what is expected.
func (j *judge) refresh(e *expectation) {
	if e.version == j.values.version {
		return
	}
	e.version, e.wanted = j.values.version, *e.recorded
	e.wanted.Payload = j.values.renewed(e.recorded)
	e.marks = j.marks(&e.wanted)
}

// arrive takes a message that came. While too many wait it waits too, unless the
// player is writing: then the oldest has no place in the capture.
func (j *judge) arrive(m *frame.Message, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = at
	if m.Type == frame.Close && !j.parting {
		j.parting, j.code = true, m.Code
	}
	a := &arrival{message: m, at: at, marks: j.marks(m)}
	if e := j.place(a); e != nil {
		j.pair(e, a)
		return
	}
	for !j.writing && !j.ended && (len(j.came) >= maxWaiting || j.size >= maxWaitingSize) {
		j.stir()
		j.room.Wait()
	}
	kept := *m
	kept.Payload = bytes.Clone(m.Payload)
	a.message = &kept
	if e := j.place(a); e != nil { // what was expected meanwhile
		j.pair(e, a)
		return
	}
	for len(j.came) > 0 && (len(j.came) >= maxWaiting || j.size >= maxWaitingSize) {
		oldest := j.came[0]
		j.remove(0)
		j.report(&Result{Outcome: Unexpected, Got: oldest.message})
	}
	j.came = append(j.came, a)
	j.size += len(kept.Payload)
	j.stir()
}

// remove takes an arrival out.
func (j *judge) remove(i int) {
	j.size -= len(j.came[i].message.Payload)
	j.came = slices.Delete(j.came, i, i+1)
	j.room.Broadcast()
}

// pair judges e, which has come as a.
func (j *judge) pair(e *expectation, a *arrival) {
	r := &Result{Recorded: e.recorded, Got: a.message, Then: max(0, e.at-e.after.at)}
	if !e.after.sent.IsZero() {
		r.Delay = max(0, a.at.Sub(e.after.sent))
	}
	r.Answer = e.answer && !e.after.sent.IsZero()
	j.values.learn(e.recorded, a.message)
	j.refresh(e)
	var same bool
	if r.Difference, same = j.rules.Same(&e.wanted, a.message); !same {
		r.Outcome = Differs
	} else if j.late > 0 && r.Delay-r.Then > j.late {
		r.Outcome = Late
	}
	j.values.discover(e.recorded, a.message)
	j.report(r)
	j.drop(e)
	j.stir()
}

// drop forgets an expectation.
func (j *judge) drop(e *expectation) {
	if i := slices.Index(j.expected, e); i >= 0 {
		j.expected = slices.Delete(j.expected, i, i+1)
	}
	// The next one is among those that may come now, and may have.
	if len(j.came) > 0 && len(j.expected) >= j.window {
		next := j.expected[j.window-1]
		j.refresh(next)
		if i := j.candidate(next); i >= 0 {
			a := j.came[i]
			j.remove(i)
			j.pair(next, a)
		}
	}
}

// report counts and tells a result.
func (j *judge) report(r *Result) {
	if r.Outcome == Unexpected && r.Got.Type == frame.Close && j.parted {
		return // it answers the client's
	}
	j.verdict.Outcomes[r.Outcome]++
	if j.tell != nil {
		j.tell(r)
	}
}

// reach says that the conversation has come to e at a time, and that e is missing
// when it has not come the timeout after its own time: as long behind the client's
// message as it was recorded, and not before the time it is due by the pace.
func (j *judge) reach(e *expectation, now, due time.Time, timeout time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, at := range []time.Time{due, e.after.sent.Add(e.at - e.after.at)} {
		if at.After(now) {
			now = at
		}
	}
	e.deadline, j.due = now.Add(timeout), e.number
}

// send says that the player begins to write, or has ended it.
func (j *judge) send(writing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.writing = writing; writing {
		j.room.Broadcast()
	}
}

// change returns the payload a message of the client has to have now, and the
// values that are used in it for the first time.
func (j *judge) change(m *frame.Message) ([]byte, []Use) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.values.change(m, nil)
}

// sent says when a message of the client was sent.
func (j *judge) sent(s *sending, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s.sent = at
}

// end says that nothing more comes.
func (j *judge) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	j.room.Broadcast()
	j.stir()
}

// part says that the client sends a close frame.
func (j *judge) part() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.parted = true
}

// closed reports whether the server has sent a close frame, and with which code.
func (j *judge) closed() (frame.CloseCode, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.code, j.parting
}

// stir wakes the player.
func (j *judge) stir() {
	select {
	case j.stirred <- struct{}{}:
	default:
	}
}
