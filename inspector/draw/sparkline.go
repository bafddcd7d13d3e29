package draw

import (
	"math"
	"strings"
)

// Sparkline draws the last values as a row of bars, one a cell, scaled to the
// largest of them. Values that are not known yet are blanks on the left.
func Sparkline(values []float64, cells int, ascii bool) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune("_.:-=+*#")
	}
	values = values[max(0, len(values)-cells):]
	most := 0.0
	for _, v := range values {
		most = math.Max(most, v)
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", cells-len(values)))
	for _, v := range values {
		level := 0
		if most > 0 && v > 0 {
			level = min(len(levels)-1, int(v/most*float64(len(levels)-1)+0.5))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}
