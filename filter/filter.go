package filter

import (
	"sync/atomic"

	"github.com/wsluice/wsluice/frame"
)

// Messages is a filter over messages. It never changes; any number of goroutines
// may use it at once.
type Messages struct{ program }

// ParseMessages makes a filter of a text. An error is an *Error.
func ParseMessages(text string) (*Messages, error) {
	f := new(Messages)
	if err := f.parse(languages[OfMessages], text); err != nil {
		return nil, err
	}
	return f, nil
}

// Match reports whether m, which passed on connection c, is one of those the
// filter selects. When c is nil, fields of the connection are empty. The payload
// must not be changed meanwhile.
func (f *Messages) Match(m *frame.Message, c *frame.Connection) bool {
	return f.matchPayload(m.Payload, m, nil, c)
}

// Frames is a filter over frames. It never changes; any number of goroutines may
// use it at once.
type Frames struct{ program }

// ParseFrames makes a filter of a text. An error is an *Error.
func ParseFrames(text string) (*Frames, error) {
	f := new(Frames)
	if err := f.parse(languages[OfFrames], text); err != nil {
		return nil, err
	}
	return f, nil
}

// Match reports whether r, which passed on connection c, is one of those the
// filter selects. When c is nil, fields of the connection are empty. The payload
// is taken as it passed, and must not be changed meanwhile.
func (f *Frames) Match(r *frame.Record, c *frame.Connection) bool {
	return f.matchPayload(r.Payload, nil, r, c)
}

// Connections is a filter over connections. It never changes; any number of
// goroutines may use it at once.
type Connections struct{ program }

// ParseConnections makes a filter of a text. An error is an *Error.
func ParseConnections(text string) (*Connections, error) {
	f := new(Connections)
	if err := f.parse(languages[OfConnections], text); err != nil {
		return nil, err
	}
	return f, nil
}

// Match reports whether c is one of those the filter selects. Plain words and
// regular expressions search its URL, addresses, subprotocol, close reason and
// error, each by itself.
func (f *Connections) Match(c *frame.Connection) bool {
	if f.run != nil {
		return f.evaluate(nil, nil, c)
	}
	s := open(nil, nil, c)
	defer f.end(s)
	for _, part := range [...]string{c.URL, c.Client, c.Server, c.Subprotocol, c.Reason, c.Error} {
		if f.finds(s, part) {
			return true
		}
	}
	return false
}

// program is a parsed filter: a search, a regular expression, or an expression.
type program struct {
	text    string
	find    *finder
	pattern *pattern
	run     eval
	need    Need
	// costly is set when a look at the literals of need comes cheaper than an
	// evaluation that is in vain.
	costly bool
	gaveUp atomic.Uint64
}

// String returns the text the filter was made of.
func (p *program) String() string { return p.text }

// GaveUp returns how many evaluations were stopped because they took too long or
// too much memory. What they looked at did not match.
func (p *program) GaveUp() uint64 { return p.gaveUp.Load() }

func (p *program) parse(l *language, text string) error {
	in, err := l.read(text)
	if err != nil {
		return err
	}
	*p = program{text: text, find: in.find, pattern: in.pattern, run: in.run, need: Everything}
	return nil
}

func (p *program) matchPayload(payload []byte, m *frame.Message, r *frame.Record, c *frame.Connection) bool {
	switch {
	case p.find != nil:
		return p.find.in(view(payload))
	case p.pattern != nil:
		s := open(m, r, c)
		defer p.end(s)
		return p.finds(s, view(payload))
	case p.costly && !p.need.Payload(payload):
		return false
	}
	return p.evaluate(m, r, c)
}

// finds reports whether a search or regular expression finds something.
func (p *program) finds(s *scope, in string) bool {
	if p.find != nil {
		return p.find.in(in)
	}
	return p.pattern.match(s, in).isTrue() && !s.spent()
}

func (p *program) evaluate(m *frame.Message, r *frame.Record, c *frame.Connection) bool {
	s := open(m, r, c)
	defer p.end(s)
	return p.run(s).isTrue() && !s.spent()
}

// end closes a scope and counts it when it was given up.
func (p *program) end(s *scope) {
	if s.spent() {
		p.gaveUp.Add(1)
	}
	s.close()
}
