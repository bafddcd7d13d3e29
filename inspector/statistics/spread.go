package statistics

import (
	"math"
	"math/bits"
	"time"
)

// Spread is how values are spread. Min and Max are exact, the quantiles within 1 %;
// each is the smallest value that so many of the values do not exceed.
type Spread[T uint64 | time.Duration] struct {
	Count                      uint64
	Min, Median, P90, P99, Max T
}

// fine is how many bits of a value a histogram tells apart: values below 2^(fine+1) are
// counted exactly, a bucket of larger ones is narrower than 1/2^fine of them.
const fine = 6

// buckets is how many there are for 64-bit values.
const buckets = (64-fine)<<fine + 1<<fine

// histogram counts values in buckets whose width grows with the value.
type histogram struct {
	count, least, most uint64
	buckets            [buckets]uint64
}

func (h *histogram) add(v uint64) {
	if h.count == 0 || v < h.least {
		h.least = v
	}
	h.most = max(h.most, v)
	h.count++
	h.buckets[bucketOf(v)]++
}

// bucketOf returns the index of the bucket of v: the number of bits that are not
// told apart, and those that are.
func bucketOf(v uint64) int {
	shift := max(0, bits.Len64(v)-fine-1)
	return shift<<fine + int(v>>shift)
}

// bucketRange returns the least and the largest value of a bucket.
func bucketRange(i int) (least, most uint64) {
	shift := max(0, i>>fine-1)
	least = uint64(i-shift<<fine) << shift
	return least, least + 1<<shift - 1
}

// octaves sums the buckets up by how many bits their values take.
func (h *histogram) octaves() (sums [65]uint64) {
	for i, n := range h.buckets {
		if n > 0 {
			least, _ := bucketRange(i)
			sums[bits.Len64(least)] += n
		}
	}
	return sums
}

// quantile returns the middle of the bucket that holds the value which the share q
// of all values do not exceed.
func (h *histogram) quantile(q float64) uint64 {
	rank := max(1, uint64(math.Ceil(q*float64(h.count))))
	for i, n := range h.buckets {
		if n >= rank {
			least, most := bucketRange(i)
			return min(max(least+(most-least)/2, h.least), h.most)
		}
		rank -= n
	}
	return h.most
}

func spreadOf[T uint64 | time.Duration](h *histogram) Spread[T] {
	if h.count == 0 {
		return Spread[T]{}
	}
	return Spread[T]{
		Count: h.count, Min: T(h.least), Max: T(h.most),
		Median: T(h.quantile(0.5)), P90: T(h.quantile(0.9)), P99: T(h.quantile(0.99)),
	}
}
