package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// maxRecord bounds a line of jsonl in bytes: 256 MiB in base64 and what is
// around it.
const maxRecord = 344 << 20

// jsonlReader reads lines of JSON objects.
type jsonlReader struct {
	intake
	in    *bufio.Reader
	line  []byte
	reels []*reel // all of them, in the order they began
	conns map[uint64]*jsonlConn
}

// jsonlConn is a connection of the file.
type jsonlConn struct {
	*reel
	url   string
	start time.Time
}

// ReadJSONL gives the connections in r to sink: objects, one a line, as NewJSONL
// and the lists of wsluice write them, with messages or with frames. Connections
// may interleave. What people write works too: a message needs no more than
// "from" with "text", "base64" or "code"; without "conn" it belongs to one
// connection, whose "url" the first line may say, and without "time" it has that
// of the line before.
//
// It holds one line of at most 344 MiB at a time. When ctx ends, what was read
// before stays with the sink. Lines that are none of these are counted.
func ReadJSONL(ctx context.Context, r io.Reader, sink Sink) (Tally, error) {
	j := &jsonlReader{
		intake: intake{ctx: ctx, sink: sink},
		in:     bufio.NewReaderSize(r, 64<<10),
		conns:  make(map[uint64]*jsonlConn),
	}
	err := j.lines()
	for _, r := range j.reels {
		r.finish(err)
	}
	if err != nil {
		err = fmt.Errorf("read jsonl: %w", err)
	}
	return j.tally, err
}

func (j *jsonlReader) lines() error {
	for {
		if err := j.alive(); err != nil {
			return err
		}
		err := j.read()
		if len(bytes.TrimSpace(j.line)) > 0 {
			if err := j.take(bytes.TrimPrefix(j.line, []byte("\xEF\xBB\xBF"))); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// read reads the next line into j.line, which is empty when it was too long.
func (j *jsonlReader) read() error {
	if j.line = j.line[:0]; cap(j.line) > maxLine {
		j.line = nil
	}
	long := false
	for {
		p, err := j.in.ReadSlice('\n')
		if long = long || len(j.line)+len(p) > maxRecord; !long {
			j.line = append(j.line, p...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long {
			j.line = nil
			j.tally.note("lines with more than 344 MiB are left out")
		}
		return err
	}
}

// jsonlProbe is what tells the kinds of lines apart.
type jsonlProbe struct {
	Conn  uint64
	State *frame.State
	URL   string
	From  *frame.Side
	Type  *frame.Opcode
	Fin   *bool
	Time  time.Time
	Text  *json.RawMessage
	Bytes *json.RawMessage `json:"base64"`
	Code  *json.RawMessage
}

func (j *jsonlReader) take(line []byte) error {
	if usual(line) {
		var m frame.Message
		if json.Unmarshal(line, &m) == nil {
			return j.give(&m, &jsonlProbe{Conn: m.Conn, Time: m.Time})
		}
	}
	var p jsonlProbe
	if err := json.Unmarshal(line, &p); err != nil {
		j.tally.note("lines that are neither connections nor messages are left out")
		return nil
	}
	switch {
	case p.State != nil:
		return j.connection(line, &p)
	case p.From == nil:
		j.tally.note("lines that do not say which side they are from are left out")
		return nil
	case p.Fin != nil:
		return j.frame(line, &p)
	}
	return j.message(line, &p)
}

// usual reports whether line looks like a message as NewJSONL writes it. Quotes
// within strings come behind a backslash, so that these are fields.
func usual(line []byte) bool {
	has := func(field string) bool { return bytes.Contains(line, []byte(field)) }
	return has(`"type":"`) && (has(`"from":"client"`) || has(`"from":"server"`)) && !has(`"state"`) && !has(`"fin"`) && !has(`"url"`)
}

func (j *jsonlReader) connection(line []byte, p *jsonlProbe) error {
	var c frame.Connection
	if err := json.Unmarshal(line, &c); err != nil {
		j.tally.note("lines that are neither connections nor messages are left out")
		return nil
	}
	if known := j.conns[p.Conn]; known != nil && known.url == c.URL && known.start.Equal(c.Start) {
		// A list that follows tells of a connection again when it ends.
		known.learn(&c)
		return nil
	}
	_, err := j.begin(p.Conn, &c)
	return err
}

// begin opens a connection; one before it of that number ends.
func (j *jsonlReader) begin(number uint64, c *frame.Connection) (*jsonlConn, error) {
	r, err := j.open(c)
	if err != nil {
		return nil, err
	}
	j.reels = append(j.reels, r)
	j.conns[number] = &jsonlConn{reel: r, url: c.URL, start: c.Start}
	return j.conns[number], nil
}

// of returns the connection of a line, which begins with it when the file has
// not told of it.
func (j *jsonlReader) of(p *jsonlProbe) (*jsonlConn, error) {
	if c := j.conns[p.Conn]; c != nil {
		return c, nil
	}
	c := &frame.Connection{State: frame.Closed, URL: unknownURL, Status: 101, Start: p.Time}
	if p.URL != "" {
		c.URL = webSocketURL(p.URL)
	}
	if c.Start.IsZero() {
		c.Start = time.Now()
	}
	return j.begin(p.Conn, c)
}

func (j *jsonlReader) message(line []byte, p *jsonlProbe) error {
	var m frame.Message
	err := json.Unmarshal(line, &m)
	if p.Type == nil {
		switch {
		case p.Text != nil:
			m.Type = frame.Text
		case p.Bytes != nil:
			m.Type = frame.Binary
		case p.Code != nil:
			m.Type = frame.Close
		default:
			err = errors.New("no payload")
		}
	}
	if err != nil {
		j.tally.note("lines that are neither connections nor messages are left out")
		return nil
	}
	return j.give(&m, p)
}

// give gives a message to its connection.
func (j *jsonlReader) give(m *frame.Message, p *jsonlProbe) error {
	c, err := j.of(p)
	if err == nil {
		c.message(m)
	}
	return err
}

// frame gives a frame to the sink as it was on the wire.
func (j *jsonlReader) frame(line []byte, p *jsonlProbe) error {
	var r frame.Record
	if err := json.Unmarshal(line, &r); err != nil {
		j.tally.note("lines that are neither connections nor messages are left out")
		return nil
	}
	c, err := j.of(p)
	if err != nil {
		return err
	}
	switch {
	case c.tape == nil:
		j.tally.note(noteNoFrames)
	case r.Origin == frame.Dropped:
		j.tally.note(noteDropped)
	case !r.Opaque && uint64(len(r.Payload)) != r.Header.Length:
		j.tally.note("frames of which a part is missing are left out")
	default:
		if r.Origin != frame.Observed {
			j.tally.note(noteMade)
		}
		if r.Header.Fin {
			j.tally.Messages++
		}
		c.append(r.From, r.Time, r.AppendWire(nil))
		c.closed = c.closed || r.Type() == frame.Close
	}
	return nil
}
