package replay_test

import (
	"context"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/frame"
)

// overTCP returns what dials an echo server that is told of each message.
func overTCP(b *testing.B, got func(at time.Time, text string)) func(context.Context) (*frame.Conn, *frame.Connection, error) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	return func(context.Context) (*frame.Conn, *frame.Connection, error) {
		here, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		there, err := listener.Accept()
		if err != nil {
			return nil, nil, err
		}
		server := frame.NewConn(there, nil, frame.Server, frame.Extensions{})
		server.AutoClose = true
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer server.Hangup()
			for {
				m, err := server.Next()
				if err != nil || m.Type == frame.Close {
					return
				}
				got(time.Now(), string(m.Payload))
				_ = server.Send(frame.Draft{Type: m.Type, Payload: m.Payload}, false)
			}
		}()
		b.Cleanup(func() { <-done })
		return frame.NewConn(here, nil, frame.Client, frame.Extensions{}), &frame.Connection{State: frame.Open, Start: time.Now()}, nil
	}
}

// questions returns a conversation of n messages of a client and their echoes.
func questions(n int) *capture {
	c := newCapture("")
	for range n {
		c.client(`{"id":"q-000017","what":"the price of tea in all the shops of the town"}`)
		c.records[len(c.records)-1].Header.Mask = [4]byte{1, 2, 3, 4}
		c.server(`{"id":"q-000017","what":"the price of tea in all the shops of the town"}`)
	}
	c.close(frame.Client, 1000)
	return c
}

// The time between messages at the recorded pace, a message each 2 ms: how far they
// stray from their times.
func BenchmarkRecordedPace(b *testing.B) {
	const n = 10_000
	c := questions(n)
	script, err := replay.NewScript(b.Context(), c.conn, c, false)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var came []time.Time
		v, err := replay.Play(b.Context(), script, replay.Options{
			Dial: overTCP(b, func(at time.Time, _ string) { came = append(came, at) }), Pace: replay.Recorded,
		})
		if err != nil || !v.Passed() || len(came) != n {
			b.Fatalf("%+v, %v: %d came", v, err, len(came))
		}
		var stray []time.Duration
		for i, at := range came {
			stray = append(stray, (at.Sub(came[0]) - time.Duration(2*i)*time.Millisecond).Abs())
		}
		slices.Sort(stray)
		b.ReportMetric(float64(stray[n*99/100].Microseconds()), "p99-µs")
		b.ReportMetric(float64(stray[n/2].Microseconds()), "p50-µs")
	}
}

// How fast a conversation is played and judged, and what it holds meanwhile.
func BenchmarkPlay(b *testing.B) {
	const n = 100_000
	c := questions(n)
	script, err := replay.NewScript(b.Context(), c.conn, c, false)
	if err != nil {
		b.Fatal(err)
	}
	for _, pace := range []replay.Pace{replay.Reactive, replay.Fastest} {
		b.Run(pace.String(), func(b *testing.B) {
			for b.Loop() {
				v, err := replay.Play(b.Context(), script, replay.Options{
					Dial: overTCP(b, func(time.Time, string) {}), Pace: pace, Detect: true, Rules: compare.Rules{Window: 16, Detect: true},
				})
				if err != nil || !v.Passed() {
					b.Fatalf("%+v, %v", v, err)
				}
				b.ReportMetric(n/v.Duration.Seconds(), "messages/s")
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapInuse)/(1<<20), "MiB")
		})
	}
}
