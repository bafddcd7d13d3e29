package replay

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// fine is how many buckets an octave has, so that what is told of a time is at most
	// 1/fine too much.
	fine = 64
	// buckets reach up to 2^36 microseconds, 19 hours.
	buckets = 2048
)

// Histogram counts times in a bounded number of buckets, of a microsecond and
// upwards. The zero value is empty; any number of goroutines may use it.
type Histogram struct {
	counts [buckets]atomic.Uint64
	max    atomic.Int64
}

// Add counts a time.
func (h *Histogram) Add(d time.Duration) {
	us := uint64(max(d, 0) / time.Microsecond)
	h.counts[bucket(us)].Add(1)
	for {
		most := h.max.Load()
		if int64(d) <= most || h.max.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// bucket returns where a number of microseconds is counted.
func bucket(us uint64) int {
	if us < 2*fine {
		return int(us)
	}
	shift := bits.Len64(us) - bits.Len64(2*fine-1)
	return min(shift*fine+int(us>>shift), buckets-1)
}

// upper returns the largest number of microseconds that is counted in a bucket.
func upper(i int) uint64 {
	if i < 2*fine {
		return uint64(i)
	}
	shift := i/fine - 1
	return uint64(i-shift*fine+1)<<shift - 1
}

// Count returns how many times were counted.
func (h *Histogram) Count() (n uint64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// Max returns the longest time, exactly.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max.Load()) }

// Quantile returns the time that the share q of all, from 0 to 1, is not longer
// than: 1/64 too much at most. It is 0 when there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	all := h.Count()
	if all == 0 {
		return 0
	}
	want := max(1, uint64(q*float64(all)+0.999999))
	var seen uint64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= want {
			return min(time.Duration(upper(i))*time.Microsecond, h.Max())
		}
	}
	return h.Max()
}
