package draw

// Plot draws values over time in braille dots, two columns and four rows of them in
// a cell; with ASCII in one column and two rows, of the characters . ' and #.
type Plot struct {
	Width, Height int // in cells
	// Max is the value at the plot's edge; with 0 it is the largest value.
	Max float64
	// Down hangs the plot from its upper edge.
	Down  bool
	ASCII bool
}

// Columns returns how many values the plot has room for.
func (p Plot) Columns() int {
	if p.ASCII {
		return max(0, p.Width)
	}
	return 2 * max(0, p.Width)
}

// Area fills the plot between zero and the values, one a column, and returns its
// rows, each of exactly Width cells. A value over zero always shows. Values that are
// missing, negative or no number do not.
func (p Plot) Area(values []float64) []string { return p.Range(nil, values) }

// Range is as Area, filled between two values in each column. It shows nothing where
// high is no number; where low is missing or no number it is zero.
func (p Plot) Range(low, high []float64) []string {
	return nil
}

// Gauge draws a share, from 0 to 1, as a bar that is so many cells long when it is
// all. It returns exactly that many cells. A share over zero always shows.
func Gauge(share float64, cells int, ascii bool) string { return "" }
