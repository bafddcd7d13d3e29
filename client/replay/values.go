package replay

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// Value is one that the server gives anew each time. What stood in its place in the
// capture is replaced by it in all messages of the client behind it.
type Value struct {
	Name string
	// Path is the JSON value that is meant, unless Pattern is set: then it is what
	// its first group matches, or all of it when it has none.
	Path    Path
	Pattern *regexp.Regexp
	// Seq is the number of the recorded message it is in, 0 for any of the server.
	Seq uint64
}

// Replacement is a change to the client's text and binary messages.
type Replacement struct {
	// Old is replaced wherever it stands, by New, in which {{name}} is a Value. As
	// long as one of them is not known, nothing is replaced.
	Old, New string
}

const (
	// maxFound is how many values are kept that were found by themselves.
	maxFound = 4096
	// maxText bounds the texts in which they are looked for, in bytes.
	maxText = 1 << 20
)

// values are those that are other ones this time. They are the judge's, under
// its lock, except for use.
type values struct {
	named   []Value
	detect  bool
	replace []Replacement

	version int
	given   map[string]string // what named values are now, by name
	swaps   []swap            // of named values, the latest last
	found   [2]map[string]*discovery
	order   [2][]string // of the keys of found, the oldest first
}

// swap is a named value that is another one now.
type swap struct {
	Use
	used bool
}

// discovery is a value that was found by itself.
type discovery struct {
	now  string
	seq  uint64
	used bool
}

func newValues(o *Options) *values {
	return &values{
		named: o.Values, detect: o.Detect, replace: o.Replace, given: make(map[string]string),
		found: [2]map[string]*discovery{{}, {}},
	}
}

// learn takes the named values from what the server sent then and now.
func (v *values) learn(recorded, got *frame.Message) {
	if !recorded.Type.Data() || !got.Type.Data() {
		return
	}
	for i := range v.named {
		n := &v.named[i]
		if n.Seq != 0 && n.Seq != recorded.Seq {
			continue
		}
		now, ok := n.in(got.Payload)
		if !ok {
			continue
		}
		v.given[n.Name] = now
		old, ok := n.in(recorded.Payload)
		if !ok || old == "" || old == now {
			continue
		}
		v.version++
		v.swap(Use{Name: n.Name, Recorded: old, Got: now, Found: recorded.Seq})
	}
}

// swap keeps a named value, in place of an older one of the same.
func (v *values) swap(u Use) {
	for i := range v.swaps {
		if v.swaps[i].Name == u.Name && v.swaps[i].Recorded == u.Recorded {
			v.swaps[i] = swap{Use: u}
			return
		}
	}
	if len(v.swaps) >= maxFound {
		v.swaps = v.swaps[1:]
	}
	v.swaps = append(v.swaps, swap{Use: u})
}

// in returns the value in a payload.
func (n *Value) in(payload []byte) (string, bool) {
	if n.Pattern == nil {
		return n.Path.find(payload)
	}
	found := n.Pattern.FindSubmatch(payload)
	switch len(found) {
	case 0:
		return "", false
	case 1:
		return string(found[0]), true
	}
	return string(found[1]), true
}

// discover keeps what looks like ids that are other ones now.
func (v *values) discover(recorded, got *frame.Message) {
	if !v.detect || recorded.Type != frame.Text || got.Type != frame.Text || bytes.Equal(recorded.Payload, got.Payload) ||
		len(recorded.Payload) > maxText || len(got.Payload) > maxText {
		return
	}
	for kind := range alphabets {
		var pairs [][2]string
		old, now := words(recorded.Payload, alphabets[kind]), words(got.Payload, alphabets[kind])
		aligned := true
		for aligned {
			before, a, more := old()
			beforeNow, b, moreNow := now()
			if aligned = more == moreNow && bytes.Equal(before, beforeNow); !aligned || !more {
				break
			}
			if !bytes.Equal(a, b) && identifies(a) && identifies(b) {
				pairs = append(pairs, [2]string{string(a), string(b)})
			}
		}
		if aligned {
			for _, p := range pairs {
				v.keep(kind, p[0], p[1], recorded.Seq)
			}
			return
		}
	}
	// They are made otherwise: values at the same place of JSON are left.
	d, _ := new(compare.Rules).Same(recorded, got)
	for _, c := range d.Changes {
		if c.Kind != compare.Changed || d.Form != compare.JSON {
			continue
		}
		a, b := bytes.Trim(c.Left.Bytes, `"`), bytes.Trim(c.Right.Bytes, `"`)
		for kind, in := range alphabets {
			if identifies(a) && identifies(b) && all(a, in) && all(b, in) {
				v.keep(kind, string(a), string(b), recorded.Seq)
				break
			}
		}
	}
}

