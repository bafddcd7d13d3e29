package filter

import (
	"sync"
	"unsafe"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxSteps is how much work one evaluation may do. A step is in the order of
	// ten nanoseconds: one element looked at, one part of an expression evaluated
	// for it, or sixteen bytes searched.
	maxSteps = 10_000_000
	// maxRoom is how many bytes one evaluation may make of the payload: decoded
	// and joined text, lists.
	maxRoom = 64 << 20
	// maxKept is the largest JSON document, in nodes, whose memory is kept for
	// the next message.
	maxKept = 16 << 10
)

// scope is what an expression is evaluated in: what it looks at and what it may
// still spend. One evaluation at a time uses a scope.
type scope struct {
	message    *frame.Message
	record     *frame.Record
	connection *frame.Connection

	// steps and room are what is left; below 0 the evaluation is over and
	// whatever comes out of it means nothing.
	steps, room int
	clock       clock

	// payload is the JSON of the message, parsed when it is first asked for.
	payload document
	state   parsed

	variables []value
	elements  []element
}

// element is the element a predicate looks at.
type element struct {
	value value
	index int64
}

var scopes = sync.Pool{New: func() any { return new(scope) }}

func open(m *frame.Message, r *frame.Record, c *frame.Connection) *scope {
	s := scopes.Get().(*scope)
	s.message, s.record, s.connection = m, r, c
	s.steps, s.room = maxSteps, maxRoom
	return s
}

// close gives s back, with no hold on what it looked at.
func (s *scope) close() {
	s.message, s.record, s.connection = nil, nil, nil
	s.clock = clock{}
	if s.state != unparsed {
		if cap(s.payload.nodes) > maxKept {
			s.payload.nodes = nil
		}
		s.payload.text, s.state = "", unparsed
	}
	if len(s.variables) > 0 {
		clear(s.variables)
		s.variables = s.variables[:0]
	}
	if cap(s.elements) > 0 {
		clear(s.elements[:cap(s.elements)])
		s.elements = s.elements[:0]
	}
	scopes.Put(s)
}

// spend takes steps and reports whether there were that many.
func (s *scope) spend(steps int) bool {
	if steps > s.steps {
		s.steps = -1
		return false
	}
	s.steps -= steps
	return true
}

// read takes the steps of looking at so many bytes.
func (s *scope) read(bytes int) bool { return s.spend(1 + bytes>>4) }

// take takes memory, and the steps of filling it.
func (s *scope) take(bytes int) bool {
	if bytes > s.room {
		s.room = -1
		return false
	}
	s.room -= bytes
	return s.read(bytes)
}

// takeList takes the memory of a list of n elements.
func (s *scope) takeList(n int64) bool {
	const perElement = int64(unsafe.Sizeof(value{}))
	return s.take(int(min(n, maxRoom) * perElement))
}

// spent reports whether the evaluation had to stop.
func (s *scope) spent() bool { return s.steps < 0 || s.room < 0 }

// set sets a variable of the expression.
func (s *scope) set(slot int, v value) {
	for len(s.variables) <= slot {
		s.variables = append(s.variables, unevaluated)
	}
	s.variables[slot] = v
}
