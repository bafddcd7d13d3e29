package frame

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

const (
	// defaultLimit is what Assembler.Limit of 0 stands for.
	defaultLimit = 64 << 20
	// minCompressed is how large a compressed message may be on the wire to be
	// inflated whatever the limit: with context takeover, one that is not costs
	// all later ones.
	minCompressed = 16 << 20
	// maxKept is the largest buffer an Assembler keeps between messages.
	maxKept = 64 << 10
)

// Assembler makes messages of the records of one connection, both directions
// together (RFC 6455 section 5.4). The zero value with the exported fields set
// stands before the connection's first record; an Assembler belongs to one
// goroutine at a time.
//
// Nothing pushed is lost. A message that another one interrupts comes out as
// Unfinished; a continuation of nothing and opaque bytes are messages of their
// own. Records must be pushed in order and without gaps: a gap makes the
// messages around it Unfinished, and with context takeover those after it
// cannot be inflated.
//
// What wsluice sent of its own (Origin.Own) is put together apart from what its
// side sent itself, is never taken for compressed, and changes nothing about how
// that goes on. A record of it that is Unfinished ends its message.
type Assembler struct {
	// Extensions are those of the connection.
	Extensions Extensions
	// Limit is how many payload bytes a message holds at most; 0 means 64 MiB.
	// Memory is bounded by it, except that compressed messages of up to 16 MiB
	// on the wire are inflated whatever the limit. One that inflates to more than
	// 256 MiB has an Error instead.
	Limit int
	// Load returns the whole payload of a record that came with only the
	// beginning of it (len(r.Payload) < r.Stored). It is not called for
	// payloads over the limit. When nil, messages hold what the records held.
	Load func(r *Record) ([]byte, error)
	// Done, when it is closed, ends the inflating of a large message, which has an
	// Error then as all later ones may have. Nil is never closed.
	Done <-chan struct{}

	inflaters [2]Inflater
	open      [lanes]assembly // unfinished messages
	inflated  []byte
	widest    uint64 // size on the wire of the largest compressed payload so far
	last      uint64 // Seq of the last record
	out       []Message
}

// lanes is how many messages can be under way: each side's own and, beside it,
// one of those sent in its name.
const lanes = 4

// lane returns which of them r belongs to.
func lane(r *Record) int {
	if r.Origin.Own() {
		return int(r.From)
	}
	return int(r.From) + 2
}

// assembly is a message in the making.
type assembly struct {
	message Message // Frames is 0 when there is none
	// payload is what is kept of the payload as it passed, without holes.
	payload []byte
	// short is set when bytes are missing behind payload.
	short bool
}

// Push takes the next record and returns the messages it completes, in the
// order they ended; most often none or one. Control frames come out at once,
// also between the fragments of a message.
//
// The slice and the payloads in it are valid until the next call of Push or
// Flush; a payload may alias r.Payload.
func (a *Assembler) Push(r *Record) []Message {
	a.out = a.out[:0]
	if r.Seq > a.last+1 {
		a.missed()
	}
	a.last = max(a.last, r.Seq)

	open := &a.open[lane(r)]
	switch t := r.Type(); {
	case t == Opaque:
		a.finish(open)
		if r.Incomplete == Shed {
			// Whole messages may be among what was left out.
			a.skip(r.From)
		}
		a.single(r)
	case t.Control():
		a.single(r)
	case t == Continuation && open.message.Frames > 0:
		a.add(open, r)
	default:
		a.finish(open)
		a.begin(r)
	}
	return a.out
}

// Flush returns the messages that are still unfinished when a connection has
// ended, in the order they began. The result is valid until the next call of
// Push or Flush.
func (a *Assembler) Flush() []Message {
	a.out = a.out[:0]
	a.flush()
	return a.out
}

func (a *Assembler) flush() {
	var order [lanes]*assembly
	for i := range a.open {
		order[i] = &a.open[i]
	}
	slices.SortFunc(order[:], func(x, y *assembly) int { return cmp.Compare(x.message.Seq, y.message.Seq) })
	for _, open := range order {
		a.finish(open)
	}
}

// Pass tells that the records up to seq, which were not pushed, were whole
// messages by themselves, none of them compressed or part of another.
func (a *Assembler) Pass(seq uint64) { a.last = max(a.last, seq) }

// Midway reports whether a message has begun that is not complete yet.
func (a *Assembler) Midway() bool {
	for i := range a.open {
		if a.open[i].message.Frames > 0 {
			return true
		}
	}
	return false
}

// missed copes with records that were not pushed.
func (a *Assembler) missed() {
	a.flush()
	a.skip(Client)
	a.skip(Server)
}

// skip copes with what a side sent and was not kept.
func (a *Assembler) skip(from Side) {
	a.inflaters[from].Takeover = a.takeover(from)
	a.inflaters[from].Skip()
}

func (a *Assembler) takeover(side Side) bool {
	return a.Extensions.Deflate && !a.Extensions.NoContextTakeover[side]
}

// single makes a message of one record.
func (a *Assembler) single(r *Record) {
	s := assembly{message: a.message(r)}
	a.take(&s, r)
	s.payload = a.load(&s, r)
	a.emit(&s)
}

