package recorded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

const (
	// maxMessage bounds the payload of a message, in bytes.
	maxMessage = 64 << 20
	// maxHeld bounds the payloads of all conversations that are held.
	maxHeld = 128 << 20
	// maxLines bounds the messages of all conversations.
	maxLines = 4 << 20
	// maxID bounds an id that is looked for in answers.
	maxID = 256
)

// script is a conversation to be served. It never changes.
type script struct {
	conversation *Conversation
	cues         []cue
	lines        []line
	// known are the cues that have a key, by the match it is of.
	known [compare.ByShape + 1]map[compare.Key][]int32
	// answers are the lines that answer a cue by its id.
	answers map[int32][]int32
	// closed is whether the client said goodbye first, reply what the server
	// answered then; nil when it did not.
	closed bool
	reply  []byte
}

// cue is a message of the client.
type cue struct {
	seq  uint64
	kind frame.Opcode
}

// line is what the server does next: it sends a message or ends the connection.
type line struct {
	seq  uint64
	at   time.Duration // since the connection began
	gap  time.Duration // since what was said before
	need int32         // how many cues come before it
	// answers is the cue whose id it has, -1 for none, and id where that is.
	answers       int32
	idAt, idBytes int32
	take          take
	held          bool // take has its payload
	lost          string
	end           frame.How // how it ends the connection, when it does
}

// loader makes the scripts of conversations.
type loader struct {
	options *Options
	room    int // for payloads, in bytes
	lines   int
}

// load reads a conversation.
func (l *loader) load(ctx context.Context, c *Conversation) (*script, error) {
	s := &script{conversation: c, answers: make(map[int32][]int32)}
	for i := range s.known {
		s.known[i] = make(map[compare.Key][]int32)
	}
	if c.Connection.State == frame.Refused {
		return s, nil
	}
	w, err := walk(ctx, c)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	b := &binder{loader: l, script: s, ids: make(map[string]int32)}
	for {
		t, err := w.next()
		if errors.Is(err, io.EOF) {
			b.finish()
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if l.lines++; l.lines > maxLines {
			return nil, fmt.Errorf("the conversations have more than %d messages", maxLines)
		}
		b.add(t)
	}
}

// binder makes a script of what is taken from a conversation.
type binder struct {
	*loader
	script *script
	before time.Duration // when what came before was said
	ids    map[string]int32
	pings  []string // of the client, not answered yet
	over   bool     // the server has said goodbye
}

// maxPings is how many pings are remembered.
const maxPings = 16

func (b *binder) add(t *take) {
	m := &t.message
	at := max(m.Time.Sub(b.script.conversation.Connection.Start), b.before)
	if m.From == frame.Client {
		b.client(m, at)
	} else {
		b.server(t, at)
	}
}

func (b *binder) client(m *frame.Message, at time.Duration) {
	s := b.script
	switch {
	case !m.Origin.Own() || m.Type == frame.Opaque || m.Type == frame.Pong:
		return
	case m.Type == frame.Ping:
		if len(b.pings) == maxPings {
			b.pings = b.pings[1:]
		}
		b.pings = append(b.pings, string(m.Payload))
		return
	case m.Type == frame.Close:
		s.closed = s.closed || !b.over
		return
	case m.Type.Control():
		return
	}
	n := int32(len(s.cues))
	s.cues = append(s.cues, cue{seq: m.Seq, kind: m.Type})
	for by := range s.known {
		key := b.options.Rules.Key(compare.Match(by), m)
		s.known[by][key] = append(s.known[by][key], n)
	}
	if id, ok := compare.FindID(m); ok && len(id.Value) <= maxID {
		b.ids[id.Key+"\x00"+string(id.Value)] = n
	}
	b.before = at
}

func (b *binder) server(t *take, at time.Duration) {
	s, m := b.script, &t.message
	if m.Origin == frame.Dropped || b.over {
		return // it did not reach the client, or should not have
	}
	switch m.Type {
	case frame.Pong:
		for i, ping := range b.pings {
			if ping == string(m.Payload) {
				b.pings = b.pings[i+1:]
				return // one of those that are made for the pings that come
			}
		}
	case frame.Close:
		b.over = true
		if s.closed {
			s.reply = append([]byte{}, m.Payload...)
			return
		}
	}
	l := line{seq: m.Seq, at: at, gap: at - b.before, need: int32(len(s.cues)), answers: -1}
	if l.lost = t.lost(); l.lost == "" {
		l.take = t.kept()
		if id, ok := compare.FindID(m); ok && !t.raw() {
			if asked, ok := b.ids[id.Key+"\x00"+string(id.Value)]; ok {
				l.answers, l.idAt, l.idBytes = asked, int32(id.Offset), int32(len(id.Value))
				s.answers[asked] = append(s.answers[asked], int32(len(s.lines)))
			}
		}
		if size := len(l.take.payload); size <= b.room {
			b.room -= size
			l.held = true
		} else {
			l.take.payload = nil
		}
	}
	s.lines = append(s.lines, l)
	b.before = at
}

// finish adds the end, when it was the server that ended the connection without a
// close frame.
func (b *binder) finish() {
	c := &b.script.conversation.Connection
	if b.over || b.script.closed || c.EndedBy != frame.ByServer || c.How != frame.ByFIN && c.How != frame.ByReset {
		return
	}
	at := max(c.End.Sub(c.Start), b.before)
	b.script.lines = append(b.script.lines, line{
		at: at, gap: at - b.before, need: int32(len(b.script.cues)), answers: -1, end: c.How,
	})
}

// after returns the first line behind a cue.
func (s *script) after(cue int32) int {
	return sort.Search(len(s.lines), func(n int) bool { return s.lines[n].need > cue })
}
