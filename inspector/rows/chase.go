package rows

// chase keeps the last screen of rows, and reports whether it had to read.
func (r *reader) chase() (more bool, err error) {
	page := r.d.page
	switch need := page - len(r.win.rows); {
	case !r.ended() && r.behind() > r.reach(page):
		return true, r.skip(page)
	case need > 0 && r.win.unread() && !r.win.first:
		return true, r.backward(need) // the walk goes on forward from there
	case !r.ended() || r.fresh:
		return true, r.forward(max(page, minBack))
	case need > 0 && !r.win.first:
		return true, r.backward(need)
	}
	r.missing, r.looked = false, 0
	return false, nil
}

// behind returns how many records have come that were not looked at.
func (r *reader) behind() uint64 { return r.limit + 1 - r.win.hi.Number }

// reach returns how many records it takes to read on through rather than to look
// from the end for the rows of a few screens.
func (r *reader) reach(page int) uint64 {
	w, screens := r.win, uint64(4*page)
	if len(w.rows) == 0 {
		return screens
	}
	return screens * max(1, (w.hi.Number-w.lo.Number)/uint64(len(w.rows)))
}

// skip goes to the end without reading all that is between. When there are few
// rows on the way back to what was read before, that is kept.
func (r *reader) skip(page int) error {
	tail := opening(goal{position: Position{Number: r.limit + 1}})
	tail.last = true
	r.stride = 0
	for len(tail.rows) < page {
		need := page - len(tail.rows)
		rows, lo, err := r.back(tail.lo, r.win.hi, need, need)
		if err != nil {
			return err
		}
		if tail = tail.before(rows, lo); lo.Compare(r.win.hi) <= 0 {
			tail = r.win.behind(tail.rows, tail.hi).trim(r.win.end())
			tail.last = true
			break
		}
	}
	r.close()
	r.win, r.fresh = tail, false
	return nil
}
