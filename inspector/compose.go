package inspector

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/edit"
	"github.com/wsluice/wsluice/inspector/keys"
)

// compose is the screen where a message is written and sent into a connection.
// There is one of it, which keeps what was written when it is left.
type compose struct {
	r       *root
	conn    uint64            // 0 for none yet
	info    *frame.Connection // of conn, as it was read last
	to      frame.Side        // who gets the message
	kind    frame.Opcode
	body    *edit.Editor // the payload of all but a close frame
	code    *edit.Editor
	reason  *edit.Editor
	split   *edit.Editor // into how many frames
	header  *edit.Editor
	focus   field
	dirty   bool // something was changed that was not sent
	edits   int  // counts changes
	sending bool
	sent    sentList
	sketch  *sketch // of the frames, nil when something has changed

	watcher *worker // reads info
	sender  *worker
	loader  *worker // reads files
	replier *worker // looks for replies

	rows   [][]field // as they were drawn last
	places map[field]rect
}

func newCompose(r *root) *compose {
	c := &compose{
		r: r, watcher: r.i.start(), sender: r.i.start(), loader: r.i.start(), replier: r.i.start(),
		places: make(map[field]rect),
	}
	c.clear()
	return c
}

// composer returns the screen, which is made when it is wanted first.
func (r *root) composer() *compose {
	if r.composed == nil {
		r.composed = newCompose(r)
	}
	return r.composed
}

// show brings the screen to the top, for a connection or with 0 for that which is
// looked at.
func (c *compose) show(conn uint64) {
	if conn == 0 {
		conn = c.r.target()
	}
	if conn != 0 {
		c.connect(conn)
	} else {
		c.neighbour(1)
	}
	c.r.stack = slices.DeleteFunc(c.r.stack, func(s screen) bool { return s == c })
	c.r.push(c)
	c.watch()
}

// connect chooses another connection.
func (c *compose) connect(conn uint64) {
	if c.conn != conn {
		c.conn, c.info = conn, nil
		c.watch()
	}
}