// keep keeps a value that was found, in place of the oldest when there are many.
func (v *values) keep(kind int, old, now string, seq uint64) {
	known := v.found[kind][old]
	if known != nil && known.now == now {
		return
	}
	if v.version++; known != nil {
		known.now, known.seq = now, seq
		return
	}
	if len(v.order[kind]) >= maxFound {
		delete(v.found[kind], v.order[kind][0])
		v.order[kind] = v.order[kind][1:]
	}
	v.found[kind][old] = &discovery{now: now, seq: seq}
	v.order[kind] = append(v.order[kind], old)
}

// renewed returns the payload of a recorded message with the values of this time.
func (v *values) renewed(m *frame.Message) []byte {
	payload, _ := v.renew(m, nil)
	return payload
}

// renew is renewed, and adds to uses those that were not used before.
func (v *values) renew(m *frame.Message, uses []Use) ([]byte, []Use) {
	payload := m.Payload
	if !m.Type.Data() {
		return payload, uses
	}
	for i := range v.swaps {
		s := &v.swaps[i]
		if !bytes.Contains(payload, []byte(s.Recorded)) {
			continue
		}
		payload = bytes.ReplaceAll(payload, []byte(s.Recorded), []byte(s.Got))
		if !s.used && m.From == frame.Client {
			s.used = true
			u := s.Use
			u.Seq = m.Seq
			uses = append(uses, u)
		}
	}
	if m.Type == frame.Text && len(payload) <= maxText {
		for kind, in := range alphabets {
			if len(v.found[kind]) > 0 {
				payload, uses = v.exchange(kind, in, m, payload, uses)
			}
		}
	}
	return payload, uses
}

// exchange puts values that were found into a payload.
func (v *values) exchange(kind int, in *alphabet, m *frame.Message, payload []byte, uses []Use) ([]byte, []Use) {
	var out []byte
	at := 0 // where before begins
	next := words(payload, in)
	before, word, more := next()
	for ; more; before, word, more = next() {
		at += len(before) + len(word)
		d := v.found[kind][string(word)]
		// Elsewhere it may be a coincidence until the client has used it too.
		if d == nil || !d.used && m.From == frame.Server {
			if out != nil {
				out = append(append(out, before...), word...)
			}
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(payload)+64), payload[:at-len(word)]...)
		} else {
			out = append(out, before...)
		}
		out = append(out, d.now...)
		if !d.used && m.From == frame.Client {
			d.used = true
			v.version++
			uses = append(uses, Use{Recorded: string(word), Got: d.now, Found: d.seq, Seq: m.Seq})
		}
	}
	if out == nil {
		return payload, uses
	}
	return append(out, before...), uses
}

// change returns the payload of a message of the client as it has to be now.
func (v *values) change(m *frame.Message, uses []Use) ([]byte, []Use) {
	payload, uses := v.renew(m, uses)
	if !m.Type.Data() {
		return payload, uses
	}
	for _, r := range v.replace {
		if !bytes.Contains(payload, []byte(r.Old)) {
			continue
		}
		if now, ok := v.filled(r.New); ok {
			payload = bytes.ReplaceAll(payload, []byte(r.Old), []byte(now))
		}
	}
	return payload, uses
}

// filled returns a text with the values its templates name, and whether all of
// them are known.
func (v *values) filled(text string) (string, bool) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			b.WriteString("{{" + rest)
			return b.String(), true
		}
		now, known := v.given[strings.TrimSpace(name)]
		if !known {
			return "", false
		}
		b.WriteString(now)
		text = after
	}
}
