package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// tide is traffic that comes and goes, and what a capture of it may hold. The
// bytes do not compress.
type tide struct {
	t    *testing.T
	rng  *rand.Rand
	path string
	now  time.Time
	rec  *Recorder
	all  []tideFrame
	// conns are those that were opened, by id; nil are deleted ones.
	conns map[uint64]*tideConn
	open  []*tideConn
	last  uint64 // connection id
	// deleted is set once delete has run.
	deleted bool
}

type tideFrame struct {
	conn, seq uint64
	payload   []byte // of a long one, its beginning
	size      int
}

type tideConn struct {
	id, frames uint64
	tape       *Tape
	end        time.Time
}

func newTide(t *testing.T, seed uint64) *tide {
	return &tide{
		t: t, rng: rand.New(rand.NewPCG(seed, 11)), path: capturePath(t), now: epoch,
		conns: make(map[uint64]*tideConn),
	}
}

// session records about the given number of bytes, over hours.
func (m *tide) session(o Options, size int, each func()) {
	m.rec = create(m.t, m.path, o)
	for sent := 0; sent < size; {
		m.now = m.now.Add(time.Duration(m.rng.IntN(int(20 * time.Second))))
		switch n := m.rng.IntN(100); {
		case len(m.open) == 0 || n < 2 && len(m.open) < 12:
			m.connect(frame.Open)
		case n < 4:
			m.connect([]frame.State{frame.Refused, frame.Failed, frame.Bypassed}[m.rng.IntN(3)])
		case n < 6 && len(m.open) > 1:
			// The first one stays as long as the session does.
			m.end(1 + m.rng.IntN(len(m.open)-1))
		case n < 7:
			each()
		default:
			// Some connections are quiet for long.
			sent += m.send(m.open[m.rng.IntN(1+m.rng.IntN(len(m.open)))])
		}
	}
	each()
	for len(m.open) > 0 {
		m.end(0)
	}
	closeAll(m.t, m.rec)
}

func (m *tide) connect(state frame.State) {
	c := &frame.Connection{State: state, URL: fmt.Sprintf("ws://host/%d", m.last+1), Start: m.now, End: m.now}
	if state == frame.Open {
		c.End = time.Time{}
	}
	tape, err := m.rec.Open(c)
	if err != nil {
		m.t.Fatal(err)
	}
	if m.last++; c.ID != m.last {
		m.t.Fatalf("connection got id %d, want %d", c.ID, m.last)
	}
	one := &tideConn{id: c.ID, tape: tape, end: c.End}
	m.conns[c.ID] = one
	if state == frame.Open {
		m.open = append(m.open, one)
	}
}

func (m *tide) end(i int) {
	c := m.open[i]
	m.open = append(m.open[:i], m.open[i+1:]...)
	c.end = m.now
	c.tape.Close(frame.End{Time: m.now, EndedBy: frame.ByServer, How: frame.ByFIN})
}

func (m *tide) send(c *tideConn) int {
	return m.sendSize(c, []int{10, 100, 3000, 60_000, partSize + 5, 400_000}[min(m.rng.IntN(6), m.rng.IntN(8))])
}

func (m *tide) sendSize(c *tideConn, size int) int {
	p := make([]byte, size)
	for i := 0; i+8 <= len(p); i += 8 {
		v := m.rng.Uint64()
		copy(p[i:], []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24), byte(v >> 32), byte(v >> 40), byte(v >> 48), byte(v >> 56)})
	}
	c.frames++
	m.all = append(m.all, tideFrame{conn: c.id, seq: c.frames, payload: bytes.Clone(p[:min(size, 32)]), size: size})
	c.tape.Append(frame.Server, m.now, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, p))
	return size
}

// check compares all a reader shows with what should be there, and returns how
// many frames are gone. Of the connections without frames it may keep some.
func (m *tide) check(r *Reader) uint64 {
	m.t.Helper()
	got := scan(m.t, r, 0, 1)
	var want []tideFrame
	edge := uint64(len(m.all))
	if len(got) > 0 {
		edge = got[0].Global - 1
	}
	left := make(map[uint64]uint64)
	var numbers []uint64
	for i, f := range m.all[edge:] {
		if m.conns[f.conn] != nil {
			want, numbers = append(want, f), append(numbers, edge+uint64(i)+1)
			left[f.conn]++
		}
	}
	if len(got) != len(want) {
		m.t.Fatalf("%d frames from %d, want %d", len(got), edge+1, len(want))
	}
	for i, w := range want {
		if g := got[i]; g.Global != numbers[i] || g.Conn != w.conn || g.Seq != w.seq || g.Stored != uint64(w.size) || !bytes.HasPrefix(g.Payload, w.payload) {
			m.t.Fatalf("frame %d is %d: connection %d seq %d, %d bytes; want connection %d seq %d, %d bytes",
				numbers[i], g.Global, g.Conn, g.Seq, g.Stored, w.conn, w.seq, w.size)
		}
	}
	for id := uint64(1); id <= m.last; id++ {
		m.connection(r, id, left[id])
	}
	return edge
}

