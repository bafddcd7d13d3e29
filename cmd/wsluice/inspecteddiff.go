package main

import (
	"context"
	"io"
	"strconv"
	"sync"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/store"
)

// Diff implements inspector.Comparisons.
func (c inspected) Diff(ctx context.Context, left, right uint64, o inspector.DiffOrder, tell func(part float64)) (inspector.Comparison, error) {
	f := diffFlags{ignore: o.Ignore}
	rules, err := f.rules()
	if err != nil {
		return nil, err
	}
	var sides [2]*diffedConn
	for i, id := range []uint64{left, right} {
		conn, err := c.Conn(ctx, id)
		if err != nil {
			return nil, err
		}
		sides[i] = &diffedConn{
			name: strconv.FormatUint(id, 10), reader: c.Reader, conn: conn, ctx: ctx,
			query: store.Query{Conn: id, Limit: longestCompared},
		}
	}
	d, err := compared(ctx, rules, sides[0], sides[1], func(done, total int) { tell(float64(done) / float64(max(total, 1))) })
	sides[0].rest()
	sides[1].rest()
	if err != nil {
		return nil, err
	}
	return &inspectedDiff{d: d}, nil
}

// inspectedDiff is a comparison as the inspector's.
type inspectedDiff struct {
	mu sync.Mutex // of what loads messages
	d  *diffed
}

// load lets messages be loaded until ctx ends or done is called.
func (x *inspectedDiff) load(ctx context.Context) (done func()) {
	x.mu.Lock()
	x.d.left.ctx, x.d.right.ctx = ctx, ctx
	return func() {
		x.d.left.rest()
		x.d.right.rest()
		x.mu.Unlock()
	}
}

// Facts implements inspector.Comparison.
func (x *inspectedDiff) Facts() (facts []inspector.DiffFact) {
	for _, f := range x.d.facts {
		facts = append(facts, inspector.DiffFact{End: f.of == "end", Name: f.of + " " + f.name, Left: f.left, Right: f.right})
	}
	return facts
}

// Pairs implements inspector.Comparison.
func (x *inspectedDiff) Pairs() int { return len(x.d.result.Pairs) }

// Pair implements inspector.Comparison.
func (x *inspectedDiff) Pair(n int) inspector.DiffPair {
	p := x.d.result.Pairs[n]
	return inspector.DiffPair{Outcome: inspector.DiffOutcome(p.Outcome.String()), From: p.From, Left: p.Left, Right: p.Right}
}

// Notes implements inspector.Comparison.
func (x *inspectedDiff) Notes() (notes []string) {
	for _, s := range x.d.result.Substitutions {
		notes = append(notes, substitutionText(s))
	}
	for _, path := range x.d.result.Detected {
		notes = append(notes, detectedText(path))
	}
	return notes
}

// Summary implements inspector.Comparison.
func (x *inspectedDiff) Summary() (text string, same bool) { return x.d.summary(), x.d.same() }

// Changes implements inspector.Comparison.
func (x *inspectedDiff) Changes(ctx context.Context, n int) (changes []inspector.DiffChange, more int, err error) {
	p := x.d.result.Pairs[n]
	if p.Outcome != compare.Differs {
		return nil, 0, nil
	}
	defer x.load(ctx)()
	difference, err := x.d.result.Difference(p)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range difference.Changes {
		changes = append(changes, inspectedChange(c, difference.Form))
	}
	return changes, difference.More, nil
}

// inspectedChange copies a change, cut to what is shown of it.
func inspectedChange(c compare.Change, form compare.Form) inspector.DiffChange {
	change := inspector.DiffChange{Path: c.Path, JSON: form == compare.JSON}
	if c.Kind != compare.Added {
		text := string(partBytes(c.Left))
		change.Left = &text
	}
	if c.Kind != compare.Removed {
		text := string(partBytes(c.Right))
		change.Right = &text
	}
	return change
}

// WriteJSON implements inspector.Comparison.
func (x *inspectedDiff) WriteJSON(ctx context.Context, w io.Writer) error {
	defer x.load(ctx)()
	return x.d.json(w)
}
