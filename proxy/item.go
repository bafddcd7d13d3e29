package proxy

import (
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// item is a message, or a control frame, on its way through a gate.
type item struct {
	at      time.Time // when its first byte was read
	wire    []byte    // its frames as they came
	message frame.Message
	control bool // nobody is asked about it
	close   bool

	held        *held // while nobody has decided
	drop        bool
	edited      bool // replacement is sent in its place
	replacement []byte
	as          frame.Opcode // of the replacement; 0 is the message's own
	fragments   int
	until       time.Time // not to be sent before
	paced       time.Time // when a throttled direction has come to its end
	behind      int       // how many later ones go before it
	late        time.Time // when it waits for those no longer
	kept        bool      // already recorded as dropped
	copies      int
	answers     []rules.Answer
	end         *rules.Ending
	silence     bool
}

// unreadable reports whether nothing can be said about the message, because it
// is compressed and cannot be inflated, or is longer than what is looked at.
func (it *item) unreadable(blind error) bool {
	m := &it.message
	return m.Compressed && (blind != nil || m.Error != "") || m.Truncated
}

// apply takes over what rules want.
func (it *item) apply(o rules.Outcome, now time.Time) {
	it.drop, it.silence = o.Drop, o.Silence
	it.edited, it.replacement = o.Edited, o.Payload
	it.copies, it.behind, it.fragments = o.Copies, o.Behind, o.Fragments
	it.answers, it.end = o.Answers, o.End
	if o.Delay > 0 {
		it.until = now.Add(o.Delay)
	}
	if it.fragments > 1 && !it.edited {
		it.edited, it.replacement = true, it.message.Payload
	}
}

// decide takes over a verdict.
func (it *item) decide(v Verdict) {
	it.held = nil
	switch v.Action {
	case Drop:
		it.drop = true
	case Edit:
		it.edited, it.replacement, it.as = true, v.Payload, v.Type
	}
}

// draft is the message as it is to be sent anew.
func (it *item) draft() frame.Draft {
	m := &it.message
	d := frame.Draft{From: m.From, Type: m.Type, Payload: m.Payload, Fragments: it.fragments}
	if it.edited {
		d.Payload = it.replacement
	}
	if it.as != 0 {
		d.Type = it.as
	}
	return d
}

// size is about how many bytes the item holds.
func (it *item) size() int { return len(it.wire) + len(it.message.Payload) + len(it.replacement) }