func (m *tide) connection(r *Reader, id, left uint64) {
	m.t.Helper()
	model := m.conns[id]
	c, err := r.Conn(m.t.Context(), id)
	if model == nil || err != nil {
		// Gone is what was deleted, and what ended and has no frames.
		if !errors.Is(err, ErrNoConnection) || model != nil && (left > 0 || model.end.IsZero()) {
			m.t.Fatalf("connection %d: %v", id, err)
		}
		if n := len(scan(m.t, r, id, 1)); n > 0 {
			m.t.Fatalf("connection %d is gone and has %d frames", id, n)
		}
		return
	}
	if c.Missing != model.frames-left {
		m.t.Fatalf("connection %d misses %d frames, want %d of %d", id, c.Missing, model.frames-left, model.frames)
	}
	if n, err := r.Count(m.t.Context(), id); err != nil || n != model.frames {
		m.t.Fatalf("connection %d counts %d frames (%v), want %d", id, n, err, model.frames)
	}
	page, err := r.Page(m.t.Context(), id, 1, 1000)
	if err != nil || uint64(len(page)) != min(left, 1000) {
		m.t.Fatalf("connection %d has a page of %d (%v), want %d", id, len(page), err, left)
	}
	for i, g := range page {
		if g.Seq != model.frames-left+uint64(i)+1 {
			m.t.Fatalf("connection %d: frame %d is at %d of %d", id, g.Seq, i, left)
		}
	}
}

// copied verifies a copy of the live capture.
func (m *tide) copied(r *Reader) {
	m.t.Helper()
	to := filepath.Join(m.t.TempDir(), "copy.db")
	f, err := os.Create(to)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := r.Snapshot(m.t.Context(), f); err != nil {
		m.t.Fatal(err)
	}
	closeAll(m.t, f)
	if verify(m.t, to).Unfinished > 0 {
		closeAll(m.t, create(m.t, to, Options{}))
		verify(m.t, to)
	}
	os.Remove(to)
}

