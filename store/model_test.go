package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// TestModel drives a recorder with random traffic of several connections, cut
// at random places, closed in the middle of frames and reopened, and compares
// everything a reader can say with a plain model in memory. It would catch any
// loss, reordering, wrong number or byte that pages, scans, counts, payloads or
// the index can show (pitfalls F1, F2, F3, F8, F12, F13, S1, S6).
func TestModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 7)), path: capturePath(t), now: epoch}
			for range 2 {
				m.session()
				r := openReader(t, m.path)
				m.check(r)
				closeAll(t, r)
				verify(t, m.path)
			}
		})
	}
}

// model is what a capture should hold.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	path  string
	now   time.Time
	conns []*modelConn
	all   []*modelRecord
	rec   *Recorder
}

type modelRecord struct {
	frame.Record
	whole []byte // the payload, of which Record may have a preview
}

type modelConn struct {
	frame.Connection
	tape    *Tape
	stream  [2][]byte // all that was sent
	records []*modelRecord
	sides   [2]modelSide
}

// modelSide is one direction: the frame under way and what is left of it.
type modelSide struct {
	checker frame.Checker
	wire    []byte // of the frame under way, all of it
	sent    int
	rec     modelRecord
	kept    *modelRecord // once recorded
	began   time.Time
	message uint64
}

// session records for a while and closes the capture.
func (m *model) session() {
	m.rec = create(m.t, m.path, Options{})
	var open []*modelConn
	for range 400 {
		m.now = m.now.Add(time.Duration(m.rng.IntN(1e6)) - 1e5)
		switch {
		case len(open) == 0 || len(open) < 6 && m.rng.IntN(30) == 0:
			open = append(open, m.open())
		case m.rng.IntN(60) == 0:
			i := m.rng.IntN(len(open))
			m.close(open[i])
			open = append(open[:i], open[i+1:]...)
		case m.rng.IntN(80) == 0:
			synced(m.t, m.rec)
			live := m.rec.Reader()
			m.check(live)
			closeAll(m.t, live)
		default:
			m.append(open[m.rng.IntN(len(open))], frame.Side(m.rng.IntN(2)))
		}
	}
	for _, c := range open {
		m.close(c)
	}
	closeAll(m.t, m.rec)
}

func (m *model) open() *modelConn {
	c := &modelConn{}
	c.State, c.URL, c.Start = frame.Open, fmt.Sprintf("ws://host/%d", len(m.conns)), m.now
	c.Request = []frame.Field{{Name: "Origin", Value: "a"}, {Name: "Empty"}, {Name: "Origin", Value: "b"}}
	var err error
	if c.tape, err = m.rec.Open(&c.Connection); err != nil {
		m.t.Fatal(err)
	}
	m.conns = append(m.conns, c)
	if c.ID != uint64(len(m.conns)) {
		m.t.Fatalf("connection got id %d, want %d", c.ID, len(m.conns))
	}
	for side := range c.sides {
		c.sides[side].checker.From = frame.Side(side)
	}
	return c
}

// append sends a run of random length, which may end anywhere.
func (m *model) append(c *modelConn, from frame.Side) {
	s := &c.sides[from]
	var run []byte
	for n := 1 + m.rng.IntN([]int{20, 2000, 100000}[m.rng.IntN(3)]); n > 0; {
		if s.sent == len(s.wire) {
			m.next(s, from)
		}
		if s.sent == 0 {
			s.began = m.now
		}
		part := s.wire[s.sent:min(len(s.wire), s.sent+n)]
		run = append(run, part...)
		s.sent += len(part)
		n -= len(part)
		m.arrived(c, s)
	}
	c.stream[from] = append(c.stream[from], run...)
	c.tape.Append(from, m.now, run)
}

