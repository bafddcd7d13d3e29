package export

import (
	"io"
	"strconv"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

type text struct {
	buffered
	line Line
	any  bool // something was written
}

// NewText returns a Writer of lines for people, as Line draws them but with the
// whole payload; a text message keeps its own lines, indented. Times are in
// zone; nil is the local one.
func NewText(w io.Writer, zone *time.Location) Writer {
	if zone == nil {
		zone = time.Local
	}
	return &text{buffered: newBuffered(w), line: Line{Conn: true, Zone: zone}}
}

// Connection writes a line of its own, set off by an empty one.
func (t *text) Connection(c *frame.Connection) error {
	b := t.buffered.line[:0]
	if t.any {
		b = append(b, '\n')
	}
	t.any = true
	return t.write(t.appendConnection(b, c))
}

func (t *text) appendConnection(b []byte, c *frame.Connection) []byte {
	add := func(label, value string) {
		if value != "" {
			b = append(append(append(b, ' ', ' '), label...), decode.Visible(value)...)
		}
	}
	b = strconv.AppendUint(append(b, '#'), c.ID, 10)
	add("", c.Start.In(t.line.Zone).Format("2006-01-02 15:04:05.000 -0700"))
	add("", c.URL)
	add("from ", c.Client)
	if c.Status != 0 {
		add("status ", strconv.Itoa(c.Status))
	}
	add("", string(c.State))
	add("by ", string(c.EndedBy))
	add("how ", string(c.How))
	if c.Code != 0 {
		add("code ", c.Code.String())
		add("reason ", c.Reason)
	}
	add("subprotocol ", c.Subprotocol)
	add("extensions ", c.Extensions)
	add("error ", c.Error)
	return append(b, '\n')
}

func (t *text) Message(m *frame.Message) error {
	t.any = true
	return t.write(append(t.line.appendMessage(t.buffered.line[:0], m, true), '\n'))
}

func (t *text) Frame(r *frame.Record) error {
	t.any = true
	return t.write(t.line.AppendFrame(t.buffered.line[:0], r))
}
