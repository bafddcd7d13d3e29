package recorded

import (
	"cmp"
	"slices"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// score is how far a client has come in a script. It touches no clock and no
// connection.
type score struct {
	script *script
	// heard are the cues that have come; all those before frontier have.
	heard    []bool
	frontier int32
	count    int
	// next is the first line that is not released, but for those ahead of it.
	next  int32
	ahead map[int32]bool
	ids   map[int32][]byte // of the client's messages, by the cue they are
	// past is how many of the cues with a key have come for certain.
	past [compare.ByShape + 1]map[compare.Key]int
}

// entry is a line to be sent, with the id it has to have; nil is its own.
type entry struct {
	script *script
	n      int32 // of the line
	line   *line
	id     []byte
	again  bool
}

func newScore(s *script) *score {
	c := &score{
		script: s, heard: make([]bool, len(s.cues)),
		ahead: make(map[int32]bool), ids: make(map[int32][]byte),
	}
	for by := range c.past {
		c.past[by] = make(map[compare.Key]int)
	}
	return c
}

// said is what is known of a message of the client.
type said struct {
	keys [compare.ByShape + 1]compare.Key
	id   []byte
	kind frame.Opcode
}

func newSaid(rules *compare.Rules, m *frame.Message) said {
	s := said{kind: m.Type}
	for by := range s.keys {
		s.keys[by] = rules.Key(compare.Match(by), m)
	}
	if id, ok := compare.FindID(m); ok && len(id.Value) <= maxID {
		s.id = append([]byte{}, id.Value...)
	}
	return s
}

// closeness are the matches, the closest first.
var closeness = [...]compare.Match{compare.Exactly, compare.ByID, compare.ByShape}

// find returns the cue that is matched, as closely as by demands: one that has not
// come yet, or otherwise the last of those that have.
func (c *score) find(s *said, by compare.Match) (cue int32, again, ok bool) {
	for _, match := range closeness {
		if match > by {
			break
		}
		if n, ok := c.coming(match, s.keys[match]); ok {
			return n, false, true
		}
		if known := c.script.known[match][s.keys[match]]; len(known) > 0 {
			return known[len(known)-1], true, true
		}
	}
	return 0, false, false
}

// coming returns the first cue with a key that has not come.
func (c *score) coming(by compare.Match, key compare.Key) (cue int32, ok bool) {
	known := c.script.known[by][key]
	past := c.past[by][key]
	for past < len(known) && c.heard[known[past]] {
		past++
	}
	if past > 0 {
		c.past[by][key] = past
	}
	if past == len(known) {
		return 0, false
	}
	return known[past], true
}

// nearest returns the next cue of the same shape that has not come, or of the same
// type.
func (c *score) nearest(s *said) (cue int32, ok bool) {
	if n, ok := c.coming(compare.ByShape, s.keys[compare.ByShape]); ok {
		return n, true
	}
	for n := int(c.frontier); n < len(c.script.cues); n++ {
		if !c.heard[n] && c.script.cues[n].kind == s.kind {
			return int32(n), true
		}
	}
	return 0, false
}

// note takes note that a cue has come.
func (c *score) note(cue int32, s *said) {
	if !c.heard[cue] {
		c.heard[cue] = true
		c.count++
	}
	if len(c.script.answers[cue]) > 0 && s.id != nil {
		c.ids[cue] = s.id
	}
	for int(c.frontier) < len(c.heard) && c.heard[c.frontier] {
		c.frontier++
	}
}

// hear takes note that a cue has come, for the first time, and adds the lines that
// are released by that. What waits stays in the order of the recording, so that
// the answers to several requests interleave as they did.
func (c *score) hear(cue int32, s *said, queue []entry) []entry {
	c.note(cue, s)
	queue = c.release(queue)
	for _, n := range c.script.answers[cue] {
		if n >= c.next {
			c.ahead[n] = true
			queue = append(queue, c.entry(n))
		}
	}
	slices.SortStableFunc(queue, func(a, b entry) int { return cmp.Compare(a.n, b.n) })
	return queue
}

// release appends the lines before which all cues have come.
func (c *score) release(queue []entry) []entry {
	for ; int(c.next) < len(c.script.lines) && c.script.lines[c.next].need <= c.frontier; c.next++ {
		if c.ahead[c.next] {
			delete(c.ahead, c.next)
			continue
		}
		queue = append(queue, c.entry(c.next))
	}
	return queue
}

// repeat appends the lines that answer a cue which has come before: those with its
// id or, when there are none, the one that came next.
func (c *score) repeat(cue int32, s *said, queue []entry) []entry {
	for _, n := range c.script.answers[cue] {
		queue = append(queue, entry{script: c.script, line: &c.script.lines[n], id: s.id, again: true})
	}
	if len(c.script.answers[cue]) > 0 {
		return queue
	}
	for n := c.script.after(cue); n < len(c.script.lines) && c.script.lines[n].need == cue+1; n++ {
		if l := &c.script.lines[n]; l.answers < 0 && l.end == "" && !l.take.message.Type.Control() {
			return append(queue, entry{script: c.script, line: l, again: true})
		}
	}
	return queue
}

func (c *score) entry(n int32) entry {
	l := &c.script.lines[n]
	e := entry{script: c.script, n: n, line: l}
	if l.answers >= 0 {
		e.id = c.ids[l.answers]
	}
	return e
}

// urgent reports whether the client has said what it said behind a line, so that
// the line is late.
func (c *score) urgent(e entry) bool {
	return e.line.need < c.frontier
}
