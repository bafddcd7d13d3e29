package rules

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// ledger holds how far a rule has come on each connection under way, for as long
// as a Conn of the connection is in use.
type ledger struct {
	mu sync.Mutex
	of map[uint64]weak.Pointer[progress]
}

// progress is how far a rule has come on one connection.
type progress struct {
	mu    sync.Mutex
	seen  [2]uint64      // messages that matched, by side
	since time.Time      // when the first of them came
	done  [2]atomic.Bool // the rule has done its work, by side; set under mu
}

// open returns the progress on a connection.
func (l *ledger) open(conn uint64) *progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.of[conn].Value(); p != nil {
		return p
	}
	if l.of == nil {
		l.of = make(map[uint64]weak.Pointer[progress])
	}
	p := new(progress)
	l.of[conn] = weak.Make(p)
	runtime.AddCleanup(p, l.forget, conn)
	return p
}

// forget takes a connection out whose progress nobody uses any more.
func (l *ledger) forget(conn uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[conn].Value() == nil {
		delete(l.of, conn)
	}
}
