package frame

import "slices"

// Clone returns an assembler of its own that stands where a stands, with the
// given Limit and otherwise the same exported fields. It reports false when it cannot,
// because what a holds depends on its own limit: that of a message under way is
// cut to it, and with context takeover a message of more than 16 MiB on the wire
// may have been left out. Several goroutines may clone a as long as none uses it
// otherwise.
func (a *Assembler) Clone(limit int) (*Assembler, bool) {
	if limit != a.Limit && (a.Midway() || a.widest > minCompressed) {
		return nil, false
	}
	b := &Assembler{
		Extensions: a.Extensions, Limit: limit, Load: a.Load, Done: a.Done,
		inflaters: a.inflaters, open: a.open, widest: a.widest, last: a.last,
	}
	for side := range b.inflaters {
		b.inflaters[side].window = slices.Clone(a.inflaters[side].window)
	}
	for i := range b.open {
		if b.open[i].payload = slices.Clone(a.open[i].payload); b.open[i].message.Frames == 0 {
			b.open[i].payload = nil
		}
	}
	return b, true
}

// Clone returns an inflater of its own that stands where f stands.
func (f *Inflater) Clone() *Inflater {
	return &Inflater{Takeover: f.Takeover, Max: f.Max, window: slices.Clone(f.window), lost: f.lost}
}

// Inflater returns an inflater of its own that stands behind the compressed
// messages of a side that were complete in what was pushed.
func (a *Assembler) Inflater(from Side) *Inflater {
	f := a.inflaters[from].Clone()
	f.Takeover = a.takeover(from)
	return f
}

// Resume has what a side sends next inflated by f, which belongs to a from then
// on: so can an assembler begin in the middle of a connection, between two
// messages of that side. The seq it begins behind is to be told by Pass, unless
// records are pushed that are numbered from 1.
func (a *Assembler) Resume(from Side, f *Inflater) { a.inflaters[from] = *f }

// Held returns how many bytes a holds of what passed: up to 64 KiB for context
// takeover, and the payloads of messages under way.
func (a *Assembler) Held() int {
	n := 0
	for side := range a.inflaters {
		n += len(a.inflaters[side].window)
	}
	for i := range a.open {
		if a.open[i].message.Frames > 0 {
			n += len(a.open[i].payload)
		}
	}
	return n
}
