package inspector

import (
	"context"
	"fmt"
	"time"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/inspector/statistics"
)

// stats is the screen of what the messages of a connection amount to.
type stats struct {
	r      *root
	conn   uint64
	worker *worker
	report *statistics.Report
	part   float64 // of the capture that is in report
	whole  bool
	err    error
	pager  pager
	made   [2]int // the size the page was made for
}

func newStatistics(r *root, conn uint64) *stats {
	s := &stats{r: r, worker: r.i.start()}
	s.show(conn)
	return s
}

// show collects the messages of a connection, and goes on while they come.
func (s *stats) show(conn uint64) {
	s.conn, s.report, s.part, s.whole, s.err = conn, nil, 0, false, nil
	s.pager.set(nil)
	source := s.r.i.o.Source
	s.worker.do(0, func(ctx context.Context) {
		found := source.Messages(ctx, rows.Query{Conn: conn, Limit: frame.MaxControl})
		defer found.Close()
		var (
			collector statistics.Collector
			version   uint64
			told      time.Time
		)
		tell := func(whole bool, err error) {
			told = time.Now()
			report, part := collector.Report(), found.Progress()
			s.r.i.post(func() {
				if s.conn == conn {
					s.report, s.part, s.whole, s.err, s.made = report, part, whole, err, [2]int{}
				}
			})
		}
		for {
			next, err := source.Wait(ctx, version)
			version = next
			for err == nil && found.Next() {
				collector.Add(found.Message())
				if time.Since(told) > 200*time.Millisecond {
					tell(false, nil)
				}
			}
			if err == nil {
				err = found.Err()
			}
			if ctx.Err() != nil {
				return
			}
			if tell(true, err); err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
}

func (s *stats) keys() keys.Screen { return keys.Statistics }
func (s *stats) crumbs() []string  { return []string{fmt.Sprintf("statistics of #%d", s.conn)} }
func (s *stats) update()           {}
func (s *stats) busy() bool        { return !s.whole }
func (s *stats) close()            { s.worker.close() }

func (s *stats) draw(p draw.Painter, r rect) {
	var note draw.Line
	if !s.whole {
		note = draw.Text(fmt.Sprintf("reading %.0f%%", s.part*100), draw.Warning)
	}
	inner := pane(p, r, draw.Text("statistics", draw.Title), note, true)
	size := [2]int{inner.width, inner.height}
	switch {
	case s.err != nil:
		s.pager.set([]draw.Line{draw.Text(" "+decode.Visible(s.err.Error()), draw.Bad)})
	case s.report == nil:
		s.pager.set([]draw.Line{draw.Text(" reading…", draw.Dim)})
	case s.made != size:
		s.made = size
		s.pager.set(s.report.Lines(inner.width, inner.height, s.r.i.o.ASCII, s.r.i.o.Zone))
	}
	s.pager.draw(p, inner)
}

func (s *stats) act(a keys.Action) bool {
	switch a {
	case keys.NextConn:
		s.neighbour(1)
	case keys.PreviousConn:
		s.neighbour(-1)
	default:
		return s.pager.act(a)
	}
	return true
}

func (s *stats) neighbour(step int) {
	from := s.conn
	s.r.doer.do(0, func(ctx context.Context) {
		found, err := neighbour(ctx, s.r.i.o.Source, from, step)
		s.r.i.post(func() {
			if err == nil && found != 0 && s.conn == from {
				s.show(found)
			}
		})
	})
}

func (s *stats) mouse(action tview.MouseAction, _, _ int) {
	switch action {
	case tview.MouseScrollUp:
		s.pager.scroll(-3)
	case tview.MouseScrollDown:
		s.pager.scroll(3)
	}
}
