package proxy

import "sync"

// registry knows the sessions that live, so that they can be ended.
type registry struct {
	lock   sync.Mutex
	live   map[*session]struct{}
	closed bool
}

// add registers s, and ends it when everything has been ended already.
func (r *registry) add(s *session) {
	r.lock.Lock()
	closed := r.closed
	if !closed {
		if r.live == nil {
			r.live = make(map[*session]struct{})
		}
		r.live[s] = struct{}{}
	}
	r.lock.Unlock()
	if closed {
		s.shutdown()
	}
}

func (r *registry) remove(s *session) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.live, s)
}

// shutdown ends all sessions, also those to come.
func (r *registry) shutdown() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.closed = true
	for s := range r.live {
		s.shutdown()
	}
}

// each calls f for every session that lives.
func (r *registry) each(f func(*session)) {
	r.lock.Lock()
	live := make([]*session, 0, len(r.live))
	for s := range r.live {
		live = append(live, s)
	}
	r.lock.Unlock()
	for _, s := range live {
		f(s)
	}
}

// find returns the recorded session with the given id, or nil.
func (r *registry) find(id uint64) *session {
	r.lock.Lock()
	defer r.lock.Unlock()
	for s := range r.live {
		if s.id == id && s.tape != nil {
			return s
		}
	}
	return nil
}
