package compare

import (
	"regexp"

	"github.com/wsluice/wsluice/frame"
)

// Bounds of what is read as JSON.
const (
	MaxDepth  = 1000
	MaxValues = 4 << 20
)

// Rules say which differences do not count. The zero value counts all. Rules are
// not changed while they are in use; any number of goroutines may use them at
// once.
type Rules struct {
	// Ignore are the JSON values that do not count, nor whether they are there.
	Ignore []Path
	// Mask finds text that counts as equal to whatever the same expression finds
	// on the other side. It is looked for in the whole payload as it is written;
	// only the first million finds of each in a message count.
	Mask []*regexp.Regexp
	// Window is by how many messages of its side a message may have moved in a
	// conversation and still count as the same. Between the sides order never
	// counts, since it is a matter of time on the way.
	Window int
	// Detect has ids and times found by themselves: a value on both sides that is a
	// UUID, a time, a token of random letters and digits or the like counts as
	// equal to another of its kind.
	Detect bool
}

// Match is how closely a message has to match another.
type Match uint8

// The matches, the closest first.
const (
	// Exactly is what Same says.
	Exactly Match = iota
	// ByID leaves the value of the id out that FindID finds.
	ByID
	// ByShape leaves out all values but those that say what kind of message it is
	// (such as "type", "method" or "op"): the members and the types of their
	// values are the same. Messages that are not JSON are of one shape when
	// they differ in digits only, and binary ones when they are of one size.
	ByShape
)

// Same reports whether a and b say the same by the rules, and in what they
// differ. Their type, payload, close code and reason count; whom they are from,
// their time and how they passed the wire do not. The difference aliases the
// payloads.
func (r *Rules) Same(a, b *frame.Message) (Difference, bool) {
	c := comparison{rules: r}
	return c.differ(a, b)
}

// Matches reports whether a and b are the same as far as by demands.
func (r *Rules) Matches(by Match, a, b *frame.Message) bool {
	return r.Key(by, a) == r.Key(by, b)
}
