package compare

import (
	"context"
	"slices"

	"github.com/wsluice/wsluice/frame"
)

// Substitution is a value of the left that stands for one of the right wherever
// the two are compared, such as the id of a session. It is no difference.
type Substitution struct {
	// Left and Right are as they are written in JSON.
	Left, Right string
	// Path is where it was first, Count how often.
	Path  string
	Count int
}

const (
	// maxLearned bounds the substitutions and the paths that are looked at, maxRoute the
	// bytes of a path, maxDoubts the values of all messages together that depend on them.
	maxLearned = 1 << 16
	maxRoute   = 512
	maxDoubts  = 4 << 20
	// confirmed is how often a substitution has to be seen, enough how often a path.
	confirmed = 2
	enough    = 3
)

// learned is which values stand for one another.
type learned struct {
	subs   map[[2]string]*candidate
	routes map[route]*traffic
	// left and right are what each value was first paired with.
	left, right map[string]*candidate
	inOrder     []*candidate
	paths       []route
}

// candidate is a substitution, if it is good.
type candidate struct {
	Substitution
	good bool
}

// route is a path within messages of one shape.
type route struct {
	shape Key
	path  string
}

// traffic is what was seen on a route.
type traffic struct {
	// differs is in how many pairs the values differ, latest the last of these.
	differs, latest int
	good            bool
}

// doubt is a difference that may be none, because of one or the other.
type doubt struct {
	sub *candidate
	on  *traffic
}

// none reports whether it is none.
func (d doubt) none() bool { return d.sub != nil && d.sub.good || d.on != nil && d.on.good }

// doubtful is a pair that differs in nothing but some doubts.
type doubtful struct{ pair, from, to int }

// learner settles the outcome of the pairs that differ.
type learner struct {
	result   *Result
	places   []place
	lanes    [2][2]lane // left and right, then client and server
	shapes   map[Key]int
	doubts   []doubt
	doubtful []doubtful
}

// settle compares the pairs that differ and corrects their outcome.
func (l *learner) settle(ctx context.Context, progress func(int)) error {
	r := l.result
	detect := r.comparison.rules.Detect
	r.learned = learned{
		subs: map[[2]string]*candidate{}, routes: map[route]*traffic{},
		left: map[string]*candidate{}, right: map[string]*candidate{},
	}
	l.shapes = map[Key]int{}
	for i, p := range l.places {
		if p.match.left < 0 || p.match.right < 0 {
			continue
		}
		shape := l.lanes[0][p.From][p.match.left].shape
		l.shapes[shape]++
		if p.Outcome != Differs {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		from := len(l.doubts)
		if detect {
			r.comparison.paired = func(path, key, left, right []byte) bool {
				return l.doubt(i, route{shape, string(path)}, key, left, right)
			}
		}
		d, err := r.compare(p.Pair)
		if err != nil {
			return err
		}
		switch {
		case len(d.Changes) > 0:
			l.doubts = l.doubts[:from]
		case len(l.doubts) > from:
			l.doubtful = append(l.doubtful, doubtful{i, from, len(l.doubts)})
		default:
			r.Pairs[i].Outcome = Same
		}
		progress(2)
	}
	if detect {
		l.decide()
	}
	return nil
}

// doubt takes two values that differ when they may stand for one another.
func (l *learner) doubt(pair int, at route, key, left, right []byte) bool {
	k := &l.result.learned
	if len(l.doubts) >= maxDoubts || len(at.path) > maxRoute || !suspect(hintOf(key), left, right) {
		return false
	}
	d := doubt{sub: k.substitution(at.path, string(left), string(right)), on: k.routes[at]}
	if d.on == nil && len(k.routes) < maxLearned {
		d.on = &traffic{latest: -1}
		k.routes[at] = d.on
		k.paths = append(k.paths, at)
	}
	if d.on != nil && d.on.latest != pair {
		d.on.differs++
		d.on.latest = pair
	}
	l.doubts = append(l.doubts, d)
	return true
}

// substitution counts that left stands for right; it is nil when one of them stands
// for another value too.
func (k *learned) substitution(path, left, right string) *candidate {
	values := [2]string{left, right}
	c := k.subs[values]
	switch {
	case c != nil:
		c.Count++
	case len(k.subs) >= maxLearned:
		return nil
	default:
		c = &candidate{Substitution{left, right, path, 1}, true}
		k.subs[values] = c
		k.inOrder = append(k.inOrder, c)
	}
	for _, side := range [...]struct {
		first map[string]*candidate
		value string
	}{{k.left, left}, {k.right, right}} {
		if first := side.first[side.value]; first == nil {
			side.first[side.value] = c
		} else if first != c {
			first.good, c.good = false, false
		}
	}
	return c
}

// decide says what was confirmed, and corrects the pairs that differ in nothing else.
func (l *learner) decide() {
	r := l.result
	k := &r.learned
	listed := map[string]bool{}
	for _, at := range k.paths {
		on := k.routes[at]
		on.good = on.differs >= enough && on.differs == l.shapes[at.shape]
		if on.good && !listed[at.path] {
			listed[at.path] = true
			r.Detected = append(r.Detected, at.path)
		}
	}
	for _, c := range k.inOrder {
		c.good = c.good && c.Count >= confirmed
		if c.good {
			r.Substitutions = append(r.Substitutions, c.Substitution)
		}
	}
	for _, d := range l.doubtful {
		if !slices.ContainsFunc(l.doubts[d.from:d.to], func(d doubt) bool { return !d.none() }) {
			r.Pairs[d.pair].Outcome = Same
		}
	}
	r.comparison.paired = func(path, _, left, right []byte) bool {
		if c := k.subs[[2]string{string(left), string(right)}]; c != nil && c.good {
			return true
		}
		on := k.routes[route{r.comparison.shape(), string(path)}]
		return on != nil && on.good
	}
}

// shape returns the shape of the left message of those that are compared.
func (c *comparison) shape() Key { return c.rules.shapeKey(&c.left, true, c.leftMessage) }

func sideOf(side int) frame.Side { return frame.Side(side) }
