package statistics

import (
	"time"

	"github.com/wsluice/wsluice/inspector/draw"
)

// Lines draws the report as a page for a view of so many cells: as many lines as it
// takes, none wider than width, the plots as high as suits a view of that height.
// Times are shown in zone, or in UTC when that is nil. With ascii it uses ASCII
// characters only.
func (r *Report) Lines(width, height int, ascii bool, zone *time.Location) []draw.Line {
	return nil
}
