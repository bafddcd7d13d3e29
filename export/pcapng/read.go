package pcapng

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

const (
	// maxConversations bounds how many TCP connections are followed at a time,
	// maxHeld the bytes that are held of all of them.
	maxConversations = 1 << 16
	maxHeld          = 64 << 20
)

// Options are what Read may be told.
type Options struct {
	// KeyLog, unless nil, holds secrets of TLS connections, in the form that
	// browsers and libraries write to the file SSLKEYLOGFILE names. It is read to its
	// end before anything else.
	KeyLog io.Reader
}

// Read gives the WebSocket connections in packets to sink, with the times of the
// packets: of a pcapng or pcap file, from Ethernet, Linux's cooked captures,
// loopbacks or bare IP, over IPv4 or IPv6. It puts TCP segments in order, follows
// HTTP/1.1 through earlier requests and CONNECT, and finds upgrades, granted or
// refused, on any port.
//
// TLS 1.2 with an AEAD and TLS 1.3 are decrypted where the secrets are known: from
// o, and from those that a pcapng file holds itself, before the packets.
//
// Where packets are missing within a connection, it is kept up to there and its
// Error says so. What else is encrypted cannot be read, nor HTTP/2, nor connections
// of which the handshake was not captured, nor fragments of IP packets; Tally counts
// what was left out.
//
// Read holds at most 64 MiB of segments that wait for others, and what it needs to
// know of 65536 TCP connections; of more the ones that were silent longest are
// given up. When the file is damaged or ctx ends, what was read before stays with
// the sink, and Tally tells of it.
func Read(ctx context.Context, r io.Reader, o Options, sink export.Sink) (export.Tally, error) {
	in := &reader{sink: sink, keys: make(keyLog), conversations: make(map[pair]*list.Element), order: list.New()}
	if o.KeyLog != nil {
		if err := in.keys.read(o.KeyLog); err != nil {
			return in.tally, err
		}
	}
	err := in.read(ctx, r)
	in.end(err)
	if err = errors.Join(err, in.err); err != nil {
		return in.tally, fmt.Errorf("read packets: %w", err)
	}
	return in.tally, nil
}

// pair is the two ends of a TCP connection, the client's first.
type pair [2]netip.AddrPort

// reader is one file under way.
type reader struct {
	sink          export.Sink
	tally         export.Tally
	err           error // of the sink
	keys          keyLog
	conversations map[pair]*list.Element
	order         *list.List // of *conversation, the one silent longest first
	held          int
	last          time.Time
}

func (r *reader) read(ctx context.Context, in io.Reader) error {
	s, err := newSource(in)
	if err != nil {
		return err
	}
	s.secrets = func(p []byte) {
		// A log with a line that is too long holds what comes before.
		_ = r.keys.read(bytes.NewReader(p))
	}
	for n := 0; r.err == nil; n++ {
		const often = 1 << 10
		if n%often == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("the file ends in the middle of what begins %w", err)
		}
		if err != nil {
			return err
		}
		r.packet(&p)
	}
	return nil
}

// packet takes one packet.
func (r *reader) packet(p *packet) {
	seg, note := parse(p.link, p.data)
	if note != "" {
		r.note(note)
		return
	}
	r.last = p.at
	e, from := r.find(&seg)
	if e == nil {
		return
	}
	c := e.Value.(*conversation)
	r.order.MoveToBack(e)
	over := c.segment(from, p.at, &seg)
	r.held += c.held() - c.counted
	if c.counted = c.held(); over {
		r.drop(e)
	}
	r.relieve()
}

// find returns the conversation of s and who sends s in it. It begins one when
// there is none and s has something to say.
func (r *reader) find(s *segment) (*list.Element, frame.Side) {
	e, from := r.conversations[pair{s.from, s.to}], frame.Client
	if e == nil {
		if e = r.conversations[pair{s.to, s.from}]; e != nil {
			from = frame.Server
		}
	}
	if e != nil && s.flags&flagSYN != 0 {
		// The same ends again make a new connection.
		if l := &e.Value.(*conversation).lanes[from]; l.begun && l.next != s.seq+1 && s.flags&flagACK == 0 {
			e.Value.(*conversation).finish(frame.End{Time: r.last})
			r.drop(e)
			e = nil
		}
	}
	if e != nil || len(s.data) == 0 && s.flags&flagSYN == 0 || s.flags&flagRST != 0 {
		return e, from
	}
	from = frame.Client
	if s.flags&(flagSYN|flagACK) == flagSYN|flagACK || s.flags&flagSYN == 0 && strings.HasPrefix(string(s.data[:min(5, len(s.data))]), "HTTP/") {
		from = frame.Server
	}
	c := &conversation{r: r}
	c.ends[from], c.ends[from.Peer()] = s.from, s.to
	e = r.order.PushBack(c)
	r.conversations[c.ends] = e
	return e, from
}

func (r *reader) drop(e *list.Element) {
	c := r.order.Remove(e).(*conversation)
	r.held -= c.counted
	delete(r.conversations, c.ends)
}

// relieve gives up the conversations that were silent longest while there are too
// many, or too much is held.
func (r *reader) relieve() {
	for r.order.Len() > maxConversations || r.held > maxHeld && r.order.Len() > 0 {
		e := r.order.Front()
		c := e.Value.(*conversation)
		r.note(noteTooMany)
		c.finish(frame.End{Time: r.last, How: frame.ByError, Error: "given up, as too many connections were open at a time"})
		r.drop(e)
	}
}

// end ends the conversations that are left. With err, the file was not read to
// its end.
func (r *reader) end(err error) {
	for e := r.order.Front(); e != nil; e = e.Next() {
		c := e.Value.(*conversation)
		end := frame.End{Time: r.last, EndedBy: c.first}
		if err != nil {
			end = frame.End{Time: r.last, How: frame.ByError, Error: "the import ended here: " + err.Error()}
			if errors.Is(err, context.Canceled) {
				end.Error = "the import was interrupted here"
			}
		} else if c.stage == inFrames && c.first == "" {
			r.note(noteOpen)
		}
		c.finish(end)
	}
}

// open gives conn to the sink. It returns nil when that failed, or when conn
// carries no frames.
func (r *reader) open(conn *frame.Connection) export.Tape {
	if r.err != nil {
		return nil
	}
	carries := conn.State == frame.Open
	tape, err := r.sink.Open(conn)
	if err != nil {
		r.err = fmt.Errorf("keep a connection: %w", err)
		return nil
	}
	r.tally.Connections++
	if !carries {
		return nil
	}
	return tape
}

// note counts what.
func (r *reader) note(what string) {
	i := slices.IndexFunc(r.tally.Notes, func(n export.Note) bool { return n.What == what })
	if i < 0 {
		i = len(r.tally.Notes)
		r.tally.Notes = append(r.tally.Notes, export.Note{What: what})
	}
	r.tally.Notes[i].Count++
}
