package rows

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxFrames is how many frames of a message are shown.
	maxFrames = 1000
	// maxFolds is how many messages are unfolded at once.
	maxFolds = 16
)

// fold is an unfolded message.
type fold struct {
	Position
	message *frame.Message
	ord     int64 // of the message in the window
	frames  []frame.Record
	read    bool
}

// rows returns how many rows there are below the message.
func (f *fold) rows() int {
	if f.read && len(f.frames) < maxFrames {
		return len(f.frames) // some of them may be gone
	}
	if f.message.Frames > maxFrames {
		return maxFrames + 1
	}
	return f.message.Frames
}

// row returns row i of those below the message, from 0.
func (f *fold) row(i int) (Kind, *frame.Record, int) {
	switch {
	case i >= maxFrames:
		return Rest, nil, f.message.Frames - maxFrames
	case i >= len(f.frames):
		return Pending, nil, 0
	}
	return Frame, &f.frames[i], 0
}

// folds are the unfolded messages.
type folds struct {
	all   []*fold // in the order they were unfolded
	shown []*fold // those in the window, in its order
}

// place finds the unfolded messages in the window.
func (s *folds) place(w *window) {
	s.shown = s.shown[:0]
	for _, f := range s.all {
		if ord, found := w.search(f.Position); found {
			f.ord = ord
			s.shown = append(s.shown, f)
		}
	}
	slices.SortFunc(s.shown, func(a, b *fold) int { return cmp.Compare(a.ord, b.ord) })
}

// at returns the unfolded message with the given ordinal, or nil.
func (s *folds) at(ord int64) *fold {
	for _, f := range s.shown {
		if f.ord == ord {
			return f
		}
	}
	return nil
}

// rows returns how many rows there are below the message with the given ordinal.
func (s *folds) rows(ord int64) int {
	if f := s.at(ord); f != nil {
		return f.rows()
	}
	return 0
}

// Fold shows the frames of the selected message below it, or hides them. It
// returns false when the message is not fragmented. At most 16 messages are
// unfolded at once: another one folds that which has been unfolded longest.
func (l *List) Fold() bool {
	e := l.win.at(l.sel.ord)
	if e == nil || e.Frames < 2 {
		return false
	}
	s := &l.folds
	if i := slices.IndexFunc(s.all, func(f *fold) bool { return f.Position == e.Position }); i >= 0 {
		s.all = slices.Delete(s.all, i, i+1)
		l.sel.sub = 0
	} else {
		if len(s.all) == maxFolds {
			s.all = slices.Delete(s.all, 0, 1)
		}
		s.all = append(s.all, &fold{Position: e.Position, message: &e.Message})
	}
	l.mu.Lock()
	l.demand.open = slices.Clone(s.all)
	l.unfolder.ring()
	l.mu.Unlock()
	l.settle()
	l.post()
	return true
}

// unfolded are the frames of a message.
type unfolded struct {
	Position
	frames []frame.Record
}

// fill takes over the frames of a message that was read.
func (s *folds) fill(u unfolded) {
	for _, f := range s.all {
		if f.Position == u.Position {
			f.frames, f.read = u.frames, true
		}
	}
}

// unfold reads the frames of unfolded messages.
func (l *List) unfold(ctx context.Context) {
	var done []*fold
	l.serve(ctx, &l.unfolder, func() {
		var failed error
		open := l.wanted().open
		done = slices.DeleteFunc(done, func(f *fold) bool { return !slices.Contains(open, f) })
		for _, f := range open {
			if slices.Contains(done, f) {
				continue
			}
			frames, err := l.frames(ctx, f)
			if err != nil {
				failed = err
				continue
			}
			done = append(done, f)
			l.tell(func(n *news) bool {
				n.opened = append(n.opened, unfolded{f.Position, frames})
				return true
			})
		}
		l.report(unfolding, failed)
	})
}

// frames reads the first frames of a message, as long as it is unfolded.
func (l *List) frames(ctx context.Context, f *fold) (frames []frame.Record, err error) {
	const page = 256
	m := f.message
	want := min(m.Frames, maxFrames)
	for from := m.Seq; len(frames) < want && slices.Contains(l.wanted().open, f); {
		records, err := l.source.Page(ctx, m.Conn, from, page)
		if err != nil {
			return nil, fmt.Errorf("read the frames of message %d of connection %d: %w", m.Seq, m.Conn, err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			if len(frames) < want && r.Message == m.Seq && r.From == m.From {
				r.Payload = bytes.Clone(r.Payload[:min(len(r.Payload), preview)])
				frames = append(frames, r)
			}
		}
		from = records[len(records)-1].Seq + 1
	}
	return frames, nil
}
