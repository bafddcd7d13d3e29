package statistics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTimeline would catch sums that are lost or stand at another time when slots are
// made wider or moved.
func TestTimeline(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			var line timeline
			var times []int64
			now := int64(1.7e18)
			for range 400 {
				step := random.Int64N(int64(1) << (4 + random.IntN(20+int(seed))))
				switch seed % 4 {
				case 0:
					step = -step
				case 1:
					step *= int64(random.IntN(3) - 1)
				}
				now = min(max(now+step, 0), math.MaxInt64)
				times = append(times, now)
				s := line.at(now)
				s.messages[0]++
				s.wire[1] += uint64(step & 0xFF)
			}
			if line.used > slots {
				t.Fatalf("%d slots are in use", line.used)
			}
			want := map[int64]uint64{}
			first, last := now, now
			for _, at := range times {
				want[at>>line.width-line.base]++
				first, last = min(first, at), max(last, at)
			}
			for i := range line.slots {
				if got := line.slots[i].messages[0]; got != want[int64(i)] {
					t.Errorf("slot %d of %d ns has %d, want %d", i, int64(1)<<line.width, got, want[int64(i)])
				}
			}
			if first == last {
				return
			}
			if line.width > finest && line.used < slots/4 {
				t.Errorf("only %d slots are in use", line.used)
			}
			series := line.series(first, last)
			for _, columns := range []int{1, 2, 7, 100, 400, 3000} {
				sum := 0.0
				for _, rate := range series.rates(columns, func(s *slot) uint64 { return s.messages[0] }) {
					sum += rate * time.Duration(last-first).Seconds() / float64(columns)
				}
				if math.Abs(sum-float64(len(times))) > 1e-6*float64(len(times)) {
					t.Errorf("%d columns sum up to %v of %d messages", columns, sum, len(times))
				}
			}
		})
	}
}

// TestRates would catch a rate that stands at another time than it was.
func TestRates(t *testing.T) {
	var line timeline
	// Ten seconds: one message a second in the first half, four in the second.
	first := int64(1.7e18)
	for i := range int64(1001) {
		at := first + i*int64(time.Second)/100
		if i%100 == 50 || i > 500 && i%25 == 0 {
			line.at(at).messages[0]++
		}
		line.at(at)
	}
	series := line.series(first, first+10*int64(time.Second))
	rates := series.rates(10, func(s *slot) uint64 { return s.messages[0] })
	for i, rate := range rates {
		want := 1.0
		if i >= 5 {
			want = 4
		}
		if math.Abs(rate-want) > 1.01 {
			t.Errorf("second %d has a rate of %v, want %v", i, rate, want)
		}
	}
	line.at(first + 7*int64(time.Second)/2).slowest[1] = 9*time.Millisecond + 1
	series = line.series(first, first+10*int64(time.Second))
	for i, trip := range series.slowest(10, 1) {
		if want := 0.009; i == 3 && math.Abs(trip-want) > 1e-6 || i != 3 && trip != 0 {
			t.Errorf("second %d has a round trip of %v", i, trip)
		}
	}
}

// TestLastSlot would catch a message that is lost because its slot begins at the last
// time of all, and so lasts no time.
func TestLastSlot(t *testing.T) {
	var line timeline
	first, last := int64(1)<<60, int64(1)<<60+1<<30
	line.at(first).messages[0]++
	line.at(last).messages[0]++
	series := line.series(first, last)
	rates := series.rates(4, func(s *slot) uint64 { return s.messages[0] })
	step := series.step(4).Seconds()
	if math.Abs(rates[0]*step-1) > 1e-6 || math.Abs(rates[3]*step-1) > 1e-6 {
		t.Errorf("the rates are %v, want one message in the first and the last of %v s", rates, step)
	}
}

// TestBuckets would catch values that share a bucket with others too far away.
func TestBuckets(t *testing.T) {
	check := func(v uint64) {
		i := bucketOf(v)
		least, most := bucketRange(i)
		if i < 0 || i >= buckets || v < least || v > most {
			t.Fatalf("%d is in bucket %d from %d to %d", v, i, least, most)
		}
		if most-least > least/64 {
			t.Fatalf("the bucket of %d is from %d to %d", v, least, most)
		}
		if least > 0 && bucketOf(least-1) != i-1 || most < math.MaxUint64 && bucketOf(most+1) != i+1 {
			t.Fatalf("bucket %d from %d to %d does not stand between its neighbours", i, least, most)
		}
	}
	for v := range uint64(5000) {
		check(v)
	}
	for shift := range 64 {
		for d := range uint64(3) {
			check(1<<shift - 1 + d)
			check(math.MaxUint64>>shift - d)
		}
	}
}

// TestShare would catch a share that is wrong, or wider than its place.
func TestShare(t *testing.T) {
	for _, test := range []struct {
		a, all uint64
		want   string
	}{{1, 0, ""}, {0, 5, "0%"}, {1, 1000, "0.1%"}, {1, 4, "25%"}, {7, 2, "350%"}, {math.MaxUint64, 1, "1845E%"}} {
		if got := share(test.a, test.all); got != test.want {
			t.Errorf("share(%d, %d) = %q, want %q", test.a, test.all, got, test.want)
		}
	}
}
