package inspector

import (
	"context"
	"fmt"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/inspector/rows"
)

// messages is the screen of the messages of one connection, or of all, with the
// selected one below or beside.
type messages struct {
	r      *root
	conn   uint64            // 0 for all
	info   *frame.Connection // of conn, nil until it was read
	list   *rows.List
	asker  *worker // reads info
	typist *worker // applies what is typed
	detail message
	inner  bool // the keys go to the detail
	zoomed bool // one pane has the whole screen
	alone  bool // there is room for one pane only
	side   int  // cells the previews are scrolled by
	where  rect // of the rows at the last draw
	lower  rect // of the detail

	text   string // the filter
	wanted *filter.Messages
	from   *frame.Side
	hidden uint16 // opcodes
}

func newMessages(r *root, conn uint64) *messages {
	m := &messages{r: r, asker: r.i.start(), typist: r.i.start()}
	m.detail = newMessage(r)
	m.list = rows.New(r.i.o.Source, rows.Query{Conn: conn}, r.i.changed)
	m.show(conn)
	return m
}

// show lists the messages of another connection.
func (m *messages) show(conn uint64) {
	m.conn, m.info = conn, nil
	m.list.SetQuery(m.query())
	if conn == 0 {
		return
	}
	m.asker.do(0, func(ctx context.Context) {
		c, err := m.r.i.o.Source.Conn(ctx, conn)
		if err == nil {
			m.r.i.post(func() {
				if m.conn == conn {
					m.info = &c
				}
			})
		}
	})
}

func (m *messages) query() rows.Query {
	q := rows.Query{Conn: m.conn, Side: m.from, Filter: m.wanted}
	if m.hidden != 0 {
		q.Opcodes = ^m.hidden
	}
	return q
}

func (m *messages) keys() keys.Screen {
	if m.inner {
		return keys.Message
	}
	return keys.Messages
}

func (m *messages) crumbs() []string {
	if m.conn == 0 {
		return []string{"messages"}
	}
	crumb := fmt.Sprintf("#%d", m.conn)
	if m.info != nil {
		crumb += " " + draw.Cut(decode.Visible(m.info.URL), 60)
	}
	return []string{crumb, "messages"}
}

func (m *messages) update() {
	m.list.Update()
	switch row, ok := m.list.Selected(); {
	case ok && row.Message != nil:
		m.detail.want(row.Message.Conn, row.Message.Seq)
	case len(m.list.Rows()) == 0 && !m.list.Busy():
		m.detail.clear()
	}
}

func (m *messages) busy() bool {
	return m.list.Busy() || m.detail.busy() || m.asker.busy() || m.typist.busy()
}

func (m *messages) close() {
	m.list.Close()
	m.asker.close()
	m.typist.close()
	m.detail.close()
}

func (m *messages) draw(p draw.Painter, r rect) {
	upper, lower := r.split(m.r.look.beside(r), 50)
	if m.alone = r.width < 80 || r.height < 17; m.alone || m.zoomed {
		upper, lower = r, r
	}
	m.lower = rect{}
	if upper != lower || !m.inner {
		m.drawList(p, upper)
	}
	if upper != lower || m.inner {
		m.lower = lower
		m.detail.draw(p, lower, m.inner, m.conn == 0)
	}
}

func (m *messages) drawList(p draw.Painter, r rect) {
	inner := pane(p, r, m.title(), m.note(), !m.inner)
	look := rowLook{
		width: inner.width, conn: m.conn == 0, clock: m.r.look.clock, zone: m.r.i.o.Zone,
		number: max(6, len(draw.Grouped(m.list.Counts().Total))), side: m.side,
	}
	if m.info != nil {
		look.start = m.info.Start
	}
	p.Line(inner.x, inner.y, inner.width, messageHead(look), draw.Normal)
	m.where = rect{inner.x, inner.y + 1, inner.width, max(0, inner.height-1)}
	m.list.SetHeight(max(1, m.where.height))
	lines := m.list.Rows()
	cursor := m.list.Cursor()
	for y := range m.where.height {
		var l draw.Line
		row := draw.Normal
		switch {
		case y < len(lines):
			var mark Mark
			if of := lines[y].Message; of != nil {
				mark = m.r.marks.of(of.Conn, of.Seq)
			}
			l = messageRow(lines[y], look, mark)
			if y == cursor && m.inner {
				row = draw.Blurred
			} else if y == cursor {
				row = draw.Selected
			}
		case y == 0:
			l = draw.Text("   "+m.nothing(), draw.Dim)
		}
		p.Line(m.where.x, m.where.y+y, m.where.width, l, row)
	}
}

// title says what is listed: n of m, and by which filter.
func (m *messages) title() draw.Line {
	c := m.list.Counts()
	title := draw.Line{{Text: "messages ", Style: draw.Title}}
	count := ""
	switch {
	case c.Counting && c.Selected > 0:
		count = draw.Grouped(c.Selected) + " / " + draw.Grouped(c.Matched)
	case c.Counting:
		count = draw.Grouped(c.Matched)
	case c.Total > 0:
		count = "of " + draw.Counted(c.Total, "frame")
	}
	// The count of live traffic is always a little behind.
	if c.Counting && c.Total-min(c.Looked, c.Total) > 1000 && c.Progress < 0.99 {
		count += fmt.Sprintf("+ (%.0f%%)", c.Progress*100)
	}
	title = append(title, draw.Span{Text: count})
	for _, s := range m.selection() {
		title = append(title, draw.Span{Text: "  " + s, Style: draw.Accent})
	}
	if scan := m.list.Scan(); scan.Active && scan.Progress > 0 {
		title = append(title, draw.Span{Text: fmt.Sprintf("  searching %.0f%% (esc stops)", scan.Progress*100), Style: draw.Warning})
	} else if scan.Cancelled {
		title = append(title, draw.Span{Text: fmt.Sprintf("  search stopped, %s to %s looked at", draw.Grouped(scan.From), draw.Grouped(scan.To)), Style: draw.Warning})
	}
	return title
}

