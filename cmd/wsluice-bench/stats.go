package main

import (
	"cmp"
	"slices"
)

// quantile returns the value below which the share q of sorted lies; the zero
// value when there are none.
func quantile[T cmp.Ordered](sorted []T, q float64) T {
	if len(sorted) == 0 {
		return *new(T)
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// summary is what several rounds gave.
type summary struct{ median, low, high float64 }

func summarize(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return summary{}
	}
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return summary{median: middle, low: sorted[0], high: sorted[len(sorted)-1]}
}

// paired divides a by b round for round.
func paired(a, b []float64) summary {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return summarize(ratios)
}
