package control

import (
	"context"

	"github.com/wsluice/wsluice/store"
)

// lastEvents returns the number before the last n events above after.
func lastEvents(ctx context.Context, r *store.Reader, after uint64, n int) (uint64, error) {
	const page = 1000
	var numbers []uint64
	for {
		events, err := r.Events(ctx, after, page)
		if err != nil {
			return 0, err
		}
		for i := range events {
			numbers = append(numbers, events[i].Number)
		}
		if len(events) < page {
			break
		}
		after = events[len(events)-1].Number
	}
	if len(numbers) == 0 {
		return after, nil
	}
	return numbers[max(0, len(numbers)-n)] - 1, nil
}
