package rows_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// endless is a capture of any length of one connection: text messages of one
// frame, every rare-th of them binary.
type endless struct {
	last   atomic.Uint64
	rare   uint64
	looked atomic.Uint64 // records walks have gone past
	walks  atomic.Uint64
	grown  chan struct{} // with room for one
}

func newEndless(last, rare uint64) *endless {
	e := &endless{rare: rare, grown: make(chan struct{}, 1)}
	e.last.Store(last)
	return e
}

// grow appends n messages.
func (e *endless) grow(n uint64) {
	e.last.Add(n)
	select {
	case e.grown <- struct{}{}:
	default:
	}
}

func (e *endless) Count(context.Context, uint64) (uint64, error) { return e.last.Load(), nil }

func (e *endless) Wait(ctx context.Context, version uint64) (uint64, error) {
	if version == 0 {
		return 1, nil
	}
	select {
	case <-e.grown:
		return version + 1, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (e *endless) Page(_ context.Context, _, from uint64, n int) (page []frame.Record, err error) {
	for ; len(page) < n && from <= e.last.Load(); from++ {
		page = append(page, frame.Record{Conn: 1, Seq: from, Global: from, Message: from, Time: e.time(from), Header: frame.Header{Fin: true}})
	}
	return page, nil
}

func (e *endless) time(number uint64) time.Time {
	return epoch.Add(time.Duration(number) * time.Millisecond)
}

func (e *endless) Messages(ctx context.Context, q rows.Query) rows.Messages {
	e.walks.Add(1)
	return &stroll{endless: e, ctx: ctx, query: q, next: max(q.Start, 1)}
}

type stroll struct {
	*endless
	ctx         context.Context
	query       rows.Query
	next, until uint64
	now         frame.Message
	payload     [32]byte
}

func (s *stroll) Until(number uint64) { s.until = number }

func (s *stroll) Next() bool {
	begun, last := s.next, s.last.Load()
	defer func() { s.looked.Add(s.next - begun) }()
	for ; s.next <= last && (s.until == 0 || s.next < s.until); s.next++ {
		if s.next&0xFFFF == 0 && s.ctx.Err() != nil {
			return false
		}
		op := frame.Text
		if s.next%s.rare == 0 {
			op = frame.Binary
		}
		if s.query.Opcodes == 0 || s.query.Opcodes&(1<<op) != 0 {
			s.now = frame.Message{
				Conn: 1, Seq: s.next, Global: s.next, Time: s.time(s.next), From: frame.Side(s.next % 2), Type: op,
				Payload: strconv.AppendUint(s.payload[:0], s.next, 10), Frames: 1,
			}
			s.next++
			return true
		}
	}
	return false
}

func (s *stroll) Message() *frame.Message { return &s.now }
func (s *stroll) Position() (uint64, int) { return s.now.Seq, 0 }
func (s *stroll) Progress() float64       { return 0 }
func (s *stroll) Pruned() uint64          { return 0 }
func (s *stroll) Err() error              { return s.ctx.Err() }
func (s *stroll) Close() error            { return nil }

const million = 1_000_000

// TestLooks would catch a list that reads more than it shows: it counts how many
// records are gone past for each thing a user does.
func TestLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndless(10*million, 1000)
		l := rows.New(e, rows.Query{Conn: 1}, func() {})
		t.Cleanup(l.Close)
		l.SetHeight(50)
		for _, step := range []struct {
			name     string
			do       func()
			most     uint64
			selected uint64
		}{
			{"open", func() {}, 1100, 10 * million},
			{"up", func() { l.Move(-1) }, 1000, 10*million - 1},
			{"home", l.First, 1000, 1},
			{"page down", func() { l.Page(1) }, 100, 50},
			{"pages down", func() { l.Page(10) }, 1000, 540},
			{"end", l.Last, 1000, 10 * million},
			{"to", func() { l.To(5 * million) }, 1000, 5 * million},
			{"page up", func() { l.Page(-1) }, 1000, 5*million - 49},
			{"time", func() { l.ToTime(e.time(7 * million)) }, 1000, 7 * million},
			{"few", func() { l.SetQuery(rows.Query{Conn: 1, Opcodes: 1 << frame.Binary}) }, 11 * million, 7 * million},
			{"page up of few", func() { l.Page(-1) }, 60 * 1000, 7*million - 49*1000},
			{"end of few", l.Last, 300 * 1000, 10 * million},
			{"home of few", l.First, 300 * 1000, 1000},
		} {
			before := e.looked.Load()
			step.do()
			settle(t, l)
			if got, looked := selected(t, l), e.looked.Load()-before; got != step.selected || looked > step.most {
				t.Errorf("%s goes to %d past %d records, want %d past %d at most", step.name, got, looked, step.selected, step.most)
			}
		}
	})
}

// TestRare would catch a search for messages that are far apart that reads the
// capture again and again, or at all once it has been counted.
func TestRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndless(10*million, 3*million)
		l := rows.New(e, rows.Query{Conn: 1, Opcodes: 1 << frame.Binary}, func() {})
		t.Cleanup(l.Close)
		settle(t, l)
		if looked := e.looked.Load(); selected(t, l) != 9*million || looked > 21*million {
			t.Errorf("%d is selected past %d records", selected(t, l), looked)
		}
		if c := l.Counts(); c.Matched != 3 || c.Selected != 3 || !c.Complete {
			t.Errorf("%+v", c)
		}
		for _, do := range []func(){l.First, l.Last, func() { l.To(5 * million) }, func() { l.SetHeight(40) }, l.First, l.Last} {
			before := e.looked.Load()
			do()
			settle(t, l)
			if looked := e.looked.Load() - before; looked > 1000 {
				t.Errorf("%d is selected past %d records", selected(t, l), looked)
			}
		}
	})
}

// TestFlood would catch a list that reads all of what comes when it only shows
// the end of it.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, rare := range []uint64{1, 10} {
			e := newEndless(million, rare)
			q := rows.Query{Conn: 1}
			l := rows.New(e, q, func() {})
			defer l.Close()
			l.SetHeight(50)
			settle(t, l)
			before := e.looked.Load()
			for range 1000 {
				e.grow(50)
				time.Sleep(time.Millisecond)
				l.Update()
			}
			time.Sleep(time.Second)
			settle(t, l)
			if looked := e.looked.Load() - before; looked > 31*300 || selected(t, l) != million+50_000 {
				t.Errorf("%d is selected past %d records", selected(t, l), looked)
			}
		}
	})
}
