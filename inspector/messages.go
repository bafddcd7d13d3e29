package inspector

import (
	"context"
	"fmt"
	"time"

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

// The opcodes that keys hide.
const (
	pings    = 1<<frame.Ping | 1<<frame.Pong
	controls = pings | 1<<frame.Close
)

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

// selection names what leaves messages out.
func (m *messages) selection() (words []string) {
	if m.text != "" {
		words = append(words, "filter: "+decode.Visible(m.text))
	}
	if m.from != nil {
		words = append(words, "from "+m.from.String())
	}
	switch {
	case m.hidden == controls:
		words = append(words, "no control frames")
	case m.hidden != 0:
		words = append(words, "no pings")
	}
	return words
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
	case keys.NextView, keys.PreviousView, keys.Wrap, keys.Copy, keys.CopyAs, keys.Save, keys.Note, keys.SetMark:
		m.detail.act(a)
	case keys.Jump:
		m.r.jumpToMark()
	case keys.ToStatistics:
		if at := m.connection(); at != 0 {
			m.r.push(newStatistics(m.r, at))
		}
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

// choose does what leaves messages out.
func (m *messages) choose(a keys.Action) bool {
	switch a {
	case keys.Filter:
		m.editFilter()
		return true
	case keys.OnlyClient:
		m.only(frame.Client)
	case keys.OnlyServer:
		m.only(frame.Server)
	case keys.HidePings:
		m.hide(pings)
	case keys.HideControl:
		m.hide(controls)
	case keys.Export:
		m.r.export(exported{conn: m.conn, query: m.query(), chosen: len(m.selection()) > 0, message: m.detail.at})
		return true
	default:
		return false
	}
	m.list.SetQuery(m.query())
	return true
}

func (m *messages) only(side frame.Side) {
	if m.from != nil && *m.from == side {
		m.from = nil
	} else {
		m.from = &side
	}
}

func (m *messages) hide(opcodes uint16) {
	if m.hidden == opcodes {
		opcodes = 0
	}
	m.hidden = opcodes
}

// A filter is applied while it is typed in captures of up to filterLive frames,
// when no key has come for typeDelay: half an expression often is a filter too.
const (
	filterLive = 100_000
	typeDelay  = 150 * time.Millisecond
)

// editFilter asks for a filter, which is checked as it is typed.
func (m *messages) editFilter() {
	before, wanted := m.text, m.wanted
	m.r.enter(&line{
		label: "/", past: &m.r.filters, complete: completeName(filter.OfMessages),
		changed: func(text string) (string, draw.Style) {
			f, verdict, style := messageFilter(text)
			switch {
			case style == draw.Bad:
				m.typist.stop()
			case m.list.Counts().Total <= filterLive:
				m.typist.do(typeDelay, func(context.Context) {
					m.r.i.post(func() {
						if m.r.prompt != nil {
							m.filter(text, f)
						}
					})
				})
			default:
				verdict += ", enter applies it"
			}
			return verdict, style
		},
		done: func(text string) bool {
			f, _, style := messageFilter(text)
			if style != draw.Bad {
				m.typist.stop()
				m.filter(text, f)
			}
			return style != draw.Bad
		},
		gone: func() {
			m.typist.stop()
			m.filter(before, wanted)
		},
	}, before)
}

// messageFilter reads a filter and says what it makes of it.
func messageFilter(text string) (*filter.Messages, string, draw.Style) {
	if text == "" {
		return nil, "all", draw.Dim
	}
	f, err := filter.ParseMessages(text)
	if err != nil {
		return nil, filterFault(err), draw.Bad
	}
	return f, "valid", draw.Good
}

// filter shows only what matches f, which text stands for; nil shows all.
func (m *messages) filter(text string, f *filter.Messages) {
	if text != m.text {
		m.text, m.wanted = text, f
		m.list.SetQuery(m.query())
	}
}

// connection returns the one that is listed, or that of the selected message.
func (m *messages) connection() uint64 {
	if m.conn != 0 {
		return m.conn
	}
	return m.detail.at.conn
}

// neighbour lists the next newer or older connection that has messages.
func (m *messages) neighbour(step int) {
	if m.conn == 0 {
		return
	}
	from := m.conn
	m.asker.do(0, func(ctx context.Context) {
		found, err := neighbour(ctx, m.r.i.o.Source, from, step)
		m.r.i.post(func() {
			switch {
			case err != nil:
				m.r.tell(draw.Bad, decode.Visible(err.Error()))
			case found == 0:
				m.r.tell(draw.Plain, "there is no other connection with messages that way")
			case m.conn == from:
				m.show(found)
			}
		})
	})
}

// neighbour returns the id of the next connection with frames, 0 for none.
func neighbour(ctx context.Context, source Source, from uint64, step int) (uint64, error) {
	newest, err := source.Conns(ctx, 0, 1)
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	for before := from; step < 0 && before > 1; {
		page, err := source.Conns(ctx, before, 100)
		if err != nil || len(page) == 0 {
			return 0, err
		}
		for i := range page {
			if hasFrames(&page[i]) {
				return page[i].ID, nil
			}
		}
		before = page[len(page)-1].ID
	}
	for low := from; step > 0 && low < newest[0].ID; low += 100 {
		page, err := source.Conns(ctx, low+101, 100)
		if err != nil {
			return 0, err
		}
		for i := len(page) - 1; i >= 0; i-- {
			if page[i].ID > low && hasFrames(&page[i]) {
				return page[i].ID, nil
			}
		}
	}
	return 0, nil
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
