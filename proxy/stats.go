package proxy

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Stats tells what a proxy has to do with.
type Stats struct {
	// Open is how many WebSocket connections are under way and recorded, Tunnels
	// how many connections are passed blindly.
	Open, Tunnels int
	// Diverted is how many directions of connections do something else than pass
	// bytes.
	Diverted int
	// Holds is how many queues hold messages, Held how many are held.
	Holds, Held int
	// Bypassed are the hosts that were passed blindly and how often, Distrusting
	// those with whose clients no TLS came about, which as a rule do not trust
	// the proxy's certificate. The last met come first.
	Bypassed, Distrusting []HostStats
}

// HostStats tells how often something has happened with a host.
type HostStats struct {
	Host  string
	Count uint64
	Last  time.Time
	// Reason is what was the case the last time.
	Reason string
}

// Stats returns what the proxy has to do with. It may be called from any
// goroutine.
func (p *Proxy) Stats() Stats {
	s := Stats{Bypassed: p.blind.list(), Distrusting: p.distrusting.list()}
	p.interventions.lock.Lock()
	for _, q := range p.interventions.queues {
		s.Holds++
		s.Held += len(q.held)
	}
	p.interventions.lock.Unlock()
	p.sessions.lock.Lock()
	defer p.sessions.lock.Unlock()
	for session := range p.sessions.live {
		for side := range session.pumps {
			if session.pumps[side].diverted.Load() {
				s.Diverted++
			}
		}
		if session.tape != nil {
			s.Open++
		} else {
			s.Tunnels++
		}
	}
	return s
}

// maxTallied bounds how many hosts a tally keeps. The one that was met longest
// ago goes first.
const maxTallied = 100

// tally counts by host. The zero value is empty.
type tally struct {
	lock  sync.Mutex
	hosts map[string]*HostStats
}

func (t *tally) count(host, reason string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	h := t.hosts[host]
	if h == nil {
		if t.hosts == nil {
			t.hosts = make(map[string]*HostStats)
		}
		if len(t.hosts) == maxTallied {
			t.forget()
		}
		h = &HostStats{Host: host}
		t.hosts[host] = h
	}
	h.Count++
	h.Last, h.Reason = time.Now(), reason
}

// forget drops the host that was met longest ago. The lock is held.
func (t *tally) forget() {
	var oldest *HostStats
	for _, h := range t.hosts {
		if oldest == nil || h.Last.Before(oldest.Last) {
			oldest = h
		}
	}
	delete(t.hosts, oldest.Host)
}

func (t *tally) list() []HostStats {
	t.lock.Lock()
	defer t.lock.Unlock()
	list := make([]HostStats, 0, len(t.hosts))
	for _, h := range t.hosts {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b HostStats) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Host, b.Host))
	})
	return list
}
