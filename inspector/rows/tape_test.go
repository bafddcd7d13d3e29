package rows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// message is a message of a tape.
type message struct {
	frame.Message
	// seq and global are where it came out, on its connection and in the capture,
	// part which of those it is that came out there.
	seq, global rows.Position
}

func (m *message) position(conn uint64) rows.Position {
	if conn == 0 {
		return m.global
	}
	return m.seq
}

// tape is a capture in memory that is written to and pruned.
type tape struct {
	mu       sync.Mutex
	records  []frame.Record
	messages []message
	conns    map[uint64]uint64            // number of records by connection
	open     map[uint64][2]*frame.Message // messages under way
	floor    uint64                       // number of the first record that is left
	late     []int                        // where messages were inserted, each before the next was
	version  uint64
	grown    chan struct{}
	fail     error  // what reads fail with
	gate     *gate  // where walks wait, nil for nowhere
	looked   uint64 // how many records walks have gone past
	walks    int    // how many walks were begun
}

func newTape() *tape {
	return &tape{
		conns: make(map[uint64]uint64), open: make(map[uint64][2]*frame.Message),
		floor: 1, version: 1, grown: make(chan struct{}),
	}
}

// add appends a frame. Payloads are whole in the last frame of a message.
func (t *tape) add(conn uint64, from frame.Side, op frame.Opcode, fin bool, payload string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns[conn]++
	r := frame.Record{
		Global: uint64(len(t.records) + 1), Conn: conn, Seq: t.conns[conn], Message: t.conns[conn],
		Time: epoch.Add(time.Duration(len(t.records)/3) * time.Millisecond), From: from,
		Header:  frame.Header{Fin: fin, Opcode: op, Length: uint64(len(payload))},
		Payload: []byte(payload), Stored: uint64(len(payload)),
	}
	parts := 0
	emit := func(m frame.Message) {
		t.messages = append(t.messages, message{m, rows.Position{Number: r.Seq, Part: parts}, rows.Position{Number: r.Global, Part: parts}})
		parts++
	}
	under := t.open[conn]
	m := under[from]
	switch {
	case op.Control():
		emit(frame.Message{Conn: conn, Seq: r.Seq, Global: r.Global, Time: r.Time, From: from, Type: op, Payload: r.Payload, Frames: 1})
	case op == frame.Continuation && m != nil:
		r.Message = m.Seq
		m.Frames++
		m.Payload = append(slices.Clone(m.Payload), payload...)
	default:
		if m != nil {
			m.Incomplete = frame.Unfinished
			emit(*m)
		}
		m = &frame.Message{Conn: conn, Seq: r.Seq, Global: r.Global, Time: r.Time, From: from, Type: op, Payload: r.Payload, Frames: 1}
	}
	if !op.Control() {
		if under[from] = m; fin {
			emit(*m)
			under[from] = nil
		}
		t.open[conn] = under
	}
	t.records = append(t.records, r)
}

// inject appends a whole text message that its side did not send.
func (t *tape) inject(conn uint64, from frame.Side, payload string) {
	t.mu.Lock()
	open := t.open[conn]
	t.open[conn] = [2]*frame.Message{}
	t.mu.Unlock()
	t.add(conn, from, frame.Text, true, payload)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open[conn] = open
	t.records[len(t.records)-1].Origin = frame.Injected
	t.messages[len(t.messages)-1].Origin = frame.Injected
}

// end ends a connection: what it leaves unfinished comes out with its last record.
func (t *tape) end(conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	under := t.open[conn]
	delete(t.open, conn)
	if under[0] != nil && under[1] != nil && under[0].Seq > under[1].Seq {
		under[0], under[1] = under[1], under[0]
	}
	at, last := len(t.messages), t.records[0]
	for _, r := range slices.Backward(t.records) {
		if r.Conn == conn {
			last = r
			break
		}
	}
	for at > 0 && t.messages[at-1].global.Number > last.Global {
		at--
	}
	part := 0
	if at > 0 && t.messages[at-1].global.Number == last.Global {
		part = t.messages[at-1].global.Part + 1
	}
	for _, m := range under {
		if m == nil {
			continue
		}
		m.Incomplete = frame.Unfinished
		t.messages = slices.Insert(t.messages, at, message{*m, rows.Position{Number: last.Seq, Part: part}, rows.Position{Number: last.Global, Part: part}})
		t.late = append(t.late, at)
		at, part = at+1, part+1
	}
}

// changed wakes those who wait.
func (t *tape) changed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	close(t.grown)
	t.grown = make(chan struct{})
}

func (t *tape) prune(floor uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.floor = max(t.floor, floor)
}

// gate holds walks up, or with counts set only those that count.
type gate struct {
	open   chan struct{}
	counts bool
}

// shut makes walks wait until the gate it returns is opened.
func (t *tape) shut() *gate {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gate = &gate{open: make(chan struct{})}
	return t.gate
}

