package rules

import (
	"sync"
	"time"
)

// ledger holds how far rules have come on the connections under way.
type ledger struct{}

// progress is how far a rule has come on one connection.
type progress struct {
	mu    sync.Mutex
	seen  [2]uint64 // messages that matched, by side
	since time.Time // the first of them
	done  [2]bool
}
