package compare_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// generated makes a conversation of n messages that takes no memory. What change
// returns is added to each.
func generated(n int, change func(int) string) compare.Conversation {
	at := 0
	message := func(i int) *frame.Message {
		m := text(fmt.Sprintf(`{"type":"trade","seq":%d,"price":%d.5,"symbol":"S%d"%s}`, i, i%9973, i%50, change(i)))
		m.Seq, m.From = uint64(i+1), frame.Side(i%2)
		return m
	}
	return compare.Conversation{
		Next: func() (*frame.Message, error) {
			if at == n {
				return nil, io.EOF
			}
			at++
			return message(at - 1), nil
		},
		Load: func(seq uint64) (*frame.Message, error) { return message(int(seq - 1)), nil },
	}
}

// BenchmarkConversations compares conversations of a million messages: equal ones,
// some changed, all changed, and all without anything in common.
func BenchmarkConversations(b *testing.B) {
	const messages = 1_000_000
	none := func(int) string { return "" }
	for _, c := range []struct {
		name   string
		change func(int) string
	}{
		{"equal", none},
		{"one in a hundred differs", func(i int) string {
			if i%100 == 0 {
				return `,"x":1`
			}
			return ""
		}},
		{"all differ", func(i int) string { return fmt.Sprintf(`,"x":%d`, i) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r := compare.Rules{Detect: true, Window: 8}
				got, err := r.Conversations(b.Context(), generated(messages, none), generated(messages, c.change), nil)
				if err != nil {
					b.Fatal(err)
				}
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapAlloc)/messages, "held-B/message")
				runtime.KeepAlive(got)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
		})
	}
}