// begin starts a data message with its first record.
func (a *Assembler) begin(r *Record) {
	if r.Header.Fin && r.Header.Opcode != Continuation {
		a.single(r)
		return
	}
	open := &a.open[lane(r)]
	buffer := open.payload[:0]
	if cap(buffer) > maxKept {
		buffer = nil
	}
	*open = assembly{message: a.message(r), payload: buffer}
	if r.Header.Opcode == Continuation && r.Violation == Legal {
		// A legal continuation has a beginning: it was not pushed.
		open.message.Incomplete = Unfinished
	}
	a.add(open, r)
}

// add adds a record to an open message and completes it when it is the last.
func (a *Assembler) add(open *assembly, r *Record) {
	a.take(open, r)
	if !open.short {
		open.payload = append(open.payload, a.load(open, r)...)
	}
	if r.Header.Fin || r.Incomplete == Cut || r.Incomplete == Unfinished {
		a.emit(open)
		open.message = Message{}
	}
}

// finish completes an open message, if there is one, though its last frame did
// not come.
func (a *Assembler) finish(open *assembly) {
	m := &open.message
	if m.Frames == 0 {
		return
	}
	if m.Incomplete == Whole {
		m.Incomplete = Unfinished
	}
	open.short = true
	a.emit(open)
	// The payload handed out is valid as long as what follows in this call.
	*open = assembly{}
	a.inflated = nil
}

// message returns the message that begins with r, before r is taken into it.
func (a *Assembler) message(r *Record) Message {
	return Message{
		Conn: r.Conn, Seq: r.Seq, Global: r.Global,
		Time: r.Time, From: r.From, Type: r.Type(), Origin: r.Origin, Recoded: r.Recoded,
		Compressed: a.Extensions.Deflate && r.Origin.Own() && r.Type().Data() && r.Header.RSV&RSV1 != 0,
	}
}

// take counts r into the message s.
func (a *Assembler) take(s *assembly, r *Record) {
	m := &s.message
	m.Frames++
	m.WireSize += r.WireSize()
	if r.Opaque || r.Incomplete == Cut {
		m.Size += r.Stored
	} else {
		m.Size += r.Header.Length
	}
	if m.Violation == Legal {
		m.Violation = r.Violation
	}
	if m.Incomplete == Whole {
		m.Incomplete = r.Incomplete
	}
}

// load returns as much of r's payload as s has room for, and sets s.short when
// that is not all of it.
func (a *Assembler) load(s *assembly, r *Record) []byte {
	m := &s.message
	room := a.limit()
	if m.Compressed {
		room = max(room, minCompressed)
	}
	room -= len(s.payload)

	p := r.Payload
	if uint64(len(p)) < r.Stored && r.Stored <= uint64(room) && a.Load != nil {
		whole, err := a.Load(r)
		if err != nil {
			m.Error = fmt.Sprintf("read payload of frame %d: %v", r.Seq, err)
		} else {
			p = whole
		}
	}
	p = p[:min(len(p), room)]
	if uint64(len(p)) < r.Stored {
		m.Truncated, s.short = true, true
	}
	if r.Incomplete != Whole {
		s.short = true
	}
	return p
}

func (a *Assembler) limit() int {
	if a.Limit > 0 {
		return a.Limit
	}
	return defaultLimit
}

// emit completes the message s and hands it out.
func (a *Assembler) emit(s *assembly) {
	m := &s.message
	m.Payload = s.payload
	if m.Compressed {
		a.inflate(s)
	}
	m.Cut(a.limit())
	switch {
	case m.Type == Text && m.Error == "":
		m.checkText(s.short || m.Truncated)
	case m.Type == Close:
		code, reason, _ := ParseClose(m.Payload)
		m.Code, m.Reason = code, string(reason)
	}
	a.out = append(a.out, *m)
}

// inflate sets m.Payload and m.Size to the inflated payload, or m.Error.
func (a *Assembler) inflate(s *assembly) {
	m := &s.message
	a.widest = max(a.widest, m.Size)
	f := &a.inflaters[m.From]
	f.Takeover, f.done = a.takeover(m.From), a.Done
	if cap(a.inflated) > maxKept {
		a.inflated = nil
	}
	out, size, err := f.inflate(a.inflated[:0], s.payload, a.limit(), !s.short)
	a.inflated = out
	if err != nil {
		m.Error = err.Error()
		return
	}
	m.Payload, m.Truncated = out, m.Truncated || size > uint64(len(out))
	if size > 0 || !s.short {
		m.Size = size
	}
}

// checkText looks for bytes that are not UTF-8 (RFC 6455 section 8.1). When m
// stops short, a character cut in two at the end is no violation; when that is
// because of a limit, it is left out.
func (m *Message) checkText(short bool) {
	p := m.Payload
	if short {
		p = p[:len(p)-partialRune(p)]
		if m.Truncated {
			m.Payload = p
		}
	}
	if m.Violation == Legal && !utf8.Valid(p) {
		m.Violation = InvalidUTF8
	}
}

// partialRune returns the size of the incomplete character at the end of p.
func partialRune(p []byte) int {
	for n := 1; n < min(utf8.UTFMax, len(p)+1); n++ {
		if utf8.RuneStart(p[len(p)-n]) {
			if utf8.FullRune(p[len(p)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}
