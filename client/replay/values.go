package replay

import (
	"regexp"

	"github.com/wsluice/wsluice/client/compare"
)

// Value is one that the server gives anew each time. What stood in its place in the
// capture is replaced by it in all messages of the client behind it.
type Value struct {
	Name string
	// Path is the JSON value that is meant, unless Pattern is set: then it is what
	// its first group matches, or all of it when it has none.
	Path    compare.Path
	Pattern *regexp.Regexp
	// Seq is the number of the recorded message it is in, 0 for any of the server.
	Seq uint64
}

// Replacement is a change to the client's text and binary messages.
type Replacement struct {
	// Old is replaced wherever it stands, by New, in which {{name}} is a Value.
	Old, New string
}