// watch keeps what is known of the connection up to date.
func (c *compose) watch() {
	conn := c.conn
	if conn == 0 {
		return
	}
	c.watcher.do(0, func(ctx context.Context) {
		for ctx.Err() == nil {
			info, err := c.r.i.o.Source.Conn(ctx, conn)
			if err == nil {
				c.r.i.post(func() {
					if c.conn == conn {
						c.info = &info
					}
				})
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
}

// neighbour chooses the next open connection, an older one with step 1.
func (c *compose) neighbour(step int) {
	var open []uint64 // newest first
	for i := range c.r.connections().list.list {
		if at := &c.r.connections().list.list[i]; at.State == frame.Open {
			open = append(open, at.ID)
		}
	}
	if len(open) == 0 {
		c.r.tell(draw.Warning, "no connection is open")
		return
	}
	i := slices.Index(open, c.conn)
	if i < 0 && step < 0 {
		i = 0
	}
	c.connect(open[(i+step+len(open))%len(open)])
}

// changed is called after something was written.
func (c *compose) changed() {
	c.sketch, c.dirty = nil, true
	c.edits++
}

// unsent reports whether there is something that would be lost.
func (c *compose) unsent() bool {
	s := c.drawn()
	return c.dirty && (s.err != nil || len(s.draft.Payload) > 0)
}

func (c *compose) keys() keys.Screen {
	if c.focus == atSent {
		return keys.Sent
	}
	return keys.Compose
}

func (c *compose) crumbs() []string {
	if c.conn == 0 {
		return []string{"compose"}
	}
	return []string{fmt.Sprintf("compose for #%d", c.conn)}
}

func (c *compose) update()    {}
func (c *compose) busy() bool { return c.loader.busy() || c.sender.busy() }

// close leaves the screen. What was sent goes on to look for its reply.
func (c *compose) close() { c.watcher.stop() }

func (c *compose) act(a keys.Action) bool {
	switch a {
	case keys.Send:
		c.send()
	case keys.Outside:
		c.outside()
	case keys.OpenFile:
		c.openFile()
	case keys.NextPane:
		c.step(1)
	case keys.PreviousPane:
		c.step(-1)
	case keys.Back:
		switch {
		case c.sending:
			c.sender.stop()
		case c.focus == atSent:
			c.focus = c.writes()
		default:
			if c.unsent() {
				c.r.tell(draw.Plain, fmt.Sprintf("what was not sent is kept: %s comes back to it", c.r.i.o.Keys.Key(keys.ToCompose)))
			}
			return false
		}
	default:
		return c.focus == atSent && c.actSent(a)
	}
	return true
}

// write implements writer.
func (c *compose) write(e *tcell.EventKey) bool {
	if c.focus == atSent || c.r.i.o.Keys.Action(keys.Compose, e) != "" {
		return false
	}
	switch c.focus {
	case atTo, atConn, atKind:
		c.choose(e)
	default:
		if e.Key() == tcell.KeyEnter && c.focus != atBody {
			c.step(1)
			return true
		}
		c.edit(func(to *edit.Editor) { to.Key(e) })
	}
	return true
}

// edit calls f for the field that is written in.
func (c *compose) edit(f func(to *edit.Editor)) {
	to := c.entry(c.focus)
	if to == nil {
		return
	}
	version := to.Version()
	if f(to); to.Version() != version {
		c.changed()
	}
}

// paste implements writer.
func (c *compose) paste(text string) bool {
	c.edit(func(to *edit.Editor) { to.Paste(text) })
	return true
}

// outside edits the payload in the user's editor.
func (c *compose) outside() {
	if c.kind == frame.Close {
		c.r.tell(draw.Warning, "a close frame has a code and a reason; there is nothing for an editor")
		return
	}
	payload, err := c.body.Bytes()
	if err != nil {
		c.r.tell(draw.Bad, err.Error())
		return
	}
	c.r.outside(payload, c.body.Binary(), func(edited []byte) {
		c.body.Replace(edited)
		c.changed()
	})
}

// openFile takes the payload from a file.
func (c *compose) openFile() {
	c.r.enter(&line{label: "take the payload from the file: ", past: &c.r.files, done: func(name string) bool {
		if name == "" {
			return false
		}
		c.loader.do(0, func(ctx context.Context) {
			data, err := c.r.i.o.Actions.Load(ctx, name, edit.MaxFile)
			c.r.i.post(func() {
				if err != nil {
					c.r.tell(draw.Bad, decode.Visible(err.Error()))
					return
				}
				c.replace(data)
			})
		})
		return true
	}}, "")
}

// replace takes a payload from elsewhere.
func (c *compose) replace(data []byte) {
	said := draw.Counted(uint64(len(data)), "byte")
	if c.kind != frame.Binary && c.kind != frame.Text {
		c.kind = frame.Text
	}
	if c.kind == frame.Text && !utf8.Valid(data) {
		c.kind = frame.Binary
		said += ", which are not UTF-8: the type is binary now"
	}
	if err := c.body.SetBinary(c.kind == frame.Binary); err != nil {
		c.body = edit.New(nil, c.kind == frame.Binary) // what had half a byte goes anyway
	}
	c.body.Replace(data)
	c.focus = atBody
	c.changed()
	c.r.tell(draw.Good, "took "+said)
}

func (c *compose) mouse(action tview.MouseAction, x, y int) {
	for at, place := range c.places {
		if !place.holds(x, y) {
			continue
		}
		switch action {
		case tview.MouseScrollUp:
			c.scroll(at, -3)
		case tview.MouseScrollDown:
			c.scroll(at, 3)
		default:
			c.click(at, x-place.x, y-place.y, action == tview.MouseLeftDoubleClick)
		}
		return
	}
}

func (c *compose) scroll(at field, rows int) {
	switch at {
	case atBody:
		c.body.Scroll(rows)
	case atSent:
		c.sent.move(rows)
	}
}

func (c *compose) click(at field, x, y int, twice bool) {
	c.focus = at
	switch to := c.entry(at); {
	case to != nil:
		to.Click(x, y)
	case at == atSent:
		c.sent.click(y)
		if twice {
			c.actSent(keys.Open)
		}
	default:
		c.clickChoice(at, x)
	}
}