// next makes the next random frame.
func (m *model) next(s *modelSide, from frame.Side) {
	sizes := []int{0, 1, 5, 125, 126, 127, 1000, 65535, 65536, partSize, partSize + 1, 3 * partSize, 300000}
	body := make([]byte, sizes[min(m.rng.IntN(len(sizes)*3)/2, m.rng.IntN(len(sizes)))])
	for i := range body {
		body[i] = byte('a' + m.rng.IntN(4))
	}
	ops := []frame.Opcode{0, 1, 1, 1, 2, 2, 3, 8, 9, 10, 15}
	h := frame.Header{
		Length: uint64(len(body)), Opcode: ops[m.rng.IntN(len(ops))], Fin: m.rng.IntN(4) > 0,
		Masked: from == frame.Client != (m.rng.IntN(20) == 0),
	}
	if h.Masked && m.rng.IntN(10) > 0 {
		h.Mask = [4]byte{byte(m.rng.Uint32()), byte(m.rng.Uint32()), 3, 4}
	}
	if m.rng.IntN(20) == 0 {
		h.RSV = uint8(m.rng.IntN(8))
	}
	h.Extended = uint8(h.Size() - 2)
	if h.Masked {
		h.Extended -= 4
	}
	if m.rng.IntN(20) == 0 {
		h.Extended = 8
	}
	s.rec = modelRecord{Record: frame.Record{Header: h, From: from, Payload: body}, whole: body}
	s.wire = s.rec.AppendWire(nil)
	s.sent, s.kept = 0, nil
}

// arrived records the frame under way if enough of it was sent.
func (m *model) arrived(c *modelConn, s *modelSide) {
	head := s.rec.Header.Size()
	long := len(s.rec.whole) > partSize && s.sent-head >= partSize
	if s.kept == nil && (s.sent == len(s.wire) || long) {
		m.keep(c, s, long, frame.Whole)
	}
	if s.kept != nil {
		s.kept.Stored = uint64(s.sent - head)
		s.kept.Incomplete = frame.Whole
		if s.sent < len(s.wire) {
			s.kept.Incomplete = frame.Cut
		}
	}
}

func (m *model) keep(c *modelConn, s *modelSide, long bool, missing frame.Incomplete) {
	r := s.rec
	s.kept = &r
	r.Global, r.Conn, r.Seq = uint64(len(m.all)+1), c.ID, uint64(len(c.records)+1)
	r.Time, r.Incomplete, r.Stored = s.began, missing, uint64(len(r.Payload))
	if long {
		r.Payload = r.Payload[:previewSize]
	}
	r.Message = r.Seq
	if !r.Opaque {
		if op := r.Header.Opcode; !op.Control() {
			if op == frame.Continuation && s.message > 0 {
				r.Message = s.message
			} else if !r.Header.Fin {
				s.message = r.Seq
			}
			if r.Header.Fin {
				s.message = 0
			}
		}
		r.Violation = s.checker.Check(&r.Header, r.Payload)
	}
	c.records = append(c.records, s.kept)
	m.all = append(m.all, s.kept)
}

// close ends a connection, perhaps within a frame.
func (m *model) close(c *modelConn) {
	for side := range c.sides {
		s := &c.sides[side]
		if s.sent == len(s.wire) || s.sent == 0 {
			continue
		}
		head := s.rec.Header.Size()
		switch {
		case s.kept != nil:
			s.kept.whole = s.kept.whole[:s.sent-head]
		case s.sent < head:
			s.rec = modelRecord{whole: s.wire[:s.sent]}
			s.rec.From, s.rec.Opaque, s.rec.Payload = frame.Side(side), true, s.wire[:s.sent]
			s.rec.Header.Length = uint64(s.sent)
			m.keep(c, s, false, frame.Cut)
		default:
			s.rec.Payload = s.rec.Payload[:s.sent-head]
			s.rec.whole = s.rec.Payload
			m.keep(c, s, false, frame.Cut)
		}
	}
	c.State, c.End, c.EndedBy, c.How = frame.Closed, m.now, frame.ByClient, frame.ByFIN
	c.tape.Close(frame.End{Time: m.now, EndedBy: frame.ByClient, How: frame.ByFIN})
}

