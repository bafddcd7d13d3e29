package rows_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// page goes on by a page, and now and then back to the middle.
func page(l *told, i, by int) {
	if i%100 == 99 {
		l.To(million / 2)
		return
	}
	l.Page(by)
}

// BenchmarkCapture is what keys take in a stored capture of a million frames of
// about 100 bytes on ten connections, all listed together.
func BenchmarkCapture(b *testing.B) {
	path := filepath.Join(b.TempDir(), "capture.db")
	rec, err := store.Create(path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var tapes []*store.Tape
	for range 10 {
		tape, err := rec.Open(&frame.Connection{State: frame.Open, URL: "wss://example.org/", Start: epoch})
		if err != nil {
			b.Fatal(err)
		}
		tapes = append(tapes, tape)
	}
	for i := range million {
		payload := fmt.Appendf(nil, `{"id":%d,"price":%d.%02d,"symbol":"ABC%d","side":"buy","qty":%d,"ts":1700000%06d}`, i, i*7%1000, i*13%100, i%50, i*17%1000, i)
		if i%100_000 == 5 {
			payload = []byte("needle")
		}
		r := frame.Record{Header: frame.Header{Fin: true, Opcode: frame.Text, Length: uint64(len(payload))}, Payload: payload}
		tapes[i%10].Append(frame.Server, epoch.Add(time.Duration(i)*time.Microsecond), r.AppendWire(nil))
	}
	for _, tape := range tapes {
		tape.Close(frame.End{})
	}
	if err := rec.Close(); err != nil {
		b.Fatal(err)
	}
	reader, err := store.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { reader.Close() })

	needle, common := parse(b, "needle"), parse(b, "ABC7")
	for _, bench := range []struct {
		name  string
		query rows.Query
		do    func(l *told, i int)
	}{
		{"first", rows.Query{}, func(l *told, i int) { l.First() }},
		{"last", rows.Query{}, func(l *told, i int) {
			l.First()
			l.rest()
			l.Last()
		}},
		{"page-down", rows.Query{}, func(l *told, i int) { page(l, i, 1) }},
		{"page-up", rows.Query{}, func(l *told, i int) { page(l, i, -1) }},
		{"number", rows.Query{}, func(l *told, i int) { l.To(uint64(i*1_234_567%million) + 1) }},
		{"common-page-up", rows.Query{Filter: common}, func(l *told, i int) { page(l, i, -1) }},
		{"rare-home-end", rows.Query{Filter: needle}, func(l *told, i int) {
			l.First()
			l.arrive()
			l.Last()
		}},
		{"rare-filter", rows.Query{}, func(l *told, i int) {
			l.SetQuery(rows.Query{Filter: needle})
			l.arrive()
			l.SetQuery(rows.Query{})
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := newTold(capture{reader}, bench.query)
			defer l.Close()
			l.SetHeight(60)
			l.To(million / 2)
			l.rest()
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				bench.do(l, i)
				l.arrive()
				took = append(took, time.Since(start))
				l.arrive()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
