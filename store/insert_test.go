package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// meddle inserts something between two frames of a side.
func (k *talk) meddle(side frame.Side) {
	p := frame.Passage{From: side, Time: epoch.Add(time.Duration(k.sent) * time.Millisecond), Origin: frame.Origin(1 + k.rng.IntN(4))}
	words := fmt.Appendf(nil, "meddled %d %s", k.sent, vocabulary[k.rng.IntN(len(vocabulary))])
	h := frame.Header{Fin: true, Opcode: frame.Text}
	if p.Origin == frame.Dropped {
		p.Recoded = k.rng.IntN(2) == 0
		if p.Recoded {
			p.Origin = frame.Observed
		}
		switch {
		case k.open[side]:
			h.Opcode = frame.Ping
		case k.deflate:
			words, h.RSV = k.deflater[side].Append(nil, words), frame.RSV1
		}
		k.tape.Insert(p, wire(side, h, words))
		return
	}
	first, last := frame.Header{Opcode: frame.Text}, frame.Header{Fin: true}
	var run []byte
	switch k.rng.IntN(6) {
	case 0:
		run = wire(side, first, words) // and nothing more
	case 1:
		run = wire(side, last, words)
	case 2:
		run = slices.Concat(wire(side, first, words), wire(side, frame.Header{Fin: true, Opcode: frame.Ping}, nil), wire(side, last, words))
	case 3:
		run = wire(side, h, words)
		run = run[:1+k.rng.IntN(len(run))]
	case 4:
		run = slices.Concat(wire(side, first, words), wire(side, h, words), wire(side, first, words), wire(side, frame.Header{Fin: true, Opcode: frame.Pong}, nil))
	default:
		run = wire(side, h, words)
	}
	k.tape.Insert(p, run)
}

// stage is a connection whose sides compress with context takeover, by a deflater
// of another make, while others send and keep back in their name.
type stage struct {
	t     *testing.T
	rng   *rand.Rand
	tape  *Tape
	id    uint64
	count int
	want  []string     // the messages, in the order of their ends
	wire  [2][2][]byte // all bytes, by side and by whether they are its own
	sides [2]actor
}

// actor is one side of a stage.
type actor struct {
	out    bytes.Buffer
	w      *flate.Writer
	rest   [][]byte // frames of the message under way that are still to come
	line   string   // that message
	frames uint64   // how many it has sent itself
	said   []saying
}

// saying is a compressed message a side sent, behind so many frames of its own.
type saying struct {
	after   uint64
	payload []byte
	text    string
}

