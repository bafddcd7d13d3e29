package rows

// publish hands over what was read as far as it may be shown: a new window as
// soon as it fills the screen, or when that takes long.
func (r *reader) publish(err error) {
	long := r.missing && r.looked > 2*leg
	if r.win != nil && (!r.missing || long && len(r.win.rows) > 0) {
		r.shown = true
	}
	l := r.list
	l.tell(func(n *news) bool {
		if l.demand.gen != r.d.gen {
			return false
		}
		now := *n
		if now.errs[reading] = err; r.total > 0 {
			now.total = r.total
		}
		if r.win != nil {
			now.scan = r.scan()
			now.scan.Active, now.scan.Cancelled, now.scan.long = r.missing && err == nil, r.win.stopped, long
		}
		if r.shown {
			now.win = r.win
		}
		if d := &l.demand; r.shown && !d.ready {
			d.ready = true
			l.counter.ring()
		}
		known := now.win == n.win && now.scan == n.scan && now.total == n.total && err == nil && n.errs[reading] == nil
		*n = now
		return !known
	})
}

// scan says what has been searched.
func (r *reader) scan() Scan {
	w := r.win
	s := Scan{From: max(w.lo.Number, 1), To: max(w.hi.Number, 1)}
	if w.first {
		s.From = 1
	}
	if r.limit > 0 {
		s.Progress = min(1, float64(s.To-min(s.From, s.To))/float64(r.limit))
	}
	return s
}

// stop ends the search: what was found is all there is to show.
func (r *reader) stop(err error) {
	r.close()
	if r.win == nil {
		r.win = opening(goal{position: Position{Number: 1}})
	}
	if !r.win.stopped {
		stopped := *r.win
		stopped.stopped = true
		r.win, r.missing, r.shown = &stopped, false, true
	}
	r.publish(err)
}
