package rules

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// Bounds of what rules do with the course of messages, alone and together.
const (
	maxDelay  = time.Hour
	maxCopies = 100
	maxWindow = 100
)

type drop struct{}

func readDrop(r *reader, n *yaml.Node) action {
	r.must(n, "drop")
	return drop{}
}

func (drop) of() subject  { return messages }
func (drop) does() string { return "drops it" }

func (drop) act(w *walk) {
	if w.take() {
		w.stop(Outcome{Drop: true})
	}
}

type delay struct{ fixed, jitter time.Duration }

func readDelay(r *reader, n *yaml.Node) action {
	if n.Kind == yaml.ScalarNode {
		return delay{fixed: r.duration(n, "delay", maxDelay)}
	}
	var d delay
	o := r.object(n, "delay", "fixed", "jitter")
	if fixed := o.fields["fixed"]; fixed != nil {
		d.fixed = r.duration(fixed, "fixed", maxDelay)
	}
	if jitter := o.fields["jitter"]; jitter != nil {
		d.jitter = r.duration(jitter, "jitter", maxDelay)
	}
	if r.fault == nil && d == (delay{}) {
		r.failAt(n, "delay has neither fixed nor jitter")
	}
	return d
}

func (delay) of() subject { return messages }

func (d delay) does() string {
	switch {
	case d.jitter == 0:
		return fmt.Sprintf("delays it by %v", d.fixed)
	case d.fixed == 0:
		return fmt.Sprintf("delays it by up to %v", d.jitter)
	}
	return fmt.Sprintf("delays it by %v and up to %v more", d.fixed, d.jitter)
}

func (d delay) act(w *walk) {
	if !w.take() {
		return
	}
	wait := d.fixed
	if d.jitter > 0 {
		wait += time.Duration(w.roll(int64(d.jitter) + 1))
	}
	w.out.Delay = min(w.out.Delay+wait, maxDelay)
}

type duplicate struct{ times int }

func readDuplicate(r *reader, n *yaml.Node) action {
	return duplicate{r.whole(n, "duplicate", 1, maxCopies)}
}

func (duplicate) of() subject { return messages }

func (d duplicate) does() string {
	if d.times == 1 {
		return "sends it once more"
	}
	return fmt.Sprintf("sends it %d times more", d.times)
}

func (d duplicate) act(w *walk) {
	if w.take() {
		w.out.Copies = min(w.out.Copies+d.times, maxCopies)
	}
}

type reorder struct{ window int }

func readReorder(r *reader, n *yaml.Node) action {
	return reorder{r.whole(n, "reorder", 1, maxWindow)}
}

func (reorder) of() subject { return messages }

func (o reorder) does() string {
	if o.window == 1 {
		return "sends it after the next one"
	}
	return fmt.Sprintf("sends it after 1 to %d later ones", o.window)
}

func (o reorder) act(w *walk) {
	if w.take() {
		w.out.Behind = min(w.out.Behind+1+int(w.roll(int64(o.window))), maxWindow)
	}
}

type split struct{ fragments int }

func readSplit(r *reader, n *yaml.Node) action {
	return split{r.whole(n, "split", 2, frame.MaxFragments)}
}

func (split) of() subject    { return messages }
func (s split) does() string { return fmt.Sprintf("cuts it into %d frames", s.fragments) }

func (s split) act(w *walk) {
	if w.whole() && w.take() {
		w.out.Fragments = s.fragments
	}
}
