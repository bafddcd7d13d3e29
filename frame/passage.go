package frame

import "time"

// Passage says how frames came by that did not simply pass.
type Passage struct {
	From   Side
	Time   time.Time // when the first byte was read, or when they were sent
	Origin Origin
	// Recoded is set for Observed frames whose message was sent on compressed anew,
	// because one before it was edited or dropped: its receiver got the same
	// message in other bytes.
	Recoded bool
}
