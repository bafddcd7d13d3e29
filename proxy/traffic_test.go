package proxy

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// said is one message, or a control frame, as a peer sent or got it.
type said struct {
	kind    frame.Opcode
	payload string
}

func (s said) String() string {
	if len(s.payload) > 60 {
		return fmt.Sprintf("%s %.60q… of %d bytes", s.kind, s.payload, len(s.payload))
	}
	return fmt.Sprintf("%s %q", s.kind, s.payload)
}

// ear makes messages of the bytes of one direction, as a peer does.
type ear struct {
	from     frame.Side
	inflater frame.Inflater
	deflates bool

	whole      []byte // all bytes
	frames     [][]byte
	messages   []said
	controls   []said
	payloads   map[int]string // of the messages that end with a frame, by its number
	payload    []byte
	kind       frame.Opcode
	compressed bool
	within     bool
}

func newEar(from frame.Side, e frame.Extensions) *ear {
	return &ear{
		from: from, deflates: e.Deflate, payloads: map[int]string{},
		inflater: frame.Inflater{Takeover: e.Deflate && !e.NoContextTakeover[from]},
	}
}

// hear takes the next whole frame. An error is something a peer would end the
// connection for.
func (l *ear) hear(wire []byte) (last said, err error) {
	h, n := frame.Parse(wire)
	l.whole = append(l.whole, wire...)
	wire = bytes.Clone(wire)
	l.frames = append(l.frames, wire)
	p := bytes.Clone(wire[n:])
	switch {
	case h.Masked != (l.from == frame.Client):
		return last, fmt.Errorf("frame %d has the mask of the wrong side", len(l.frames))
	case h.Masked:
		frame.Mask(p, h.Mask, 0)
	}
	if h.Opcode.Control() {
		last = said{h.Opcode, string(p)}
		l.controls = append(l.controls, last)
		return last, nil
	}
	switch {
	case l.within == (h.Opcode != frame.Continuation):
		return last, fmt.Errorf("frame %d is %s while a message under way: %v", len(l.frames), h.Opcode, l.within)
	case !l.within:
		l.kind, l.compressed, l.payload = h.Opcode, h.RSV == frame.RSV1, nil
		if h.RSV != 0 && (!l.deflates || !l.compressed) {
			return last, fmt.Errorf("frame %d has RSV %d", len(l.frames), h.RSV)
		}
	}
	l.payload = append(l.payload, p...)
	if l.within = !h.Fin; l.within {
		return last, nil
	}
	if l.compressed {
		if l.payload, _, err = l.inflater.Append(nil, l.payload, 1<<20); err != nil {
			return last, fmt.Errorf("frame %d: %w", len(l.frames), err)
		}
	}
	last = said{l.kind, string(l.payload)}
	l.messages = append(l.messages, last)
	l.payloads[len(l.frames)-1] = last.payload
	return last, nil
}

// readFrame reads the bytes of one frame.
func readFrame(r *bufio.Reader) ([]byte, error) {
	var wire []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return wire, err
		}
		wire = append(wire, c)
		h, n := frame.Parse(wire)
		if n == 0 {
			continue
		}
		payload := make([]byte, h.Length)
		_, err = io.ReadFull(r, payload)
		return append(wire, payload...), err
	}
}

// speaker sends random messages.
type speaker struct {
	side     frame.Side
	random   *rand.Rand
	compress func(dst, message []byte) []byte // nil when it does not

	whole    []byte // all it has sent
	messages []said
	controls []said
}

func newSpeaker(side frame.Side, e frame.Extensions, random *rand.Rand) (*speaker, error) {
	s := &speaker{side: side, random: random}
	if !e.Deflate {
		return s, nil
	}
	bits, takeover := e.WindowBits[side], !e.NoContextTakeover[side]
	if bits == 15 && random.IntN(2) == 0 {
		// Another encoder, with the window it knows.
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, []int{flate.HuffmanOnly, 1, 6, 9}[random.IntN(4)])
		s.compress = func(dst, message []byte) []byte {
			out.Reset()
			if !takeover {
				w.Reset(&out)
			}
			_, _ = w.Write(message)
			_ = w.Flush()
			return append(dst, out.Bytes()[:out.Len()-4]...)
		}
		return s, err
	}
	d, err := frame.NewDeflater(takeover, bits)
	s.compress = d.Append
	return s, err
}

