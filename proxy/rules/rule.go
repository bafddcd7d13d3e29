package rules

import (
	"sync/atomic"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// rule is one rule. Only its state changes.
type rule struct {
	name  string
	line  int
	text  string     // what it says, to compare
	named *yaml.Node // where its name is
	// when is the text of the filter, of which there is one at most.
	when        string
	messages    *filter.Messages
	connections *filter.Connections
	sides       uint8  // a bit for every side
	most        uint64 // 0 for no limit
	action      action
	state       *state
}

// state is what a rule has done, and whether it is on. Sets share it when a rule
// stays over a reload.
type state struct {
	off          atomic.Bool
	hits, failed atomic.Uint64
	why          atomic.Pointer[string]
	progress     ledger
}

// ready reports whether the rule is on and has not yet done all it was to do.
func (r *rule) ready() bool {
	return !r.state.off.Load() && (r.most == 0 || r.state.hits.Load() < r.most)
}

// take counts a hit, and reports false when there were enough of them.
func (r *rule) take() bool {
	if r.most == 0 {
		r.state.hits.Add(1)
		return true
	}
	for {
		n := r.state.hits.Load()
		if n >= r.most {
			return false
		}
		if r.state.hits.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// failed counts what the rule should have done and could not.
func (r *rule) failed(why string) {
	r.state.failed.Add(1)
	r.state.why.Store(&why)
}

// sees reports whether the rule is for messages of a side.
func (r *rule) sees(from frame.Side) bool { return r.sides&(1<<from) != 0 }
