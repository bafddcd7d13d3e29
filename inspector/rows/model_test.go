package rows_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// model is a list that holds everything.
type model struct {
	tape      *tape
	live      [2]uint64 // connections that are open
	query     rows.Query
	paused    bool
	horizon   uint64    // of the pause
	as        string    // what listed was made of
	listed    []message // that match
	messages  []message // that are listed
	open      []message // unfolded
	sel, top  place
	line      int // of the selection, from the top
	placed    rows.Position
	height    int
	following bool
}

// place is a row: which of the messages, and which of its rows.
type place struct {
	at  rows.Position
	sub int
}

// all returns all rows.
func (m *model) all() (list []place) {
	if now := fmt.Sprintf("%d %d %d %p %v", len(m.tape.messages), len(m.tape.records), m.tape.floor, m.query.Filter, m.query); now != m.as {
		m.as, m.listed = now, m.tape.list(m.query)
	}
	m.messages = m.listed
	if m.paused {
		m.messages = slices.DeleteFunc(slices.Clone(m.listed), func(e message) bool {
			return e.position(m.query.Conn).Number > m.horizon
		})
	}
	for _, e := range m.messages {
		at := e.position(m.query.Conn)
		list = append(list, place{at, 0})
		for i := range m.below(at) {
			list = append(list, place{at, i + 1})
		}
	}
	return list
}

// below returns how many rows there are below a message.
func (m *model) below(at rows.Position) int {
	for _, e := range m.open {
		if e.position(m.query.Conn) == at {
			if e.Frames > 1000 {
				return 1001
			}
			return e.Frames
		}
	}
	return 0
}

// index returns the index of a row, or of the first one behind it.
func index(list []place, p place) int {
	i, _ := slices.BinarySearchFunc(list, p, func(a, b place) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.sub - b.sub
	})
	return i
}

// settle brings the selection to a row and the top to the selection.
func (m *model) settle(sel, top int) {
	list := m.all()
	if len(list) == 0 {
		m.sel, m.top, m.line = place{}, place{}, 0
		return
	}
	if m.following {
		sel = len(list) - 1
		top = len(list) - m.height
		for list[sel].sub > 0 {
			sel--
		}
	}
	sel = min(max(sel, 0), len(list)-1)
	top = max(min(top, sel, len(list)-m.height), sel-m.height+1, 0)
	m.sel, m.top, m.line = list[sel], list[top], sel-top
	m.placed = m.sel.at
}

// again settles with what is selected, after something else has changed.
func (m *model) again() {
	m.sel.sub = min(m.sel.sub, m.below(m.sel.at))
	m.top.sub = min(m.top.sub, m.below(m.top.at))
	list := m.all()
	m.settle(index(list, m.sel), index(list, m.top))
}

func (m *model) move(n int) {
	n = min(max(n, -1000), 1000)
	list := m.all()
	if n < 0 {
		m.following = false
	}
	m.settle(index(list, m.sel)+n, index(list, m.top))
}

func (m *model) page(n int) {
	n = min(max(n*max(1, m.height-1), -1000), 1000)
	list := m.all()
	if n < 0 {
		m.following = false
	}
	m.settle(index(list, m.sel)+n, index(list, m.top)+n)
}

// seek goes to the first message at or behind p.
func (m *model) seek(p rows.Position) {
	m.following = false
	list := m.all()
	i := index(list, place{at: p})
	found := i < len(list) && list[i].at == p
	if i == len(list) && i > 0 {
		for i--; list[i].sub > 0; i-- {
		}
	}
	line := m.height / 2
	if d := i - index(list, m.top); found && d >= 0 && d < m.height {
		line = d
	}
	m.settle(i, i-line)
}

// requery lists other messages.
func (m *model) requery(q rows.Query) {
	if q.Conn != m.query.Conn {
		m.following, m.paused, m.open = true, false, nil
	}
	m.query = q
	list := m.all()
	i := index(list, place{at: m.placed})
	if i == len(list) && i > 0 {
		for i--; list[i].sub > 0; i-- {
		}
	}
	m.settle(i, i-m.line)
}

func (m *model) fold() {
	for _, e := range m.messages {
		if at := e.position(m.query.Conn); at == m.sel.at && e.Frames > 1 {
			i := slices.IndexFunc(m.open, func(o message) bool { return o.position(m.query.Conn) == at })
			if i >= 0 {
				m.open = slices.Delete(m.open, i, i+1)
				m.sel.sub = 0
			} else {
				if len(m.open) == 16 {
					m.open = slices.Delete(m.open, 0, 1)
				}
				m.open = append(m.open, e)
			}
			m.again()
			return
		}
	}
}