// TestRing records hours of traffic into a capture of bounded size, over several
// sessions, deletes connections meanwhile, and compares all a reader can see
// with a model at many moments. It would catch a file that grows, an edge that
// is not clean, frames that go although there is room, a connection that
// vanishes with frames or stays without, and an id or a number given twice.
func TestRing(t *testing.T) {
	m := newTide(t, 1)
	const bound = minRing
	var largest int64
	var deleted int
	check := func() {
		synced(t, m.rec)
		live := m.rec.Reader()
		edge := m.check(live)
		m.copied(live)
		s := m.rec.Stats()
		largest = max(largest, s.Size)
		if s.Used > bound+bound/4 || edge > 0 && s.Used < bound/2 || s.MaxSize != bound {
			t.Fatalf("%d bytes are in use, stats are %+v", s.Used, s)
		}
		if m.rng.IntN(4) == 0 {
			if id := 1 + m.rng.Uint64N(m.last); m.conns[id] != nil && !m.conns[id].end.IsZero() {
				if _, err := m.rec.Delete(t.Context(), id); err == nil {
					m.conns[id] = nil
					deleted++
				} else if !errors.Is(err, ErrNoConnection) {
					t.Fatal(err)
				}
			}
		}
		closeAll(t, live)
	}
	for range 4 {
		m.session(Options{MaxSize: bound}, 40<<20, check)
		verify(t, m.path)
		reader := openReader(t, m.path)
		m.check(reader)
		closeAll(t, reader)
	}
	t.Logf("%d frames over %v, %d connections, %d deleted, the file had at most %d KiB", len(m.all), m.now.Sub(epoch), m.last, deleted, largest>>10)
	if largest > bound+bound*3/4 {
		t.Errorf("the file grew to %d bytes, want about %d", largest, bound)
	}
	reader := openReader(t, m.path)
	conns, err := reader.Conns(t.Context(), 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if uint64(len(conns)) > m.last/2 {
		t.Errorf("%d of %d connections are left", len(conns), m.last)
	}
}

// TestRingLong sends one payload that is larger than the capture may be. It
// would catch a ring that waits for the end of a frame.
func TestRingLong(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{MaxSize: minRing})
	tape, _ := openTape(t, r)
	rng := rand.New(rand.NewPCG(1, 2))
	h := frame.Header{Fin: true, Opcode: frame.Binary, Length: 81 << 20}
	tape.Append(frame.Server, epoch, h.Append(nil))
	p := make([]byte, 1<<20)
	for range 80 {
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		tape.Append(frame.Server, epoch, p)
		synced(t, r)
		if s := r.Stats(); s.Used > minRing*3/2 {
			t.Fatalf("%d bytes are in use", s.Used)
		}
	}
	// A recorder that is killed now leaves a frame that is half there and gone.
	if _, err := r.Prune(t.Context(), Bound{Before: epoch.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	m := &tide{t: t}
	live := r.Reader()
	m.copied(live)
	closeAll(t, live)
	tape.Append(frame.Server, epoch, p)
	tape.Append(frame.Server, epoch, text(frame.Server, "behind"))
	tape.Close(frame.End{Time: epoch})
	closeAll(t, r)
	verify(t, path)
	reader := openReader(t, path)
	got := scan(t, reader, 0, 1)
	c, err := reader.Conn(t.Context(), 1)
	if err != nil || len(got) != 1 || string(got[0].Payload) != "behind" || c.Missing != 1 || c.Bytes[frame.Server] < 81<<20 {
		t.Errorf("%d records, connection %+v, %v", len(got), c, err)
	}
}

// TestRingEdge lets the edge pass a reader that is half way. It would catch a
// cursor that stops, repeats, or does not say what it missed.
func TestRingEdge(t *testing.T) {
	m := newTide(t, 3)
	m.rec = create(t, m.path, Options{MaxSize: minRing})
	m.connect(frame.Open)
	for sent := 0; sent < 12<<20; {
		sent += m.send(m.open[0])
	}
	synced(t, m.rec)
	live := m.rec.Reader()
	c := live.Scan(t.Context(), 0, 1)
	for range 50 {
		if !c.Next() {
			t.Fatal(c.Err())
		}
	}
	for sent := 0; sent < 40<<20; {
		sent += m.send(m.open[0])
	}
	synced(t, m.rec)
	n, before := uint64(50), c.Record().Global
	for c.Next() {
		if c.Record().Global <= before {
			t.Fatalf("record %d after %d", c.Record().Global, before)
		}
		before = c.Record().Global
		n++
	}
	if c.Err() != nil || c.Pruned() == 0 || n+c.Pruned() != uint64(len(m.all)) {
		t.Errorf("%d records were seen and %d pruned of %d, %v", n, c.Pruned(), len(m.all), c.Err())
	}
	m.end(0)
	closeAll(t, c, live, m.rec)
}

// TestRingQuiet lets connections be quiet until their frames are gone, and then
// end, some after a last frame. It would catch a connection that is forgotten
// while it is open or has a frame, one that stays without, and one that no
// longer knows how far it had come.
func TestRingQuiet(t *testing.T) {
	m := newTide(t, 4)
	m.rec = create(t, m.path, Options{MaxSize: minRing})
	m.connect(frame.Open)
	push := func(size int) {
		for sent := 0; sent < size; {
			p := 30_000
			m.sendSize(m.open[0], p)
			sent += p
		}
		synced(t, m.rec)
	}
	const quiet = 30
	for range quiet {
		m.connect(frame.Open)
		for range 3 {
			m.sendSize(m.open[len(m.open)-1], 10)
		}
	}
	push(30 << 20)
	live := m.rec.Reader()
	m.check(live)
	for id := uint64(2); id <= quiet+1; id++ {
		if n, err := live.Count(t.Context(), id); err != nil || n != 3 {
			t.Fatalf("connection %d has come to frame %d, %v", id, n, err)
		}
	}
	for i := range quiet {
		if i%2 == 0 {
			m.sendSize(m.open[1], 10)
		}
		m.end(1)
		push(100_000)
		m.check(live)
	}
	push(3 << 20)
	conns, err := live.Conns(t.Context(), 0, 100)
	if err != nil || len(conns) != 1+quiet/2 {
		t.Errorf("%d connections are left (%v), want %d", len(conns), err, 1+quiet/2)
	}
	m.end(0)
	closeAll(t, live, m.rec)
	verify(t, m.path)
}
