package export

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// Line draws one line for a message or a frame: when, which way (→ from the
// client, ← from the server), type, payload size in bytes, marks in brackets for
// all that is out of the ordinary, and the payload made visible. Columns are
// aligned; nothing is told by colour alone.
type Line struct {
	// Width is the width in terminal cells that the payload is cut to, with an
	// ellipsis; 0 is no limit.
	Width int
	// Conn puts the number of the connection into each line.
	Conn bool
	// Colour adds ANSI colours.
	Colour bool
	// Zone is the time zone to show; nil is the local one.
	Zone *time.Location
}

// The colours of a line.
const (
	dim        = "\x1b[2m"
	red        = "\x1b[31m"
	yellow     = "\x1b[33m"
	fromClient = "\x1b[32m"
	fromServer = "\x1b[36m"
	reset      = "\x1b[0m"
)

// AppendMessage appends the line of m, line end included, to dst.
func (l Line) AppendMessage(dst []byte, m *frame.Message) []byte {
	return append(l.appendMessage(dst, m, false), '\n')
}

// AppendFrame appends the line of r, line end included, to dst. Behind the type
// stand F for FIN, the numbers of the RSV bits that are set, and M for masked.
func (l Line) AppendFrame(dst []byte, r *frame.Record) []byte {
	d := l.begin(dst, r.Conn, r.Time, r.From, r.Type(), len("continuation"))
	if r.Opaque {
		d.text("       ")
		d.size(r.Stored)
	} else {
		d.flags(&r.Header)
		d.size(r.Header.Length)
	}
	d.marks(r.Origin, r.Recoded, r.Incomplete, r.Violation)
	short := uint64(len(r.Payload)) < r.Stored
	if r.Type() == frame.Close {
		d.close(r.Payload, short)
	} else {
		d.payload(r.Payload, short)
	}
	return append(d.dst, '\n')
}

// appendMessage appends the line of m without its end; with lines, line ends in
// a text payload are kept, each line below the beginning of the payload.
func (l Line) appendMessage(dst []byte, m *frame.Message, lines bool) []byte {
	d := l.begin(dst, m.Conn, m.Time, m.From, m.Type, len("binary"))
	d.size(m.Size)
	margin := d.used
	d.marks(m.Origin, m.Recoded, m.Incomplete, m.Violation)
	if m.Error != "" {
		d.mark(red, "! "+m.Error)
	}
	switch {
	case m.Type == frame.Close:
		d.close(m.Payload, m.Truncated)
	case lines && m.Type == frame.Text:
		d.lines(m.Payload, margin, m.Truncated)
	default:
		d.payload(m.Payload, m.Truncated)
	}
	return d.dst
}

// drawing is a line in the making.
type drawing struct {
	dst    []byte
	used   int // cells
	width  int
	colour bool
}

// begin draws the columns that messages and frames share; kinds is the width of
// the column of types.
func (l Line) begin(dst []byte, conn uint64, at time.Time, from frame.Side, kind frame.Opcode, kinds int) drawing {
	d := drawing{dst: dst, width: l.Width, colour: l.Colour}
	if d.width <= 0 {
		d.width = math.MaxInt
	}
	zone := l.Zone
	if zone == nil {
		zone = time.Local
	}
	const clock = "15:04:05.000"
	d.paint(dim)
	d.dst = at.In(zone).AppendFormat(d.dst, clock)
	d.paint(reset)
	d.used += len(clock)
	d.text("  ")
	if l.Conn {
		var b [21]byte
		d.column(strconv.AppendUint(append(b[:0], '#'), conn, 10), 5)
		d.text("  ")
	}
	colour, arrow := fromClient, "→"
	if from == frame.Server {
		colour, arrow = fromServer, "←"
	}
	d.paint(colour)
	d.dst = append(d.dst, arrow...)
	d.used++
	d.text("  ")
	d.column([]byte(kind.String()), kinds)
	d.paint(reset)
	return d
}

// text draws ASCII.
func (d *drawing) text(s string) {
	d.dst = append(d.dst, s...)
	d.used += len(s)
}

func (d *drawing) paint(colour string) {
	if d.colour {
		d.dst = append(d.dst, colour...)
	}
}

// column draws ASCII on the left of a column.
func (d *drawing) column(p []byte, width int) {
	d.dst = append(d.dst, p...)
	d.used += len(p)
	d.pad(width - len(p))
}

func (d *drawing) pad(n int) {
	for range n {
		d.dst = append(d.dst, ' ')
	}
	d.used += max(n, 0)
}

func (d *drawing) size(n uint64) {
	var b [20]byte
	digits := strconv.AppendUint(b[:0], n, 10)
	d.pad(10 - len(digits))
	d.column(digits, 0)
	d.text("  ")
}

func (d *drawing) flags(h *frame.Header) {
	flags := []byte("  -----")
	for i, set := range [...]bool{h.Fin, h.RSV&frame.RSV1 != 0, h.RSV&frame.RSV2 != 0, h.RSV&frame.RSV3 != 0, h.Masked} {
		if set {
			flags[2+i] = "F123M"[i]
		}
	}
	d.column(flags, 0)
}

func (d *drawing) marks(o frame.Origin, recoded bool, i frame.Incomplete, v frame.Violation) {
	if o != frame.Observed {
		d.mark(yellow, o.String())
	}
	if recoded {
		d.mark(yellow, "recoded")
	}
	if i != frame.Whole {
		d.mark(yellow, i.String())
	}
	if v != frame.Legal {
		d.mark(red, "! "+v.Name())
	}
}

// mark draws s in brackets, as far as there is room.
func (d *drawing) mark(colour, s string) {
	d.paint(colour)
	at := len(d.dst)
	d.payload([]byte("["+s+"]"), false)
	d.used += decode.Width(d.dst[at:])
	d.paint(reset)
	if d.used < d.width {
		d.text(" ")
	}
}

// close draws code, name and reason of a close frame.
func (d *drawing) close(p []byte, more bool) {
	if len(p) >= 2 {
		code, reason, _ := frame.ParseClose(p)
		p = []byte(code.String())
		if len(reason) > 0 {
			p = append(append(p, ": "...), reason...)
		}
	} else if len(p) == 0 && !more {
		p = []byte("no code")
	}
	d.payload(p, more)
}

// payload draws p made visible in the cells that are left, with an ellipsis when
// that is not all; more tells that there was more of it. It is the last column.
func (d *drawing) payload(p []byte, more bool) {
	left := d.width - d.used
	if left <= 0 {
		return
	}
	out, shown := decode.AppendVisible(d.dst, p, left)
	if more || shown < len(p) {
		out, _ = decode.AppendVisible(d.dst, p, left-1)
		out = append(out, "…"...)
	}
	d.dst = out
}

// lines draws p made visible over as many lines as it has, all but the first
// behind a margin of that many cells.
func (d *drawing) lines(p []byte, margin int, more bool) {
	for {
		line, rest, found := bytes.Cut(p, []byte{'\n'})
		if !found {
			d.payload(line, more)
			return
		}
		d.payload(line, false)
		p = rest
		d.dst = append(d.dst, '\n')
		d.used = 0
		d.pad(margin)
	}
}
