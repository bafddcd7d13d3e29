package proxy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// memory is a Recorder that keeps everything in memory.
type memory struct {
	lock    sync.Mutex
	changed *sync.Cond
	tapes   []*memoryTape
	refuse  error                       // what Open returns
	forget  bool                        // keep no bytes
	hold    func(wire []byte)           // called by Append, without the lock
	search  func(context.Context) error // called by Inflater, likewise
}

// memoryTape is what a memory keeps of one connection.
type memoryTape struct {
	owner *memory
	conn  frame.Connection
	wire  [2][]byte
	// sent is what each side sent itself, whatever became of it.
	sent     [2][]byte
	inserted []inserted
	order    []frame.Side // of the bytes
	end      *frame.End
}

func newMemory() *memory {
	m := new(memory)
	m.changed = sync.NewCond(&m.lock)
	return m
}

func (m *memory) Open(c *frame.Connection) (Tape, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.refuse != nil {
		return nil, m.refuse
	}
	c.ID = uint64(len(m.tapes) + 1)
	tape := &memoryTape{owner: m, conn: *c}
	m.tapes = append(m.tapes, tape)
	m.changed.Broadcast()
	return tape, nil
}

func (t *memoryTape) Append(from frame.Side, at time.Time, wire []byte) {
	if t.owner.hold != nil {
		t.owner.hold(wire)
	}
	t.owner.lock.Lock()
	defer t.owner.lock.Unlock()
	if t.end != nil {
		panic("append to a closed tape")
	}
	if t.owner.forget {
		return
	}
	t.wire[from] = append(t.wire[from], wire...)
	t.sent[from] = append(t.sent[from], wire...)
	if len(t.order) < 10_000 {
		t.order = append(t.order, slices.Repeat([]frame.Side{from}, len(wire))...)
	}
	t.owner.changed.Broadcast()
}

// inserted is what Insert was given.
type inserted struct {
	frame.Passage
	wire []byte
}

func (t *memoryTape) Insert(p frame.Passage, wire []byte) {
	t.owner.lock.Lock()
	defer t.owner.lock.Unlock()
	if t.end != nil {
		panic("insert into a closed tape")
	}
	t.inserted = append(t.inserted, inserted{p, slices.Clone(wire)})
	if p.Origin == frame.Observed || p.Origin == frame.Dropped {
		t.sent[p.From] = append(t.sent[p.From], wire...)
	}
	t.owner.changed.Broadcast()
}

// Inflater inflates everything that side sent, as a store would.
func (t *memoryTape) Inflater(ctx context.Context, from frame.Side, n uint64) (*frame.Inflater, error) {
	if t.owner.search != nil {
		if err := t.owner.search(ctx); err != nil {
			return nil, err
		}
	}
	t.owner.lock.Lock()
	wire := slices.Clone(t.sent[from])
	extensions := frame.ParseExtensions(t.conn.Extensions)
	t.owner.lock.Unlock()
	f := &frame.Inflater{Takeover: !extensions.NoContextTakeover[from]}
	var c frame.Cutter
	var payload []byte
	compressed := false
	for n > 0 {
		p, size, ok := c.Next(wire)
		wire = wire[size:]
		if !ok {
			return nil, errors.New("the tape has fewer frames")
		}
		frame.Mask(p.Data, p.Header.Mask, p.Offset)
		if !p.Header.Opcode.Control() {
			if p.Header.Opcode != frame.Continuation && p.Offset == 0 {
				payload, compressed = nil, p.Header.RSV == frame.RSV1
			}
			payload = append(payload, p.Data...)
			if p.Last && p.Header.Fin && compressed {
				if _, _, err := f.Append(nil, payload, 0); err != nil {
					return nil, err
				}
			}
		}
		if p.Last {
			n--
		}
	}
	return f, nil
}

func (t *memoryTape) Close(end frame.End) {
	t.owner.lock.Lock()
	defer t.owner.lock.Unlock()
	if t.end != nil {
		panic("tape closed twice")
	}
	t.end = &end
	t.owner.changed.Broadcast()
}

var errDiskFull = errors.New("disk full")

// patience is how long a test waits for what must come. It is no measure of
// anything: only a broken test waits that long.
const patience = 20 * time.Second

// wait waits until ok is true of what was recorded.
func (m *memory) wait(t testing.TB, what string, ok func([]*memoryTape) bool) {
	t.Helper()
	expired := false
	timer := time.AfterFunc(patience, func() {
		m.lock.Lock()
		defer m.lock.Unlock()
		expired = true
		m.changed.Broadcast()
	})
	defer timer.Stop()
	m.lock.Lock()
	defer m.lock.Unlock()
	for !ok(m.tapes) {
		if expired {
			t.Fatalf("not recorded: %s; have %s", what, describe(m.tapes))
		}
		m.changed.Wait()
	}
}

// ended waits until n connections have ended and returns the last of them.
func (m *memory) ended(t testing.TB, n int) *memoryTape {
	t.Helper()
	m.wait(t, "the end of the connections", func(tapes []*memoryTape) bool {
		count := 0
		for _, tape := range tapes {
			if tape.end != nil {
				count++
			}
		}
		return count >= n
	})
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.tapes[n-1]
}

// count returns how many connections were recorded.
func (m *memory) count() int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return len(m.tapes)
}

func describe(tapes []*memoryTape) string {
	s := ""
	for _, t := range tapes {
		s += "\n  " + string(t.conn.State) + " " + t.conn.URL + " " + t.conn.Error
		if t.end != nil {
			s += " ended by " + string(t.end.EndedBy) + " how " + string(t.end.How)
		}
	}
	return s
}

// header returns the values of a recorded header field.
func header(list []frame.Field, name string) (values []string) {
	for _, f := range list {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return values
}