// lines returns what is shown, and which line of it is selected.
func (m *model) lines() (string, int) {
	list := m.all()
	var shown []rows.Row
	top := index(list, m.top)
	for _, p := range list[top:min(len(list), top+m.height)] {
		i := slices.IndexFunc(m.messages, func(e message) bool { return e.position(m.query.Conn) == p.at })
		e := m.messages[i].Message
		r := rows.Row{Kind: rows.Message, Position: p.at, Message: &e, Unfolded: m.below(p.at) > 0}
		switch {
		case p.sub > 1000:
			r.Kind, r.Rest = rows.Rest, e.Frames-1000
		case p.sub > 0:
			r.Kind = rows.Frame
			n := 0
			for j := range m.tape.records {
				f := &m.tape.records[j]
				if f.Conn == e.Conn && f.Message == e.Seq {
					if n++; n == p.sub {
						r.Frame = f
					}
				}
			}
		}
		shown = append(shown, r)
	}
	if len(list) == 0 {
		return "", -1
	}
	return lines(shown), index(list, m.sel) - top
}

// traffic appends random frames of two connections.
func (m *model) traffic(rng *rand.Rand, n int) {
	t := m.tape
	for range n {
		conn, from := m.live[rng.IntN(4)/3], frame.Side(rng.IntN(2))
		word := []string{"alpha", "beta", "gamma"}[rng.IntN(3)]
		if rng.IntN(100) == 0 {
			word = "rare"
		}
		payload := fmt.Sprintf("%s %d", word, len(t.records))
		op := frame.Text
		under := t.open[conn][from] != nil
		switch {
		case rng.IntN(10) == 0:
			t.add(conn, from, frame.Ping, true, payload)
			continue
		case under && rng.IntN(30) > 0:
			op = frame.Continuation
		case rng.IntN(5) == 0:
			op = frame.Binary
		}
		t.add(conn, from, op, rng.IntN(4) > 0, payload)
	}
}

// TestModel does at random what a user and a capture do, and compares what is
// shown with a list that holds everything. It would catch a selection that moves
// by itself, rows that are missing, doubled or out of order, and a view that
// hangs where no rows are.
func TestModel(t *testing.T) {
	filters := []string{"alpha", "rare", "type == 'binary'", "size > 9", "nothing"}
	for seed := range 24 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(seed), 0))
				tape := newTape()
				m := &model{
					tape: tape, live: [2]uint64{1, 2}, query: rows.Query{Conn: uint64(seed % 2)},
					height: 1 + rng.IntN(40), following: true,
				}
				m.traffic(rng, rng.IntN(2500))
				l := newList(t, tape, m.query, m.height)
				m.settle(0, 0)
				var log strings.Builder
				for range 100 {
					what := m.random(t, l, rng, filters)
					fmt.Fprintln(&log, what)
					settle(t, l)
					want, cursor := m.lines()
					if got := lines(l.Rows()); got != want || l.Cursor() != cursor {
						t.Fatalf("after\n%s%v list is, %d selected,\n%s\nwant %d selected,\n%s", tail(log.String()), m.query, l.Cursor(), got, cursor, want)
					}
					m.counts(t, l)
				}
			})
		})
	}
}

func tail(log string) string {
	all := strings.SplitAfter(log, "\n")
	return strings.Join(all[max(0, len(all)-12):], "")
}

