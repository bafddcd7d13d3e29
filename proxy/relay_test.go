package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Catches bytes that pass mode does not hand back as they are, a copy in place
// of the same slice, and a close frame that goes unseen.
func TestRelayPasses(t *testing.T) {
	var r relay
	for _, c := range []struct {
		wire    string
		closing bool
	}{
		{"\x81\x05he", false}, {"llo", false}, {"\x88", false}, {"\x00", true}, {"\x81\x01a", true},
	} {
		wire := []byte(c.wire)
		out := r.take(wire)
		if !bytes.Equal(out, []byte(c.wire)) || &out[0] != &wire[0] {
			t.Errorf("take(%q) = %q", c.wire, out)
		}
		if r.closing() != c.closing {
			t.Errorf("after %q closing is %v", c.wire, r.closing())
		}
	}
}

// discard is a Recorder and a Tape that keeps nothing.
type discard struct{}

func (discard) Open(*frame.Connection) (Tape, error) { return discard{}, nil }
func (discard) Append(frame.Side, time.Time, []byte) {}
func (discard) Insert(frame.Passage, []byte)         {}

func (discard) Inflater(context.Context, frame.Side, uint64) (*frame.Inflater, error) {
	return nil, errors.New("nothing is kept")
}

func (discard) Close(frame.End)                    {}
func forgetting(o *Options)                        { o.Recorder = discard{} }
func (blackHole) Write(p []byte) (int, error)      { return len(p), nil }
func (blackHole) Read([]byte) (int, error)         { return 0, io.EOF }
func (blackHole) SetReadDeadline(time.Time) error  { return nil }
func (blackHole) LocalAddr() (a net.Addr)          { return a }
func (blackHole) RemoteAddr() (a net.Addr)         { return a }
func (blackHole) SetDeadline(time.Time) error      { return nil }
func (blackHole) SetWriteDeadline(time.Time) error { return nil }
func (blackHole) Close() error                     { return nil }

// blackHole is a connection that takes everything.
type blackHole struct{}

// Catches an allocation for each run of bytes that passes.
func TestPassingAllocatesNothing(t *testing.T) {
	p, err := New(Options{Recorder: discard{}, Authority: authority()})
	if err != nil {
		t.Fatal(err)
	}
	pump := &p.newSession(blackHole{}, blackHole{}, discard{}, new(frame.Connection)).pumps[frame.Client]
	wire := bytes.Repeat([]byte("\x81\x85\x01\x02\x03\x04hello"), 100)
	if n := testing.AllocsPerRun(1000, func() { _ = pump.move(wire) }); n != 0 {
		t.Errorf("%v allocations for a run of frames", n)
	}
}

// The relay without a recorder, one way, in messages as they come from a client
// that does not wait.
func BenchmarkRelay(b *testing.B) {
	for _, secure := range []bool{false, true} {
		for _, size := range []int{100, 1 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%d", map[bool]string{false: "ws", true: "wss"}[secure], size), func(b *testing.B) {
				client, server := start(b, forgetting).pair(secure)
				_ = client.SetDeadline(time.Time{})
				_ = server.SetDeadline(time.Time{})
				message := frame.Header{Fin: true, Opcode: frame.Binary, Masked: true, Length: uint64(size)}.Append(nil)
				message = append(message, make([]byte, size)...)
				batch := bytes.Repeat(message, max(1, (64<<10)/len(message)))
				each := len(batch) / len(message)
				b.SetBytes(int64(len(message)))
				b.ReportAllocs()
				b.ResetTimer()
				go func() {
					for left := b.N; left > 0; left -= each {
						if _, err := client.Conn.Write(batch[:min(left, each)*len(message)]); err != nil {
							b.Error(err)
							return
						}
					}
				}()
				if _, err := io.CopyN(io.Discard, server.r, int64(b.N)*int64(len(message))); err != nil {
					b.Error(err)
				}
			})
		}
	}
}

// What a connection holds that has passed a message both ways and is quiet.
func BenchmarkIdleMemory(b *testing.B) {
	for _, secure := range []bool{false, true} {
		b.Run(map[bool]string{false: "ws", true: "wss"}[secure], func(b *testing.B) {
			for b.Loop() {
				const n = 500
				r := start(b, forgetting)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				for range n {
					client, server := r.pair(secure)
					client.send("\x81\x01a")
					server.expect("\x81\x01a")
				}
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&after)
				// The ends of the test are in it as well.
				b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/n/1024, "KiB/conn-with-ends")
				r.stop()
			}
		})
	}
}