var vocabulary = strings.Fields(`{"type":"quote","symbol":"EURUSD","bid":1.0832,"ask":1.0834} {"type":"trade",
	"price":17.25,"size":100,"venue":"XETR"} subscribe unsubscribe acknowledged lorem ipsum dolor sit amet 2026-11-21T12:00:00Z`)

// text makes a payload of up to so many bytes: words that come again and again,
// now and then noise.
func (s *speaker) text(most int) string {
	n := s.random.IntN(most + 1)
	if s.random.IntN(8) == 0 {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = ' ' + byte(s.random.IntN(95))
		}
		return string(noise)
	}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(vocabulary[s.random.IntN(len(vocabulary))])
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// next makes the bytes of the next message, with pings in and behind it.
func (s *speaker) next() []byte {
	m := said{frame.Text, fmt.Sprintf("%s %d %s", s.side, len(s.messages), s.text(2000))}
	switch s.random.IntN(20) {
	case 0:
		m.payload = ""
	case 1, 2, 3, 4:
		m.kind = frame.Binary
	}
	return s.say(m, s.compress != nil && s.random.IntN(5) > 0)
}

// say makes the bytes of a message.
func (s *speaker) say(m said, compressed bool) (wire []byte) {
	s.messages = append(s.messages, m)
	body := []byte(m.payload)
	if compressed {
		body = s.compress(nil, body)
	}
	fragments := 1
	if s.random.IntN(5) == 0 {
		fragments += s.random.IntN(4)
	}
	for i := range fragments {
		part := body[:len(body)/(fragments-i)]
		body = body[len(part):]
		h := frame.Header{Opcode: m.kind, Fin: i == fragments-1}
		if i > 0 {
			h.Opcode = frame.Continuation
		} else if compressed {
			h.RSV = frame.RSV1
		}
		wire = append(wire, s.frame(h, part)...)
		if s.random.IntN(6) == 0 {
			wire = append(wire, s.ping()...)
		}
	}
	s.whole = append(s.whole, wire...)
	return wire
}

// last makes the bytes of a message with nothing before, in or behind it.
func (s *speaker) last(payload string) []byte {
	m := said{frame.Text, payload}
	s.messages = append(s.messages, m)
	wire := s.frame(frame.Header{Opcode: m.kind, Fin: true}, []byte(payload))
	s.whole = append(s.whole, wire...)
	return wire
}

func (s *speaker) ping() []byte {
	m := said{frame.Ping, fmt.Sprintf("%s %d", s.side, len(s.controls))}
	if s.random.IntN(3) == 0 {
		m.kind = frame.Pong
	}
	s.controls = append(s.controls, m)
	return s.frame(frame.Header{Opcode: m.kind, Fin: true}, []byte(m.payload))
}

func (s *speaker) frame(h frame.Header, payload []byte) []byte {
	h.Length, h.Masked = uint64(len(payload)), s.side == frame.Client
	if h.Masked {
		for i := range h.Mask {
			h.Mask[i] = byte(s.random.Uint32())
		}
	}
	wire := append(h.Append(nil), payload...)
	if h.Masked {
		frame.Mask(wire[len(wire)-len(payload):], h.Mask, 0)
	}
	return wire
}

// journal is a memory that also keeps in which order things were recorded.
type journal struct {
	*memory
	tape *journalTape // of the last connection
}

type journalTape struct {
	*memoryTape
	lock    sync.Mutex
	entries [2][]entry
}

// entry is what was recorded at a time: bytes that passed, with the zero Passage,
// or what was inserted.
type entry struct {
	frame.Passage
	wire []byte
}

func (j *journal) Open(c *frame.Connection) (Tape, error) {
	t, err := j.memory.Open(c)
	if err != nil {
		return nil, err
	}
	j.tape = &journalTape{memoryTape: t.(*memoryTape)}
	return j.tape, nil
}

func (t *journalTape) Append(from frame.Side, at time.Time, wire []byte) {
	t.memoryTape.Append(from, at, wire)
	t.keep(entry{frame.Passage{From: from}, slices.Clone(wire)})
}

func (t *journalTape) Insert(p frame.Passage, wire []byte) {
	t.memoryTape.Insert(p, wire)
	t.keep(entry{p, slices.Clone(wire)})
}

func (t *journalTape) keep(e entry) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.entries[e.From] = append(t.entries[e.From], e)
}
