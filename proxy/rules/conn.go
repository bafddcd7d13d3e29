package rules

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// MaxResult is how many bytes what a rule makes of a message, or sends for it,
// may have.
const MaxResult = 64 << 20

// Handshake returns what is to be done with a handshake, of which c holds what is
// known before the server is asked: URL, Client, Request and Start. It counts a
// hit for every rule that acts. Any goroutine may call it.
func (s *Set) Handshake(c *frame.Connection) Handshake { return Handshake{} }

// Open returns what the rules do on a connection that was opened, or nil when none
// that is on now can ever act on it. c is kept and must not be changed meanwhile.
// After a Switch, Open is to be asked again for every connection under way: what
// the rules have counted on it is kept as long as the Conn before is in use.
func (s *Set) Open(c *frame.Connection) *Conn { return nil }

// Conn applies a set to one connection. Its methods may be called from any
// goroutine.
type Conn struct{}

// Wants reports whether messages of that side are to be given to Apply. When a
// rule has done all it was to do, or was switched, the answer may change.
func (c *Conn) Wants(from frame.Side) bool { return false }

// Apply returns what is to be done with m, which side m.From sent, and counts hits.
// It is called once for every data message of a side while Wants says so, in the order they came. It
// must not change or keep m's payload; an Outcome may refer to it.
func (c *Conn) Apply(m *frame.Message, now time.Time) Outcome { return Outcome{} }

// Rate returns how many bytes a second may go through the direction, 0 for no
// limit.
func (c *Conn) Rate(from frame.Side) int { return 0 }

// Due returns when rules that wait for time and not for a message have to be asked next with
// Expire; the zero time means never.
func (c *Conn) Due() time.Time { return time.Time{} }

// Expire returns what rules want that were waiting for a time up to now: an end of
// the connection, or silence of a direction.
func (c *Conn) Expire(now time.Time) (end *Ending, silence [2]bool) { return nil, [2]bool{} }
