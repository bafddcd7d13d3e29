package statistics

import (
	"fmt"
	"math"

	"github.com/wsluice/wsluice/inspector/draw"
)

// share writes the part that a is of all: 25%, 0.3%, over 100% too.
func share(a, all uint64) string {
	if all == 0 {
		return ""
	}
	p := 100 * float64(a) / float64(all)
	if p < 9.95 && p > 0 {
		return fmt.Sprintf("%.1f%%", p)
	}
	return draw.Short(math.Round(p)) + "%"
}