// check compares everything with a reader.
func (m *model) check(r *Reader) {
	m.t.Helper()
	m.list(r, 0, m.all)
	for _, c := range m.conns {
		m.list(r, c.ID, c.records)
		m.counters(r, c)
	}
	if _, err := r.Conn(m.t.Context(), uint64(len(m.conns)+1)); !errors.Is(err, ErrNoConnection) {
		m.t.Fatalf("unknown connection: %v", err)
	}
}

// list compares the count, a scan from somewhere, a page from somewhere and
// some payloads.
func (m *model) list(r *Reader, conn uint64, want []*modelRecord) {
	m.t.Helper()
	if n, err := r.Count(m.t.Context(), conn); err != nil || n != uint64(len(want)) {
		m.t.Fatalf("connection %d has %d frames (%v), want %d", conn, n, err, len(want))
	}
	from := m.rng.IntN(len(want) + 1)
	got := scan(m.t, r, conn, uint64(from+1))
	if len(got) != len(want)-from {
		m.t.Fatalf("scan of connection %d from %d brought %d records, want %d", conn, from+1, len(got), len(want)-from)
	}
	for i := range got {
		m.record(got[i], want[from+i])
	}
	from = m.rng.IntN(len(want) + 1)
	n := 1 + m.rng.IntN(150)
	page, err := r.Page(m.t.Context(), conn, uint64(from+1), n)
	if err != nil || len(page) != min(n, len(want)-from) {
		m.t.Fatalf("page of %d of connection %d from %d has %d records (%v) of %d", n, conn, from+1, len(page), err, len(want))
	}
	for i := range page {
		m.record(page[i], want[from+i])
	}
	for range min(len(want), 3) {
		w := want[m.rng.IntN(len(want))]
		if w.Incomplete == frame.Whole && !bytes.Equal(payload(m.t, r, w.Global), w.whole) {
			m.t.Fatalf("payload of frame %d differs", w.Global)
		}
	}
}

func (m *model) record(got frame.Record, want *modelRecord) {
	m.t.Helper()
	w := want.Record
	if w.Stored > partSize || len(w.Payload) == previewSize && w.Stored >= partSize {
		// How much of a long frame is in the capture while it arrives depends
		// on where parts end.
		if w.Incomplete == frame.Cut && got.Stored <= w.Stored {
			got.Stored = w.Stored
		}
	}
	same(m.t, got, w)
}

func (m *model) counters(r *Reader, c *modelConn) {
	m.t.Helper()
	got, err := r.Conn(m.t.Context(), c.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	if got.URL != c.URL || got.State != c.State || !got.End.Equal(c.End) || len(got.Request) != len(c.Request) {
		m.t.Fatalf("connection is %+v, want %+v", got, c.Connection)
	}
	if c.State == frame.Open {
		return // counts lag behind by a second
	}
	var messages, frames, size [2]uint64
	for _, w := range c.records {
		size[w.From] += w.WireSize()
		if w.Opaque {
			continue
		}
		frames[w.From]++
		if w.Header.Fin {
			messages[w.From]++
		}
	}
	m.rebuild(r, c)
	if got.Messages != messages || got.Frames != frames || got.Bytes != size {
		m.t.Fatalf("connection %d counts %v %v %v, want %v %v %v", c.ID, got.Messages, got.Frames, got.Bytes, messages, frames, size)
	}
}

// rebuild puts the bytes of both sides together again from the records.
func (m *model) rebuild(r *Reader, c *modelConn) {
	m.t.Helper()
	var stream [2][]byte
	for _, rec := range scan(m.t, r, c.ID, 1) {
		if uint64(len(rec.Payload)) < rec.Stored {
			rec.Payload = payload(m.t, r, rec.Global)
		}
		stream[rec.From] = rec.AppendWire(stream[rec.From])
	}
	for side, want := range c.stream {
		// Long frames of both sides may be recorded while others arrive, but
		// within a side the order is that of the wire.
		if !bytes.Equal(stream[side], want) {
			m.t.Fatalf("connection %d: the %d bytes of %v come back as %d others", c.ID, len(want), frame.Side(side), len(stream[side]))
		}
	}
}
