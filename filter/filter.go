package filter

import (
	"sync/atomic"

	"github.com/wsluice/wsluice/frame"
)

// Messages is a filter over messages. It never changes; any number of goroutines
// may use it at once.
type Messages struct{ program *program }

// ParseMessages makes a filter of a text. An error is an *Error.
func ParseMessages(text string) (*Messages, error) {
	p, err := parse(OfMessages, text)
	if err != nil {
		return nil, err
	}
	return &Messages{p}, nil
}

// Match reports whether m, which passed on connection c, is one of those the
// filter selects. When c is nil, fields of the connection are empty. The payload
// must not be changed meanwhile.
func (f *Messages) Match(m *frame.Message, c *frame.Connection) bool {
	return f.program.matchPayload(m.Payload, m, nil, c)
}

// Need returns the filter's Need. What it holds is not to be changed.
func (f *Messages) Need() Need { return f.program.need }

// String returns the text the filter was made of.
func (f *Messages) String() string { return f.program.text }

// GaveUp returns how many evaluations were stopped because they took too long or
// too much memory. The messages they looked at did not match.
func (f *Messages) GaveUp() uint64 { return f.program.gaveUp.Load() }

// Frames is a filter over frames. It never changes; any number of goroutines may
// use it at once.
type Frames struct{ program *program }

// ParseFrames makes a filter of a text. An error is an *Error.
func ParseFrames(text string) (*Frames, error) {
	p, err := parse(OfFrames, text)
	if err != nil {
		return nil, err
	}
	return &Frames{p}, nil
}

// Match reports whether r, which passed on connection c, is one of those the
// filter selects. When c is nil, fields of the connection are empty. The payload
// is taken as it passed, and must not be changed meanwhile.
func (f *Frames) Match(r *frame.Record, c *frame.Connection) bool {
	return f.program.matchPayload(r.Payload, nil, r, c)
}

// Need returns the filter's Need. What it holds is not to be changed.
func (f *Frames) Need() Need { return f.program.need }

// String returns the text the filter was made of.
func (f *Frames) String() string { return f.program.text }

// GaveUp returns how many evaluations were stopped because they took too long or
// too much memory. The frames they looked at did not match.
func (f *Frames) GaveUp() uint64 { return f.program.gaveUp.Load() }

// Connections is a filter over connections. It never changes; any number of
// goroutines may use it at once.
type Connections struct{ program *program }

// ParseConnections makes a filter of a text. An error is an *Error.
func ParseConnections(text string) (*Connections, error) {
	p, err := parse(OfConnections, text)
	if err != nil {
		return nil, err
	}
	return &Connections{p}, nil
}

// Match reports whether c is one of those the filter selects. Plain words and
// regular expressions search its URL, addresses, subprotocol, close reason and
// error, each by itself.
func (f *Connections) Match(c *frame.Connection) bool {
	p := f.program
	if p.test != nil {
		return p.evaluate(nil, nil, c)
	}
	s := open(nil, nil, c)
	defer p.end(s)
	for _, part := range [...]string{c.URL, c.Client, c.Server, c.Subprotocol, c.Reason, c.Error} {
		if p.finds(s, part) {
			return true
		}
	}
	return false
}

// String returns the text the filter was made of.
func (f *Connections) String() string { return f.program.text }

// GaveUp returns how many evaluations were stopped because they took too long or
// too much memory. The connections they looked at did not match.
func (f *Connections) GaveUp() uint64 { return f.program.gaveUp.Load() }

// program is a parsed filter: a search, a regular expression, or an expression.
type program struct {
	text    string
	find    *finder
	pattern *pattern
	test    condition
	need    Need
	// costly is set when a look at the literals of need comes cheaper than an
	// evaluation that is in vain.
	costly bool
	gaveUp atomic.Uint64
}

func parse(of Subject, text string) (*program, error) {
	p, err := languages[of].read(text)
	if err != nil {
		return nil, err
	}
	p.text = text
	return p, nil
}

func (p *program) matchPayload(payload []byte, m *frame.Message, r *frame.Record, c *frame.Connection) bool {
	switch {
	case p.find != nil:
		return p.find.in(view(payload))
	case p.pattern != nil:
		s := open(m, r, c)
		defer p.end(s)
		return p.finds(s, view(payload))
	case p.costly && !(p.need.near(m, r) && p.need.Payload(payload)):
		return false
	}
	return p.evaluate(m, r, c)
}

// finds reports whether a search or regular expression finds something.
func (p *program) finds(s *scope, in string) bool {
	if p.find != nil {
		return p.find.in(in)
	}
	return p.pattern.match(s, in) == met && !s.spent()
}

func (p *program) evaluate(m *frame.Message, r *frame.Record, c *frame.Connection) bool {
	s := open(m, r, c)
	defer p.end(s)
	return p.test(s) == met && !s.spent()
}

// end closes a scope and counts it when it was given up.
func (p *program) end(s *scope) {
	if s.spent() {
		p.gaveUp.Add(1)
	}
	s.close()
}