// note is at the right end of the title: whether the list moves by itself.
func (m *messages) note() draw.Line {
	if came, paused := m.list.Paused(); paused {
		return draw.Text(fmt.Sprintf("PAUSED +%s", draw.Grouped(came)), draw.Warning)
	}
	if m.list.Following() {
		return draw.Text("FOLLOW", draw.Accent)
	}
	return nil
}

// nothing says why there are no rows.
func (m *messages) nothing() string {
	switch c := m.list.Counts(); {
	case m.list.Err() != nil:
		return decode.Visible(m.list.Err().Error())
	case m.list.Scan().Active:
		return "reading…"
	case len(m.selection()) > 0 && c.Total > 0:
		return "no message matches; esc shows all"
	}
	return "no messages yet"
}

func (m *messages) act(a keys.Action) bool {
	if m.inner && m.detail.act(a) {
		return true
	}
	switch a {
	case keys.NextPane, keys.PreviousPane:
		m.enter(!m.inner)
	case keys.Zoom:
		m.zoomed = !m.zoomed
	case keys.NextConn:
		m.neighbour(1)
	case keys.PreviousConn:
		m.neighbour(-1)
	case keys.NextView, keys.PreviousView, keys.Wrap, keys.Copy, keys.CopyAs, keys.Save, keys.Note, keys.SetMark, keys.EditCopy, keys.EditorCopy:
		m.detail.act(a)
	case keys.Jump:
		m.r.jumpToMark()
	case keys.ToStatistics:
		if at := m.connection(); at != 0 {
			m.r.push(newStatistics(m.r, at))
		}
	case keys.Inject:
		m.r.inject(m.connection())
	case keys.Kill:
		m.r.kill(m.connection())
	case keys.Replay:
		m.r.replayConn(m.connection())
	case keys.Compare:
		m.r.compare(m.connection())
	case keys.Back:
		return m.back()
	default:
		return !m.inner && (m.move(a) || m.choose(a))
	}
	return true
}

// back undoes what was set last, or reports that there is nothing of it.
func (m *messages) back() bool {
	switch scan := m.list.Scan(); {
	case m.inner:
		m.inner, m.zoomed = false, false
	case m.zoomed:
		m.zoomed = false
	case scan.Active && len(m.selection()) > 0:
		m.list.Cancel()
	case len(m.selection()) > 0:
		m.text, m.wanted, m.from, m.hidden = "", nil, nil, 0
		m.list.SetQuery(m.query())
	default:
		if _, paused := m.list.Paused(); !paused {
			return false
		}
		m.list.Pause(false)
	}
	return true
}

// move does what goes from row to row.
func (m *messages) move(a keys.Action) bool {
	switch a {
	case keys.Down:
		m.list.Move(1)
	case keys.Up:
		m.list.Move(-1)
	case keys.PageDown:
		m.list.Page(1)
	case keys.PageUp:
		m.list.Page(-1)
	case keys.First:
		m.list.First()
	case keys.Last:
		m.list.Last()
	case keys.Left:
		m.side = max(0, m.side-8)
	case keys.Right:
		m.side = min(m.side+8, 512)
	case keys.Open:
		m.open()
	case keys.Follow:
		if m.list.Following() {
			m.list.Unfollow()
		} else {
			m.list.Pause(false)
			m.list.Follow()
		}
	case keys.Pause:
		_, paused := m.list.Paused()
		m.list.Pause(!paused)
	default:
		return false
	}
	return true
}

// open unfolds a fragmented message; on any other it goes to the detail.
func (m *messages) open() {
	row, ok := m.list.Selected()
	if !ok {
		return
	}
	if row.Message != nil && row.Message.Frames > 1 && !m.alone {
		m.list.Fold()
		return
	}
	m.enter(true)
}

// enter gives the keys to the detail, or back to the list. What somebody reads
// there must not go away because something else comes.
func (m *messages) enter(inner bool) {
	if m.inner = inner; inner {
		m.list.Unfollow()
	}
}

// connection returns the one that is listed, or that of the selected message.
func (m *messages) connection() uint64 {
	if m.conn != 0 {
		return m.conn
	}
	return m.detail.at.conn
}

func (m *messages) mouse(action tview.MouseAction, x, y int) {
	if m.lower.holds(x, y) && (m.inner || !m.where.holds(x, y)) {
		m.enter(true)
		m.detail.mouse(action)
		return
	}
	switch action {
	case tview.MouseScrollUp:
		m.list.Move(-3)
	case tview.MouseScrollDown:
		m.list.Move(3)
	default:
		m.inner = false
		if m.where.holds(x, y) {
			m.list.Select(y - m.where.y)
		}
		if action == tview.MouseLeftDoubleClick {
			m.open()
		}
	}
}