// random does something to the list, the model and the tape.
func (m *model) random(t *testing.T, l *rows.List, rng *rand.Rand, filters []string) string {
	switch rng.IntN(31) {
	case 0, 1, 2, 3, 4:
		n := []int{-1, 1, 3, -7, 200, -200, 900, -900, 5000}[rng.IntN(9)]
		if len(m.open) > 0 {
			n %= m.height + 1 // frames of messages that were not read yet are no rows
		}
		l.Move(n)
		m.move(n)
		return fmt.Sprint("move ", n)
	case 5, 6, 7, 8:
		n := []int{-1, 1, 3, -3, 30, -30}[rng.IntN(6)]
		if len(m.open) > 0 {
			n %= 2
		}
		l.Page(n)
		m.page(n)
		return fmt.Sprint("page ", n)
	case 9:
		l.First()
		m.following = false
		m.settle(0, 0)
		return "first"
	case 10:
		l.Last()
		m.following = true
		m.settle(0, 0)
		return "last"
	case 11, 12:
		m.height = 1 + rng.IntN(40)
		l.SetHeight(m.height)
		m.again()
		return fmt.Sprint("height ", m.height)
	case 13, 14, 15, 16, 17:
		q := rows.Query{Conn: m.query.Conn}
		if rng.IntN(10) == 0 {
			q.Conn = uint64(rng.IntN(1 + int(max(m.live[0], m.live[1]))))
		}
		if rng.IntN(2) == 0 {
			q.Filter = parse(t, filters[rng.IntN(len(filters))])
		}
		if rng.IntN(4) == 0 {
			side := frame.Side(rng.IntN(2))
			q.Side = &side
		}
		if rng.IntN(4) == 0 {
			q.Opcodes = 1<<frame.Text | 1<<frame.Binary
		}
		l.SetQuery(q)
		m.requery(q)
		name := ""
		if q.Filter != nil {
			name = q.Filter.String()
		}
		return fmt.Sprint("query ", q.Conn, q.Opcodes, q.Side, name)
	case 18, 19, 20:
		l.Fold()
		m.fold()
		return "fold"
	case 21:
		m.paused = !m.paused
		l.Pause(m.paused)
		m.horizon, _ = m.tape.Count(t.Context(), m.query.Conn)
		m.again()
		return fmt.Sprint("pause ", m.paused)
	case 22, 23, 24, 25:
		n := []int{1, 5, 100, 600}[rng.IntN(4)]
		m.traffic(rng, n)
		tick(t, l, m.tape)
		m.again()
		return fmt.Sprint("traffic ", n)
	case 26:
		m.tape.prune(m.tape.floor + uint64(rng.IntN(200)))
		l.SetQuery(m.query)
		m.requery(m.query)
		return fmt.Sprint("prune ", m.tape.floor)
	case 27:
		records, _ := m.tape.Page(t.Context(), m.query.Conn, 1, 1<<20)
		if len(records) == 0 {
			return "nothing"
		}
		return m.to(l, records[rng.IntN(len(records))])
	case 28:
		return m.end(t, l, rng.IntN(2))
	case 29:
		if len(m.messages) == 0 {
			return "nothing"
		}
		p := m.messages[rng.IntN(len(m.messages))].position(m.query.Conn)
		l.ToPosition(p)
		m.seek(p)
		return fmt.Sprint("position ", p)
	}
	at := epoch.Add(time.Duration(rng.IntN(len(m.tape.records)+10)) * time.Millisecond / 3)
	l.ToTime(at)
	m.since(at)
	return fmt.Sprint("time ", at)
}

// end ends a connection, and another one begins.
func (m *model) end(t *testing.T, l *rows.List, i int) string {
	conn := m.live[i]
	if m.tape.conns[conn] == 0 {
		return "nothing"
	}
	m.tape.end(conn)
	m.live[i] = 1 + max(m.live[0], m.live[1])
	tick(t, l, m.tape)
	if m.query.Conn == 0 {
		// What it leaves unfinished may come out among rows that were read.
		l.SetQuery(m.query)
		m.requery(m.query)
	} else {
		m.again()
	}
	return fmt.Sprint("end ", conn)
}

// to goes to the message r belongs to.
func (m *model) to(l *rows.List, r frame.Record) string {
	number := r.Seq
	if m.query.Conn == 0 {
		number = r.Global
	}
	l.To(number)
	p := rows.Position{Number: number}
	for i := range m.tape.messages {
		if e := &m.tape.messages[i]; e.Conn == r.Conn && e.Seq == r.Message {
			if p = e.position(m.query.Conn); !slices.ContainsFunc(m.tape.list(m.query), func(o message) bool { return o.Conn == e.Conn && o.Seq == e.Seq }) {
				p.Part = 0
			}
		}
	}
	m.seek(p)
	return fmt.Sprint("to ", number)
}

// since goes to the first message behind a time.
func (m *model) since(at time.Time) {
	number, _ := m.tape.Count(context.Background(), m.query.Conn)
	number++
	for i := range m.tape.records {
		r := &m.tape.records[i]
		if (m.query.Conn == 0 || r.Conn == m.query.Conn) && r.Global >= m.tape.floor && !r.Time.Before(at) {
			if number = r.Seq; m.query.Conn == 0 {
				number = r.Global
			}
			break
		}
	}
	m.seek(rows.Position{Number: number})
}

// counts compares the counts.
func (m *model) counts(t *testing.T, l *rows.List) {
	t.Helper()
	c := l.Counts()
	total, _ := m.tape.Count(t.Context(), m.query.Conn)
	if !c.Complete || c.Total != total || c.Looked != total || c.Matched != uint64(len(m.listed)) {
		t.Fatalf("counts are %+v of %d matches, %d records", c, len(m.listed), total)
	}
	i := slices.IndexFunc(m.messages, func(e message) bool { return e.position(m.query.Conn) == m.sel.at })
	if c.Selected != uint64(i+1) {
		t.Fatalf("the selected row is number %d, want %d", c.Selected, i+1)
	}
}