func (w *walk) wait() error {
	w.tape.mu.Lock()
	g := w.tape.gate
	w.tape.mu.Unlock()
	if g == nil || g.counts && w.query.Limit != 1 {
		return nil
	}
	select {
	case <-g.open:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

func (t *tape) failWith(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = err
}

// list returns the messages q selects, without the payloads cut.
func (t *tape) list(q rows.Query) (list []message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.messages {
		if t.wanted(&m, &q) {
			list = append(list, m)
		}
	}
	return list
}

func (t *tape) wanted(m *message, q *rows.Query) bool {
	return m.Global >= t.floor && (q.Conn == 0 || q.Conn == m.Conn) && (q.Side == nil || *q.Side == m.From) &&
		(q.Opcodes == 0 || q.Opcodes&(1<<m.Type) != 0) && (q.Filter == nil || q.Filter.Match(&m.Message, nil))
}

func (t *tape) Count(ctx context.Context, conn uint64) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if conn == 0 {
		return uint64(len(t.records)), errors.Join(ctx.Err(), t.fail)
	}
	return t.conns[conn], errors.Join(ctx.Err(), t.fail)
}

func (t *tape) Page(ctx context.Context, conn, from uint64, n int) (page []frame.Record, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := errors.Join(ctx.Err(), t.fail); err != nil {
		return nil, err
	}
	for _, r := range t.records {
		if len(page) < n && r.Global >= t.floor && (conn == 0 && r.Global >= from || conn == r.Conn && r.Seq >= from) {
			page = append(page, r)
		}
	}
	return page, nil
}

func (t *tape) Wait(ctx context.Context, version uint64) (uint64, error) {
	t.mu.Lock()
	now, grown, err := t.version, t.grown, t.fail
	t.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if now != version {
		return now, nil
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-grown:
		return t.Wait(ctx, version)
	}
}

func (t *tape) Messages(ctx context.Context, q rows.Query) rows.Messages {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.walks++
	i, _ := slices.BinarySearchFunc(t.messages, q.Start, func(m message, start uint64) int {
		if q.Conn == 0 && m.global.Number < start {
			return -1
		}
		return 1
	})
	return &walk{tape: t, ctx: ctx, query: q, next: i, passed: q.Start, late: len(t.late)}
}

// walk is a walk over a tape.
type walk struct {
	tape   *tape
	ctx    context.Context
	query  rows.Query
	next   int
	late   int    // how many of the tape's late messages it knows of
	behind []int  // those of them that it had gone past
	passed uint64 // number behind the last record gone past
	until  uint64
	now    message
	err    error
	closed bool
}

func (w *walk) Until(number uint64) { w.until = number }

func (w *walk) Next() bool {
	t := w.tape
	if w.err = w.wait(); w.err != nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.err = errors.Join(w.ctx.Err(), t.fail); w.err != nil {
		return false
	}
	if w.closed {
		panic("a walk that was closed goes on")
	}
	for ; w.late < len(t.late); w.late++ {
		at := t.late[w.late]
		for i := range w.behind {
			if w.behind[i] >= at {
				w.behind[i]++
			}
		}
		if at < w.next {
			w.behind = append(w.behind, at)
			w.next++
		}
	}
	for len(w.behind) > 0 {
		m := t.messages[w.behind[0]]
		if w.behind = w.behind[1:]; w.show(m) {
			return true
		}
	}
	for ; w.next < len(t.messages); w.next++ {
		m := t.messages[w.next]
		if w.query.Conn != 0 && w.query.Conn != m.Conn {
			continue
		}
		number := m.position(w.query.Conn).Number
		if w.until > 0 && number >= w.until {
			return false
		}
		if number > w.passed {
			t.looked += number - w.passed
			w.passed = number
		}
		if w.show(m) {
			w.next++
			return true
		}
	}
	return false
}

// show moves to m if it is wanted.
func (w *walk) show(m message) bool {
	if m.position(w.query.Conn).Number < w.query.Start || !w.tape.wanted(&m, &w.query) {
		return false
	}
	w.now = m
	w.now.Payload = slices.Clone(m.Payload)
	w.now.Cut(w.query.Limit)
	return true
}

func (w *walk) Message() *frame.Message { return &w.now.Message }

func (w *walk) Position() (uint64, int) {
	p := w.now.position(w.query.Conn)
	return p.Number, p.Part
}

func (w *walk) Progress() float64 { return 0 }
func (w *walk) Pruned() uint64    { return 0 }
func (w *walk) Err() error        { return w.err }
func (w *walk) Close() error      { w.closed = true; return nil }

// lines returns what rows say, a line each.
func lines(list []rows.Row) string {
	var b strings.Builder
	for _, r := range list {
		switch r.Kind {
		case rows.Pending:
			b.WriteString("?")
		case rows.Message:
			fmt.Fprintf(&b, "%d.%d %d#%d %s %.20q", r.Position.Number, r.Position.Part, r.Message.Conn, r.Message.Seq, r.Message.Type, r.Message.Payload)
			if r.Unfolded {
				b.WriteString(" -")
			}
		case rows.Frame:
			fmt.Fprintf(&b, "  %d#%d", r.Frame.Conn, r.Frame.Seq)
		case rows.Rest:
			fmt.Fprintf(&b, "  + %d", r.Rest)
		}
		b.WriteString("\n")
	}
	return b.String()
}
