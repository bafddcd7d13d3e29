package demo

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// readLogs follows a service's log and turns its level up and down.
func readLogs(a *actor) error {
	for _, level := range []string{"info", "debug", "warn"} {
		if err := a.say(record{{"tail", record{{"service", a.query("service")}, {"level", level}, {"since", a.now.Add(-time.Minute)}}}}); err != nil {
			return err
		}
		if err := a.pause(10 * time.Second); err != nil {
			return err
		}
	}
	return a.until(func(message) error { return nil })
}

// logLines are what a service has to say: most about an order, and a number up to
// a bound.
var logLines = []struct {
	level, logger, text string
	bound               int
}{
	{"info", "http.server", "POST /v1/orders/%d/confirm 200 in %d ms", 80},
	{"debug", "db.pool", "connection for order %d checked out after %d µs", 400},
	{"info", "payments.adapter", "authorised order %d with provider in %d ms", 300},
	{"info", "http.server", "GET /v1/orders/%d 200 in %d ms", 40},
	{"warn", "payments.retry", "order %d: provider answered 503, attempt %d of 5", 5},
	{"debug", "cache", "miss for order:%d, loaded in %d ms", 20},
	{"error", "orders.worker", "order %d failed: stock changed while %d items were reserved\n\tat orders.reserve (reserve.go:118)\n\tat orders.confirm (confirm.go:64)\n\tat worker.run (worker.go:41)", 9},
	{"info", "orders.worker", "order %d shipped, parcels: %d", 4},
}

// tailLogs is the server of readLogs.
func tailLogs(a *actor) error {
	offset := 4_193_022
	for batch := 1; ; batch++ {
		err := a.during(time.Duration(300+a.rng.IntN(200))*time.Millisecond, func(m message) error {
			var request struct{ Tail struct{ Level string } }
			if err := json.Unmarshal(m.payload, &request); err != nil {
				return a.say(record{{"error", "not JSON"}})
			}
			return a.say(record{{"ok", true}, {"level", request.Tail.Level}, {"offset", offset}})
		})
		if err != nil {
			return err
		}
		if batch%20 == 4 {
			if err := a.say(heapReport(a)); err != nil {
				return err
			}
			continue
		}
		entries := list{}
		for range 1 + a.rng.IntN(4) {
			offset++
			l := logLines[a.rng.IntN(len(logLines))]
			entries = append(entries, record{
				{"offset", offset}, {"time", a.now}, {"level", l.level}, {"service", "checkout"}, {"pod", fmt.Sprintf("checkout-7d4b9-%c", 'a'+a.rng.IntN(4))},
				{"logger", l.logger}, {"message", fmt.Sprintf(l.text, 70_000+a.rng.IntN(9_000), 1+a.rng.IntN(l.bound))},
				{"trace", fmt.Sprintf("%016x", a.rng.Uint64())},
			})
		}
		if err := a.say(record{{"entries", entries}}); err != nil {
			return err
		}
	}
}

// heapReport returns an attachment that is gzip in base64.
func heapReport(a *actor) record {
	profile := record{{"kind", "heap"}, {"at", a.now}}
	var sites list
	for _, function := range []string{"orders.decode", "json.Unmarshal", "db.scan", "http.readRequest", "cache.fill"} {
		sites = append(sites, record{{"function", function}, {"objects", 1000 + a.rng.IntN(90_000)}, {"bytes", 4096 * (1 + a.rng.IntN(4000))}})
	}
	text := appendJSON(nil, append(profile, field{"sites", sites}))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	// A buffer takes everything.
	_, _ = z.Write(text)
	_ = z.Close()
	return record{{"attachment", record{
		{"name", "heap.json.gz"}, {"encoding", "gzip+base64"}, {"size", len(text)},
		{"data", base64.StdEncoding.EncodeToString(packed.Bytes())},
	}}}
}
