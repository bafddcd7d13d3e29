package inspector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/edit"
)

// composeCommand goes to where a message can be written, for the connection of
// that number or that which is looked at.
func (r *root) composeCommand(argument string) string {
	conn := r.target()
	if argument != "" {
		var err error
		if conn, err = strconv.ParseUint(strings.TrimPrefix(argument, "#"), 10, 64); err != nil || conn == 0 {
			return strconv.Quote(argument) + " is no number of a connection"
		}
	}
	r.inject(conn)
	return ""
}

// target returns the connection that a message is for: the one that is selected,
// listed or was chosen last. It is 0 for none.
func (r *root) target() uint64 {
	for i := len(r.stack) - 1; i >= 0; i-- {
		switch s := r.stack[i].(type) {
		case *compose:
			return s.conn
		case *messages:
			return s.connection()
		case *stats:
			return s.conn
		}
	}
	if at := r.connections().list.current(); at != nil {
		return at.ID
	}
	return 0
}

// inject goes to where an empty message can be written to the server of a
// connection. What was not sent yet stays.
func (r *root) inject(conn uint64) {
	c := r.composer()
	if c.unsent() {
		r.tell(draw.Plain, "what was not sent yet is still here; ctrl-a and del clear it")
	} else {
		c.clear()
	}
	c.show(conn)
}

// editCopy goes to where a copy of a message can be changed and sent. With outside
// it opens the user's editor at once.
func (r *root) editCopy(m *frame.Message, outside bool) {
	c := r.composer()
	c.instead(func() {
		if fault := c.take(m); fault != "" {
			r.tell(draw.Warning, fault)
			return
		}
		c.show(m.Conn)
		if outside {
			c.outside()
		}
	})
}

// instead calls take, which puts something in place of what was written. What was
// not sent yet is asked about first.
func (c *compose) instead(take func()) {
	if !c.unsent() {
		take()
		return
	}
	c.r.ask("Replace what was not sent yet? y/n", func(key rune) bool {
		if key == 'y' || key == 'Y' {
			take()
		}
		return true
	})
}

// clear begins an empty message.
func (c *compose) clear() { c.load(&frame.Draft{From: frame.Client, Type: frame.Text}) }

// load makes a draft what is written.
func (c *compose) load(d *frame.Draft) {
	c.to, c.kind = d.From.Peer(), d.Type
	code, reason, payload := "1000", []byte(nil), d.Payload
	if d.Type == frame.Close {
		number, text, ok := frame.ParseClose(payload)
		code, reason, payload = fmt.Sprint(uint16(number)), text, nil
		if !ok || len(d.Payload) == 0 {
			code, reason = "", d.Payload
		}
	}
	c.body = edit.New(payload, d.Type == frame.Binary || d.Type.Control() && !utf8.Valid(payload))
	c.code, c.reason = entry(code), entry(string(reason))
	c.split, c.header = entry(fmt.Sprint(max(1, d.Fragments))), entry(d.Header)
	c.focus = c.writes()
	c.changed()
	c.dirty = false
}

// entry returns an editor of one line, with the cursor at its end.
func entry(text string) *edit.Editor {
	e := edit.New([]byte(text), false)
	e.Key(tcell.NewEventKey(tcell.KeyEnd, 0, tcell.ModCtrl))
	return e
}

// take makes a copy of a message what is written, and reports why that cannot be.
func (c *compose) take(m *frame.Message) (fault string) {
	if m.Type == frame.Opaque {
		return "these bytes were no frames; there is no message to copy"
	}
	d := frame.Draft{From: m.From, Type: m.Type, Payload: m.Payload}
	if !slices.Contains(kinds, m.Type) {
		d.Type, d.Header = frame.Binary, fmt.Sprintf("opcode=%d", m.Type)
	}
	c.load(&d)
	switch {
	case m.Error != "":
		c.r.tell(draw.Warning, "it could not be inflated; the copy is as it passed")
	case uint64(len(m.Payload)) < m.Size:
		c.r.tell(draw.Warning, fmt.Sprintf("only %d of %d bytes of the message were kept", len(m.Payload), m.Size))
	}
	return ""
}