func newStage(t *testing.T, r *Recorder, seed uint64) *stage {
	t.Helper()
	c := &frame.Connection{State: frame.Open, URL: "wss://example.org/stage", Start: epoch, Extensions: "permessage-deflate"}
	tape, err := r.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, rng: rand.New(rand.NewPCG(seed, 5)), tape: tape, id: c.ID}
	for i := range s.sides {
		if s.sides[i].w, err = flate.NewWriter(&s.sides[i].out, 9); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// own is 1 for what a side sent itself.
func own(o frame.Origin) int {
	if o.Own() {
		return 1
	}
	return 0
}

// line is what there is to know of a message that a test compares.
func line(m *frame.Message) string {
	return fmt.Sprintf("%s %s recoded=%v %s %d frames %s %s %.80q%s",
		m.From, m.Origin, m.Recoded, m.Type, m.Frames, m.Incomplete, m.Violation.Name(), m.Payload, m.Error)
}

func (s *stage) text() string {
	s.count++
	return strings.Repeat(fmt.Sprintf("%d %s ", s.count, vocabulary[s.rng.IntN(len(vocabulary))]), 1+s.rng.IntN(20))
}

// step does one thing.
func (s *stage) step() {
	from := frame.Side(s.rng.IntN(2))
	a := &s.sides[from]
	at := epoch.Add(time.Duration(s.count) * time.Millisecond)
	switch n := s.rng.IntN(10); {
	case n < 3:
		s.foreign(from, at)
	case len(a.rest) > 0 && n < 5:
		ping := frame.Message{From: from, Type: frame.Ping, Frames: 1, Payload: []byte("?"), Origin: frame.Dropped}
		s.insert(frame.Passage{From: from, Time: at, Origin: frame.Dropped}, wire(from, frame.Header{Fin: true, Opcode: frame.Ping}, ping.Payload))
		s.want = append(s.want, line(&ping))
		a.frames++
	case len(a.rest) > 0:
		s.next(from, at)
	default:
		s.own(from, at)
	}
}

// next sends the next frame of the message under way.
func (s *stage) next(from frame.Side, at time.Time) {
	a := &s.sides[from]
	p := a.rest[0]
	a.rest = a.rest[1:]
	lane := &s.wire[from][1]
	*lane = append(*lane, p...)
	cut := s.rng.IntN(len(p) + 1)
	s.tape.Append(from, at, p[:cut])
	s.tape.Append(from, at, p[cut:])
	if a.frames++; len(a.rest) == 0 {
		s.want = append(s.want, a.line)
	}
}

// own begins a message of the side itself, which may be dropped or recoded.
func (s *stage) own(from frame.Side, at time.Time) {
	a := &s.sides[from]
	m := frame.Message{From: from, Type: frame.Text, Payload: []byte(s.text())}
	payload, h := m.Payload, frame.Header{Opcode: frame.Text}
	if s.rng.IntN(4) > 0 {
		a.out.Reset()
		a.w.Write(payload)
		a.w.Flush()
		payload, h.RSV = bytes.Clone(a.out.Bytes()[:a.out.Len()-4]), frame.RSV1
		a.said = append(a.said, saying{a.frames, payload, string(m.Payload)})
	}
	m.Frames = 1 + s.rng.IntN(3)
	for i := range m.Frames {
		part := payload[:len(payload)/(m.Frames-i)]
		payload = payload[len(part):]
		h.Fin = i == m.Frames-1
		a.rest = append(a.rest, wire(from, h, part))
		h = frame.Header{Opcode: frame.Continuation}
	}
	p := frame.Passage{From: from, Time: at}
	switch s.rng.IntN(4) {
	case 0:
		p.Origin = frame.Dropped
	case 1:
		p.Recoded = true
	default:
		a.line = line(&m)
		s.next(from, at)
		return
	}
	m.Origin, m.Recoded = p.Origin, p.Recoded
	s.want = append(s.want, line(&m))
	a.frames += uint64(m.Frames)
	s.insert(p, slices.Concat(a.rest...))
	a.rest = nil
}

// foreign inserts something the side did not send.
func (s *stage) foreign(from frame.Side, at time.Time) {
	p := frame.Passage{From: from, Time: at, Origin: []frame.Origin{frame.Injected, frame.Edited}[s.rng.IntN(2)]}
	m := frame.Message{From: from, Type: frame.Text, Origin: p.Origin, Frames: 1, Payload: []byte(s.text())}
	whole, begin, end := frame.Header{Fin: true, Opcode: frame.Text}, frame.Header{Opcode: frame.Text}, frame.Header{Fin: true}
	var run []byte
	switch s.rng.IntN(8) {
	case 0: // it never ends
		m.Incomplete, run = frame.Unfinished, wire(from, begin, m.Payload)
	case 1: // it never began
		m.Type, m.Violation, run = frame.Continuation, frame.StrayContinuation, wire(from, end, m.Payload)
	case 2: // it lies about its length
		run = wire(from, whole, m.Payload)
		m.Payload, m.Incomplete = m.Payload[:len(m.Payload)-1], frame.Cut
		run = run[:len(run)-1]
	case 3: // that of a header
		run = []byte{0x81, 0xFE, 1}
		m.Type, m.Payload, m.Incomplete = frame.Opaque, run, frame.Cut
	case 4: // an impossible one
		run = append([]byte{0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, "rest"...)
		m.Type, m.Payload, m.Violation = frame.Opaque, run[:10], frame.ImpossibleLength
		s.want = append(s.want, line(&m))
		m.Payload, m.Violation = run[10:], frame.Legal
	case 5:
		m.Frames, run = 2, append(wire(from, begin, m.Payload[:1]), wire(from, end, m.Payload[1:])...)
	case 6: // RSV1, though it is not compressed
		whole.RSV = frame.RSV1
		run = wire(from, whole, m.Payload)
	default:
		run = wire(from, whole, m.Payload)
	}
	s.want = append(s.want, line(&m))
	s.insert(p, run)
}

func (s *stage) insert(p frame.Passage, wire []byte) {
	lane := &s.wire[p.From][own(p.Origin)]
	*lane = append(*lane, wire...)
	s.tape.Insert(p, wire)
}

// check compares what a reader finds with what was done. Done are the messages of
// a stage that has ended.
func (s *stage) check(r *Reader) {
	s.t.Helper()
	var got []string
	m := r.Messages(s.t.Context(), Query{Conn: s.id})
	defer m.Close()
	for m.Next() {
		got = append(got, line(m.Message()))
	}
	if err := m.Err(); err != nil {
		s.t.Fatal(err)
	}
	for i := range min(len(got), len(s.want)) {
		if got[i] != s.want[i] {
			s.t.Fatalf("message %d of connection %d is\n%s, want\n%s", i, s.id, got[i], s.want[i])
		}
	}
	if len(got) != len(s.want) {
		s.t.Fatalf("connection %d has %d messages, want %d", s.id, len(got), len(s.want))
	}
	var bytesOf [2][2][]byte
	for _, rec := range scan(s.t, r, s.id, 1) {
		lane := &bytesOf[rec.From][own(rec.Origin)]
		*lane = rec.AppendWire(*lane)
	}
	if !reflect.DeepEqual(bytesOf, s.wire) {
		s.t.Fatalf("connection %d has other bytes than were given", s.id)
	}
}

// TestInsert records random traffic with frames inserted everywhere, legal ones and
// others, and compares every byte and every message that a reader makes of it: live, at rest,
// repaired and compacted. It would catch a compression context that what was inserted
// disturbs or what was dropped is left out of, a message that others are mixed
// into, and an illegal frame that swallows what comes behind it.
func TestInsert(t *testing.T) {
	for seed := range uint64(3) {
		path := capturePath(t)
		r := create(t, path, Options{})
		stages := []*stage{newStage(t, r, seed), newStage(t, r, seed+100), newStage(t, r, seed+200)}
		rng := rand.New(rand.NewPCG(seed, 6))
		for i := range 6000 {
			stages[rng.IntN(3)].step()
			if i%2500 == 2499 {
				synced(t, r)
				live := r.Reader()
				for _, s := range stages {
					s.check(live)
				}
				closeAll(t, live)
			}
		}
		for _, s := range stages {
			for side := range s.sides {
				for len(s.sides[side].rest) > 0 {
					s.next(frame.Side(side), epoch)
				}
			}
			s.tape.Close(frame.End{Time: epoch, EndedBy: frame.ByClient, How: frame.ByFIN})
		}
		closeAll(t, r)
		verify(t, path)
		repaired := capturePath(t)
		if _, err := Repair(t.Context(), path, repaired, nil); err != nil {
			t.Fatal(err)
		}
		if err := Compact(t.Context(), path, Zstd, nil); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, repaired} {
			verify(t, p)
			reader := openReader(t, p)
			for _, s := range stages {
				s.check(reader)
			}
		}
	}
}

// TestInsertJudged catches a rule that the wrong side is said to break, parts of a
// message that do not find together, and a close frame nobody got taken for how
// the connection ended.
func TestInsertJudged(t *testing.T) {
	textOf := func(side frame.Side) []byte { return text(side, "text") }
	end := func(reason string) []byte {
		return wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Close}, frame.AppendClose(nil, 1000, reason))
	}
	begin := wire(frame.Client, frame.Header{Opcode: frame.Text}, []byte("a"))
	last := wire(frame.Client, frame.Header{Fin: true}, []byte("b"))
	type passage struct {
		origin frame.Origin
		wire   []byte
	}
	for _, test := range []struct {
		name   string
		runs   []passage
		want   []string // violation and message of each record
		reason string
	}{
		{"whole within another", []passage{{0, begin}, {frame.Injected, textOf(frame.Client)}, {0, last}}, []string{" 1", " 2", " 1"}, ""},
		{"begins within another", []passage{{0, begin}, {frame.Injected, begin}, {0, last}, {frame.Injected, last}}, []string{" 1", " 2", " 1", "continuation without a message 4"}, ""},
		{"in two frames", []passage{{frame.Edited, append(bytes.Clone(begin), last...)}}, []string{" 1", " 1"}, ""},
		{"dropped in two runs", []passage{{frame.Dropped, begin}, {frame.Dropped, last}}, []string{" 1", " 1"}, ""},
		{"dropped interruption", []passage{{0, begin}, {frame.Dropped, textOf(frame.Client)}, {0, last}}, []string{" 1", "message interrupted by another 2", "continuation without a message 3"}, ""},
		{"not masked", []passage{{frame.Injected, textOf(frame.Server)}}, []string{"unmasked client frame 1"}, ""},
		{"behind a close", []passage{{0, end("seen")}, {frame.Injected, textOf(frame.Client)}}, []string{" 1", "data frame after close 2"}, "seen"},
		{"behind a dropped close", []passage{{frame.Dropped, end("dropped")}, {0, textOf(frame.Client)}, {0, end("seen")}}, []string{" 1", "data frame after close 2", " 3"}, "seen"},
		{"before an injected close", []passage{{frame.Injected, end("injected")}, {0, textOf(frame.Client)}, {0, end("seen")}}, []string{" 1", " 2", " 3"}, "injected"},
		{"nothing", []passage{{frame.Injected, nil}}, nil, ""},
	} {
		path := capturePath(t)
		r := create(t, path, Options{})
		tape, c := openTape(t, r)
		for _, p := range test.runs {
			if p.origin == frame.Observed {
				tape.Append(frame.Client, epoch, p.wire)
			} else {
				tape.Insert(frame.Passage{From: frame.Client, Time: epoch, Origin: p.origin}, p.wire)
			}
		}
		tape.Close(frame.End{Time: epoch})
		closeAll(t, r)
		verify(t, path)
		reader := openReader(t, path)
		var got []string
		for _, rec := range scan(t, reader, c.ID, 1) {
			got = append(got, fmt.Sprintf("%s %d", rec.Violation.Name(), rec.Message))
		}
		conn, err := reader.Conn(t.Context(), c.ID)
		if err != nil || !slices.Equal(got, test.want) || conn.Reason != test.reason {
			t.Errorf("%s: %q and reason %q, want %q and %q, %v", test.name, got, conn.Reason, test.want, test.reason, err)
		}
	}
}

