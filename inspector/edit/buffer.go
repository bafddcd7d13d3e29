package edit

import "slices"

// buffer is what is edited, with what can be undone.
type buffer struct {
	data         []byte
	done, undone []change
	kept         int  // bytes in done and undone
	joins        bool // the next change may become part of the last
	version      int  // another one after each change
}

// change is that old at a place became new.
type change struct {
	at       int
	old, new []byte
	cursor   int // where it was before
}

// What can be undone takes up to undoMost bytes, besides the last change.
const undoMost = 8 << 20

func (c *change) size() int { return len(c.old) + len(c.new) + 64 }

// load begins anew with data, which it keeps.
func (b *buffer) load(data []byte) {
	*b = buffer{data: data, version: b.version + 1}
}

// replace puts with in place of what is between from and to. With join it becomes
// one change with the one before when both type or delete on at the same place.
func (b *buffer) replace(from, to int, with []byte, cursor int, join bool) {
	c := change{from, slices.Clone(b.data[from:to]), slices.Clone(with), cursor}
	b.data = slices.Replace(b.data, from, to, with...)
	b.version++
	for _, gone := range b.undone {
		b.kept -= gone.size()
	}
	b.undone = nil
	if !join || !b.joins || len(b.done) == 0 || !b.join(&b.done[len(b.done)-1], &c) {
		b.done = append(b.done, c)
	}
	b.kept += c.size()
	b.joins = join
	for len(b.done) > 1 && b.kept > undoMost {
		b.kept -= b.done[0].size()
		b.done = slices.Delete(b.done, 0, 1)
	}
}

// join makes c a part of last, if it goes on with it.
func (b *buffer) join(last, c *change) bool {
	switch {
	case c.at == last.at+len(last.new) && len(c.old) == 0 && len(c.new) > 0 && len(last.new) > 0:
		last.new = append(last.new, c.new...)
	case len(c.new) > 0 || len(last.new) > 0 || len(last.old) == 0:
		return false
	case c.at == last.at:
		last.old = append(last.old, c.old...)
	case c.at+len(c.old) == last.at:
		last.at, last.old = c.at, append(c.old, last.old...)
	default:
		return false
	}
	b.kept -= 64 // which c counts as well
	return true
}

// undo takes the last change back. It returns the first place that is another and
// where the cursor was before, or false when there is nothing to undo.
func (b *buffer) undo() (from, cursor int, ok bool) {
	if len(b.done) == 0 {
		return 0, 0, false
	}
	c := b.done[len(b.done)-1]
	b.done = b.done[:len(b.done)-1]
	b.undone = append(b.undone, c)
	b.data = slices.Replace(b.data, c.at, c.at+len(c.new), c.old...)
	b.version++
	b.joins = false
	return c.at, c.cursor, true
}

// redo makes the change anew that was undone last.
func (b *buffer) redo() (from, cursor int, ok bool) {
	if len(b.undone) == 0 {
		return 0, 0, false
	}
	c := b.undone[len(b.undone)-1]
	b.undone = b.undone[:len(b.undone)-1]
	b.done = append(b.done, c)
	b.data = slices.Replace(b.data, c.at, c.at+len(c.old), c.new...)
	b.version++
	b.joins = false
	return c.at, c.at + len(c.new), true
}
