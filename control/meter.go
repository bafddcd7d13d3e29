package control

import (
	"context"
	"sync"
	"time"

	"github.com/wsluice/wsluice/store"
)

// remembered is how many seconds a meter keeps.
const remembered = 60

// meter takes the measure of a recording once a second.
type meter struct {
	lock    sync.Mutex
	samples []Sample
	before  store.Stats
	at      time.Time
	perSec  [2]float64 // frames, bytes
}

// run measures until ctx ends.
func (m *meter) run(ctx context.Context, stats func() store.Stats, open func() int) {
	m.before, m.at = stats(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			m.measure(now, stats(), open())
		case <-ctx.Done():
			return
		}
	}
}

func (m *meter) measure(now time.Time, s store.Stats, open int) {
	m.lock.Lock()
	defer m.lock.Unlock()
	sample := Sample{
		Time: now.UTC().Truncate(time.Millisecond), Open: open, Queued: s.Queued,
		Frames: s.Frames - m.before.Frames, Bytes: s.Bytes - m.before.Bytes,
		Stalls: s.Stalls - m.before.Stalls, Shed: s.Shed - m.before.Shed,
	}
	if seconds := now.Sub(m.at).Seconds(); seconds > 0 {
		m.perSec = [2]float64{float64(sample.Frames) / seconds, float64(sample.Bytes) / seconds}
	}
	m.before, m.at = s, now
	if len(m.samples) == remembered {
		m.samples = append(m.samples[:0], m.samples[1:]...)
	}
	m.samples = append(m.samples, sample)
}

// rates returns frames and bytes a second.
func (m *meter) rates() (frames, bytes float64) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.perSec[0], m.perSec[1]
}

// history returns the last samples, the oldest first.
func (m *meter) history() []Sample {
	m.lock.Lock()
	defer m.lock.Unlock()
	return append([]Sample{}, m.samples...)
}