// TestInsertLarge inserts a frame larger than the queue between two that pass. It
// would catch memory that grows with it, and a payload that is not kept whole.
func TestInsertLarge(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{queue: 1 << 20})
	tape, c := openTape(t, r)
	body := bytes.Repeat([]byte("large "), 12<<20)
	tape.Append(frame.Client, epoch, text(frame.Client, "before"))
	tape.Insert(frame.Passage{From: frame.Client, Time: epoch, Origin: frame.Edited},
		wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Binary}, body))
	tape.Append(frame.Client, epoch, text(frame.Client, "behind"))
	if held := r.Stats().Queued; held > 1<<20 {
		t.Errorf("%d bytes are queued", held)
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	verify(t, path)
	reader := openReader(t, path)
	page, err := reader.Page(t.Context(), c.ID, 1, 5)
	if err != nil || len(page) != 3 || page[1].Origin != frame.Edited || page[1].Stored != uint64(len(body)) || string(page[2].Payload) != "behind" {
		t.Fatalf("%d records, %v", len(page), err)
	}
	if !bytes.Equal(payload(t, reader, 2), body) {
		t.Error("the payload is another")
	}
	if conn, err := reader.Conn(t.Context(), c.ID); err != nil || conn.Frames != [2]uint64{3, 0} || conn.Messages != [2]uint64{3, 0} || conn.Bytes[0] != uint64(len(body)+14+2*12) {
		t.Errorf("%+v, %v", conn, err)
	}
}

