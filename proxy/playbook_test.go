package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// play is a conversation with a gate. Lines of its script are
//
//	> text "a", ping ""      frames come
//	! hold "a"               something else happens
//	= due 1s                 how the gate stands
//	pass text "a"            what the gate tells its outlet because of that
//
// A frame is written as its opcode, text, binary, cont, ping, pong, close or op
// and a number, with z before it when it is compressed, behind it - without FIN,
// ~ with the mask of the wrong side, and rsv2 or rsv3; then its payload as a Go
// string, which *N repeats. Bytes that are no frame are raw and hex digits.
type play struct {
	name       string
	from       frame.Side
	extensions string
	blind      bool
	rules      string
	script     string
}

// stage is the outlet of a play: it writes down what it is told.
type stage struct {
	t        *testing.T
	from     frame.Side
	gate     *gate
	began    time.Time
	now      time.Time
	chunk    int // how many bytes come at a time
	told     []string
	holding  []string // held is what contains one of these
	held     []*held
	drops    bool // what falls after the limit
	deflater *frame.Deflater
	short    map[string]string // long payloads as the script has them
	wire     *words            // what the receiver makes of what it gets
	capture  *words            // what a reader makes of what is recorded as the sender's own
	fed, own streams
	left     []byte
}

// run acts the play, with so many bytes at a time.
func (p play) run(t *testing.T, chunk int) {
	e := frame.ParseExtensions(p.extensions)
	began := time.Unix(1e9, 0)
	s := &stage{t: t, from: p.from, began: began, now: began, chunk: chunk, short: map[string]string{}}
	s.wire, s.capture = newWords(s, p.from, e), newWords(s, p.from, e)
	if e.Deflate {
		var err error
		if s.deflater, err = frame.NewDeflater(!e.NoContextTakeover[p.from], e.WindowBits[p.from]); err != nil {
			t.Fatal(err)
		}
	}
	var blind error
	inflater := &frame.Inflater{Takeover: e.Deflate && !e.NoContextTakeover[p.from]}
	if p.blind {
		blind, inflater = errors.New("not kept"), nil
	}
	s.gate = newGate(p.from, 7, e, inflater, blind, s)
	if p.rules != "" {
		set, err := rules.Parse("play", []byte(p.rules))
		if err != nil {
			t.Fatal(err)
		}
		s.gate.rules = set.Open(&frame.Connection{ID: 7, URL: "ws://example.com/", Start: began})
	}
	lines := slices.DeleteFunc(strings.Split(p.script, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
	for len(lines) > 0 {
		cue := strings.TrimSpace(lines[0])
		lines = lines[1:]
		var want []string
		for len(lines) > 0 && !strings.ContainsAny(strings.TrimSpace(lines[0])[:1], ">!=") {
			want = append(want, strings.TrimSpace(lines[0]))
			lines = lines[1:]
		}
		s.told = nil
		s.act(cue)
		s.count()
		if !slices.Equal(s.told, want) {
			t.Fatalf("after %s\ntold:\n\t%s\nwant:\n\t%s", cue, strings.Join(s.told, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
	s.close()
}

// close checks what holds for every play: what its sender sent is recorded, once
// and in order, whatever became of it.
func (s *stage) close() {
	s.gate.discard()
	_, rest := s.gate.rest()
	s.own.add(rest)
	if !bytes.Equal(s.fed.data, s.own.data) || !bytes.Equal(s.fed.pings, s.own.pings) {
		s.t.Errorf("sent\n%x and pings\n%x; recorded\n%x and pings\n%x", s.fed.data, s.fed.pings, s.own.data, s.own.pings)
	}
}

// count checks that the gate knows how much waits in it.
func (s *stage) count() {
	waits := 0
	for _, it := range s.gate.queue {
		waits += it.size()
	}
	if waits != s.gate.backlog {
		s.t.Errorf("%d bytes wait, %d are counted", waits, s.gate.backlog)
	}
}

// streams are the bytes of one direction, its pings and pongs apart: they may
// overtake.
type streams struct{ data, pings []byte }

func (s *streams) add(wire []byte) {
	for len(wire) > 0 {
		h, n := frame.Parse(wire)
		size := n + int(min(h.Length, uint64(len(wire)-n)))
		switch {
		case n == 0 || h.Length > frame.MaxLength:
			s.data = append(s.data, wire...)
			return
		case h.Opcode.Control() && h.Opcode != frame.Close:
			s.pings = append(s.pings, wire[:size]...)
		default:
			s.data = append(s.data, wire[:size]...)
		}
		wire = wire[size:]
	}
}

// act has happen what a line of the script says.
func (s *stage) act(cue string) {
	g := s.gate
	what, rest, _ := strings.Cut(strings.TrimSpace(cue[1:]), " ")
	switch cue[0] {
	case '>':
		wire := s.frames(strings.TrimSpace(cue[1:]))
		s.fed.add(wire)
		for chunk := range slices.Chunk(wire, min(s.chunk, len(wire))) {
			read := bytes.Clone(chunk)
			for len(read) > 0 {
				n := g.take(read, s.now)
				clear(read[:n]) // as the next read would do
				read = read[n:]
				g.run(s.now)
			}
		}
		return
	case '=':
		if got := s.state(what); got != rest {
			s.t.Fatalf("%s: %s", cue, got)
		}
		return
	}
	switch what {
	case "hold":
		s.holding = append(s.holding, s.payload(rest))
	case "unhold":
		s.holding = nil
	case "expired":
		s.drops = rest == "drop"
	case "release", "drop", "edit":
		id, with, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(id)
		if err != nil || n > len(s.held) {
			s.t.Fatalf("%s: nothing is held", cue)
		}
		v := Verdict{Action: Action(what)}
		if as, ok := strings.CutPrefix(with, "as binary "); ok {
			v.Type, with = frame.Binary, as
		}
		if what == "edit" {
			v.Payload = []byte(s.payload(with))
		}
		s.held[n-1].decided, s.held[n-1].verdict = true, v
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		s.now = s.now.Add(d)
	case "end":
		g.ending = true
	case "hush":
		g.hush()
	case "skip":
		wire := s.frames(rest)
		s.fed.add(wire)
		s.own.add(wire)
		s.wire.say(wire)
		s.capture.say(wire)
		g.skip(wire)
	default:
		s.t.Fatalf("the script says %q", cue)
	}
	g.run(s.now)
}

func (s *stage) state(what string) string {
	g := s.gate
	switch what {
	case "due":
		if g.due.IsZero() {
			return "never"
		}
		return g.due.Sub(s.began).String()
	case "empty":
		return strconv.FormatBool(g.empty())
	case "waits":
		return strconv.Itoa(len(g.queue))
	case "size":
		return strconv.Itoa(g.size())
	case "broken":
		return strconv.FormatBool(g.broken)
	case "recodes":
		return strconv.FormatBool(g.recoder != nil)
	}
	s.t.Fatalf("nothing is known of %q", what)
	return ""
}

func (s *stage) tell(at time.Time, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !at.Equal(s.now) {
		line += " of " + at.Sub(s.began).String()
	}
	s.told = append(s.told, line)
}

func (s *stage) pass(at time.Time, wire []byte) {
	s.own.add(wire)
	s.capture.say(wire)
	s.tell(at, "pass %s", s.wire.say(wire))
}

func (s *stage) keep(p frame.Passage, wire []byte) {
	if p.From != s.from {
		s.t.Errorf("recorded as from %s", p.From)
	}
	what := p.Origin.String()
	if p.Recoded {
		what += " recoded"
	}
	says := newWords(s, s.from, s.wire.extensions)
	if p.Origin.Own() {
		s.own.add(wire)
		says = s.capture
	}
	s.tell(p.Time, "keep %s %s", what, says.say(wire))
}

func (s *stage) send(wire []byte) { s.tell(s.now, "send %s", s.wire.say(wire)) }

func (s *stage) closing() { s.tell(s.now, "closing") }

func (s *stage) answer(wire []byte) {
	s.tell(s.now, "answer %s", newWords(s, s.from.Peer(), s.wire.extensions).say(wire))
}

func (s *stage) end(e rules.Ending) {
	if e.Reset {
		s.tell(s.now, "end reset")
		return
	}
	s.tell(s.now, "end %d %q", e.Code, e.Reason)
}

func (s *stage) hold(m *frame.Message, now time.Time) *held {
	if !slices.ContainsFunc(s.holding, func(part string) bool { return bytes.Contains(m.Payload, []byte(part)) }) {
		return nil
	}
	h := &held{Held: Held{ID: uint64(len(s.held) + 1), Message: *m, Since: now, Until: now.Add(time.Second)}}
	h.Message.Payload = bytes.Clone(m.Payload)
	s.held = append(s.held, h)
	s.tell(now, "hold %d %s %s", h.ID, m.Type, s.quote(m.Payload))
	return h
}

func (s *stage) verdict(h *held, now time.Time) (Verdict, bool) {
	if !h.decided && !now.Before(h.Until) {
		h.decided, h.verdict.Action = true, Release
		if s.drops {
			h.verdict.Action = Drop
		}
	}
	return h.verdict, h.decided
}

func (s *stage) forget(h *held) { s.tell(s.now, "forget %d", h.ID) }

// payload reads a payload of the script.
func (s *stage) payload(text string) string {
	quoted, err := strconv.QuotedPrefix(text)
	p, _ := strconv.Unquote(quoted)
	if times, ok := strings.CutPrefix(text[len(quoted):], "*"); ok && err == nil {
		var n int
		n, err = strconv.Atoi(times)
		p = strings.Repeat(p, n)
	}
	if err != nil {
		s.t.Fatalf("payload %s: %v", text, err)
	}
	s.short[p] = text
	return p
}

func (s *stage) quote(p []byte) string {
	if text, ok := s.short[string(p)]; ok {
		return text
	}
	return strconv.Quote(string(p))
}
