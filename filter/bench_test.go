package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

const tick = `{"type":"tick","price":12.5,"symbol":"BTC-USD","side":"buy","id":9007199254740993,"seq":1234567}`

// TestNoAllocations catches memory taken for each message, which would cost more
// than all else in a search over millions.
func TestNoAllocations(t *testing.T) {
	m, c := message(frame.Text, frame.Server, tick), connection()
	for _, text := range []string{
		"order filled", "größe", "/need[a-z]+ in/i", "/t[i]ck/",
		"from == server && size > 10 && !compressed",
		`type in ["text", binary] && opcode < 8 && origin != injected && violation == "" && incomplete == ""`,
		`time > date("2026-01-01") && time < now() && conn in 1..9 && seq == 17`,
		`host endsWith "example.com" && port == "8443" && tls && request["origin"] contains "app"`,
		`text contains "BTC" && text matches "BTC-[A-Z]+" && payload startsWith "{"`,
		`json.type == "tick" && json.price > 12 && json.id == 9007199254740993`,
		`json.symbol in ["BTC-USD", "ETH-USD"] && "side" in json && len(json) == 6`,
		`any([1, 2], # == 2) && all(1..3, # > 0)`,
	} {
		f := mustMessages(t, text)
		if n := leastAllocs(func() { f.Match(m, c) }); n != 0 {
			t.Errorf("%s takes %v pieces of memory for a message", text, n)
		}
		need := f.Need()
		if n := leastAllocs(func() { need.Payload(m.Payload) }); n != 0 {
			t.Errorf("the need of %s takes %v pieces of memory", text, n)
		}
	}
}

// leastAllocs returns how many allocations f makes when it makes the fewest: a
// pool may have been emptied before any one run, under the race detector often.
func leastAllocs(f func()) float64 {
	least := testing.AllocsPerRun(1, f)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

func BenchmarkMatch(b *testing.B) {
	m, c := message(frame.Text, frame.Server, tick), connection()
	for _, text := range []string{
		"order filled", "größe", "/order[0-9]+ filled/i", "/p[r]ice/",
		"from == server && size > 1*KB",
		`type == "text" && size > 10 && !compressed && origin == observed`,
		`time > date("2026-01-01")`,
		`host == "api.example.com"`,
		`text contains "filled"`,
		`json.type == "trade"`,
		`json.type == "tick"`,
		`json.price > 100`,
	} {
		f := mustMessages(b, text)
		b.Run(strings.ReplaceAll(text, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Match(m, c)
			}
		})
	}
}

// BenchmarkPayload searches a block of a capture for what is not in it.
func BenchmarkPayload(b *testing.B) {
	var block []byte
	for i := 0; len(block) < 64<<10; i++ {
		block = fmt.Appendf(block, "\x00\x01"+`{"type":"tick","price":%d.5,"symbol":"BTC-USD","side":"buy","id":90071992547%d,"note":"the quick brown fox"}`, i, i*77)
	}
	for _, text := range []string{
		"order filled", "sell", "eat", "größe", "/order[0-9]+ filled/i", "/token/i",
		`text contains "order filled"`, `text contains "eat"`, `json.type == "trade"`,
	} {
		need := mustMessages(b, text).Need()
		b.Run(strings.ReplaceAll(text, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				if need.Payload(block) {
					b.Fatal("found")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := filter.ParseMessages(`from == server && json.type == "trade" && any(json.legs, .qty > 4)`); err != nil {
			b.Fatal(err)
		}
	}
}
