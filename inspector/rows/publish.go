package rows

// publish hands over what was read as far as it may be shown: a new window as
// soon as it fills the screen, or when that takes long.
func (r *reader) publish(err error) {
	long := r.missing && r.looked > 2*leg
	if r.win != nil && (!r.missing || long && len(r.win.rows) > 0) {
		r.shown = true
	}
	l := r.list
	l.tell(func(n *news) {
		if l.demand.gen != r.d.gen {
			return
		}
		if n.errs[reading] = err; r.win == nil {
			return
		}
		n.scan = r.scan()
		n.scan.Active, n.scan.Cancelled, n.scan.long = r.missing && err == nil, r.win.stopped, long
		if !r.shown {
			return
		}
		n.win = r.win
		if d := &l.demand; !d.ready {
			d.ready = true
			l.counter.ring()
		}
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
	if r.win.stopped && err == nil {
		return
	}
	stopped := *r.win
	stopped.stopped = true
	r.win, r.missing, r.shown = &stopped, false, true
	r.publish(err)
}
