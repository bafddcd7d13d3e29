package draw_test

import (
	"math"
	"strings"
	"testing"
	"unicode"

	"github.com/wsluice/wsluice/inspector/draw"
)

// TestPlot would catch dots in the wrong place, a small value that is lost, and
// values that are no numbers taken for some.
func TestPlot(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name   string
		plot   draw.Plot
		values []float64
		want   string
	}{
		{"steps", draw.Plot{Width: 2, Height: 1}, []float64{1, 2, 3, 4}, "⣠⣾"},
		{"steps down", draw.Plot{Width: 2, Height: 1, Down: true}, []float64{1, 2, 3, 4}, "⠙⢿"},
		{"two rows", draw.Plot{Width: 2, Height: 2}, []float64{1, 4, 5, 8}, " ⣸\n⣸⣿"},
		{"two rows down", draw.Plot{Width: 2, Height: 2, Down: true}, []float64{1, 4, 5, 8}, "⢹⣿\n ⢹"},
		{"ascii", draw.Plot{Width: 4, Height: 2, ASCII: true}, []float64{1, 2, 3, 4}, "  .#\n.###"},
		{"ascii down", draw.Plot{Width: 4, Height: 2, ASCII: true, Down: true}, []float64{1, 2, 3, 4}, "'###\n  '#"},
		{"tiny", draw.Plot{Width: 1, Height: 1}, []float64{1e-9, 1e9}, "⣸"},
		{"nothing", draw.Plot{Width: 3, Height: 1}, nil, "   "},
		{"zeros", draw.Plot{Width: 2, Height: 1}, []float64{0, 0, 0, 0}, "  "},
		{"few", draw.Plot{Width: 3, Height: 1}, []float64{1}, "⡇  "},
		{"many", draw.Plot{Width: 1, Height: 1}, []float64{1, 0, 100}, "⡇"},
		{"no numbers", draw.Plot{Width: 2, Height: 1}, []float64{nan, -3, 1, nan}, " ⡇"},
		{"infinite", draw.Plot{Width: 2, Height: 1}, []float64{inf, 1, 4, math.Inf(-1)}, "⣇⡇"},
		{"no room", draw.Plot{Width: -1, Height: 2}, []float64{1}, "\n"},
		{"no height", draw.Plot{Width: 2, Height: -1}, []float64{1}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(test.plot.Rows(test.values), "\n"); got != test.want {
				t.Errorf("the plot is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestGauge would catch bars that are too long, or nothing where there is a little.
func TestGauge(t *testing.T) {
	for _, test := range []struct {
		share         float64
		blocks, ascii string
	}{
		{0, "    ", "    "},
		{1e-9, "▏   ", "#   "},
		{0.5, "██  ", "##  "},
		{0.55, "██▎ ", "##  "},
		{1, "████", "####"},
		{7, "████", "####"},
		{-1, "    ", "    "},
		{math.NaN(), "    ", "    "},
		{math.Inf(1), "████", "####"},
	} {
		if got := draw.Gauge(test.share, 4, false); got != test.blocks {
			t.Errorf("%v is %q, want %q", test.share, got, test.blocks)
		}
		if got := draw.Gauge(test.share, 4, true); got != test.ascii {
			t.Errorf("%v is %q in ASCII, want %q", test.share, got, test.ascii)
		}
	}
	if got := draw.Gauge(1, -3, false); got != "" {
		t.Errorf("without room the bar is %q", got)
	}
}

// FuzzPlot would catch rows of the wrong size, and ASCII that is none.
func FuzzPlot(f *testing.F) {
	f.Add(3, 2, true, false, []byte{0, 255, 3})
	f.Fuzz(func(t *testing.T, width, height int, down, ascii bool, heights []byte) {
		p := draw.Plot{Width: width % 100, Height: height % 20, Down: down, ASCII: ascii}
		values := make([]float64, len(heights))
		for i, h := range heights {
			values[i] = math.Ldexp(float64(h)-10, int(h)*8-1000)
		}
		rows := p.Rows(values)
		if len(rows) != max(0, p.Height) {
			t.Fatalf("%+v has %d rows", p, len(rows))
		}
		for _, row := range rows {
			if got := draw.Width(row); got != max(0, p.Width) {
				t.Errorf("%+v has a row %q of %d cells", p, row, got)
			}
			for _, r := range row {
				if !unicode.IsGraphic(r) || ascii && r > '~' {
					t.Errorf("%+v draws %q", p, r)
				}
			}
		}
	})
}