// TestInsertedByOrigin has blocks without anything inserted between those with
// some. It would catch an origin that is looked for in the wrong blocks.
func TestInsertedByOrigin(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	want := make(map[string][]uint64)
	seq := uint64(0)
	insert := func(p frame.Passage) {
		seq++
		p.Time = epoch
		tape.Insert(p, text(p.From, "inserted"))
		name := "origin == " + p.Origin.String()
		if p.Recoded {
			name = "recoded"
		}
		want[name] = append(want[name], seq)
	}
	for i := range 30 {
		for range 1000 {
			seq++
			tape.Append(frame.Server, epoch, text(frame.Server, fmt.Sprintf("observed %d of many that fill blocks", seq)))
		}
		insert(frame.Passage{From: frame.Side(i % 2), Origin: frame.Origin(1 + i%4)})
		insert(frame.Passage{Recoded: true})
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	reader := openReader(t, path)
	for text, seqs := range want {
		f, err := filter.ParseMessages(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, conn := range []uint64{0, c.ID} {
			var got []uint64
			for _, p := range walked(t, reader, Query{Conn: conn, Filter: f}) {
				got = append(got, p.Seq)
			}
			if !slices.Equal(got, seqs) {
				t.Errorf("%s: %d, want %d", text, got, seqs)
			}
		}
	}
}
