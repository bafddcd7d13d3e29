package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// traffic returns about size bytes of masked client frames whose payloads look
// like JSON, and how many frames that is.
func traffic(size, payload int) (wire []byte, frames int) {
	rng := rand.New(rand.NewPCG(1, 2))
	for len(wire) < size {
		text := make([]byte, 0, payload+64)
		for len(text) < payload {
			text = fmt.Appendf(text, `{"id":%d,"price":%d.%02d,"symbol":"ABC%d","side":"buy","qty":%d,"ts":17%011d}`,
				rng.IntN(1e6), rng.IntN(1000), rng.IntN(100), rng.IntN(50), rng.IntN(1000), rng.Int64N(1e11))
		}
		text = text[:payload]
		r := frame.Record{Header: frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Length: uint64(payload)}, Payload: text}
		binary.LittleEndian.PutUint32(r.Header.Mask[:], rng.Uint32())
		wire = r.AppendWire(wire)
		frames++
	}
	return wire, frames
}

// BenchmarkIngest is one producer that appends reads of 64 KiB as fast as it
// may, fsync on, against the same recorder that appends the same blocks to a
// plain file instead of committing them. Both take turns; ratio is the store's
// throughput over the plain file's.
func BenchmarkIngest(b *testing.B) {
	for _, payload := range []int{100, 1024, 64 << 10} {
		b.Run(fmt.Sprint(payload), func(b *testing.B) {
			wire, frames := traffic(64<<20, payload)
			var spent [2]time.Duration
			var size int64
			n := 0
			path := filepath.Join(b.TempDir(), "plain")
			for b.Loop() {
				for i, o := range []Options{{}, {commit: plainFile(b, path)}} {
					took, written := ingest(b, o, wire)
					spent[i] += took
					if i == 0 {
						size += written
					}
				}
				n += frames
			}
			b.ReportMetric(float64(n)/spent[0].Seconds(), "frames/s")
			b.ReportMetric(spent[1].Seconds()/spent[0].Seconds(), "ratio")
			b.ReportMetric(float64(size)/float64(n), "file-B/frame")
		})
	}
}

// plainFile returns a commit that appends to a new file.
func plainFile(b *testing.B, path string) func(*Recorder, *batch) error {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return func(_ *Recorder, batch *batch) error {
		if _, err := f.Write(batch.arena); err != nil {
			return err
		}
		return f.Sync()
	}
}

// ingest records wire as the bytes of one client and returns how long it took
// until all was durable, and the size of the capture.
func ingest(b *testing.B, o Options, wire []byte) (time.Duration, int64) {
	path := filepath.Join(b.TempDir(), "capture.db")
	rec := create(b, path, o)
	tape, _ := openTape(b, rec)
	start := time.Now()
	feed(tape, wire)
	if err := rec.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	var size int64
	rec.file.view(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	closeAll(b, rec)
	os.Remove(path)
	return took, size
}

// feed appends wire in reads of 64 KiB.
func feed(tape *Tape, wire []byte) {
	now := time.Now()
	for len(wire) > 0 {
		n := min(len(wire), 64<<10)
		tape.Append(frame.Client, now, wire[:n])
		wire = wire[n:]
	}
}

// BenchmarkMemory passes a million masked frames of 100 B over one connection
// at full speed and reports the highest anonymous memory of the process.
func BenchmarkMemory(b *testing.B) {
	wire, frames := traffic(2<<20, 100)
	var peak int
	for b.Loop() {
		rec := create(b, filepath.Join(b.TempDir(), "capture.db"), Options{})
		tape, _ := openTape(b, rec)
		for sent := 0; sent < 1_000_000; sent += frames {
			feed(tape, wire)
			peak = max(peak, anonymous(b))
		}
		closeAll(b, rec)
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// anonymous returns the anonymous memory of the process in bytes, 0 when the
// system does not tell.
func anonymous(b *testing.B) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // only Linux tells
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	b.Fatal("no RssAnon in /proc/self/status")
	return 0
}

// bigCapture is a capture of a million frames of 100 B on that many
// connections, equally busy.
func bigCapture(b *testing.B, conns int) *Reader {
	path := filepath.Join(b.TempDir(), "capture.db")
	rec := create(b, path, Options{})
	tapes := make([]*Tape, conns)
	for i := range tapes {
		tapes[i], _ = openTape(b, rec)
	}
	wire, _ := traffic(16<<20, 100)
	const size = 106 // of a frame
	for i := range 1_000_000 {
		at := i * size % (len(wire) - size)
		tapes[rand.IntN(conns)].Append(frame.Client, time.Now(), wire[at/size*size:][:size])
	}
	for _, tape := range tapes {
		tape.Close(frame.End{})
	}
	closeAll(b, rec)
	r, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	return r
}

// BenchmarkPage reads pages of 100 rows at random places, of all connections
// together, of one connection alone in its capture, and of one in 1,000.
func BenchmarkPage(b *testing.B) {
	for _, c := range []struct {
		name  string
		conns int
		conn  uint64
	}{{"all", 10, 0}, {"alone", 1, 1}, {"of-1000", 1000, 500}} {
		b.Run(c.name, func(b *testing.B) {
			r := bigCapture(b, c.conns)
			n, err := r.Count(b.Context(), c.conn)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for b.Loop() {
				from := 1 + rand.Uint64N(n-100)
				start := time.Now()
				page, err := r.Page(b.Context(), c.conn, from, 100)
				took = append(took, time.Since(start))
				if err != nil || len(page) != 100 {
					b.Fatal(len(page), err)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkPageCompressed reads pages of 100 messages at random places of a
// connection with a million messages, each compressed with the context of those
// before, after one walk has gone through it.
func BenchmarkPageCompressed(b *testing.B) {
	const messages = 1_000_000
	path := filepath.Join(b.TempDir(), "capture.db")
	rec := create(b, path, Options{})
	tape, err := rec.Open(&frame.Connection{State: frame.Open, URL: "wss://example.org/", Start: epoch, Extensions: "permessage-deflate"})
	if err != nil {
		b.Fatal(err)
	}
	var sides [2]*frame.Deflater
	for side := range sides {
		if sides[side], err = frame.NewDeflater(true, 15); err != nil {
			b.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range messages {
		side := frame.Side(rng.IntN(8) / 7) // mostly one of them
		said := fmt.Appendf(nil, `{"id":%d,"price":%d.%02d,"symbol":"ABC%d","side":"buy","qty":%d,"ts":17%011d}`,
			i, rng.IntN(1000), rng.IntN(100), rng.IntN(50), rng.IntN(1000), rng.Int64N(1e11))
		h := frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}
		tape.Append(side, epoch.Add(time.Duration(i)*time.Millisecond), wire(side, h, sides[side].Append(nil, said)))
	}
	tape.Close(frame.End{Time: epoch})
	closeAll(b, rec)
	r, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	page := func(q Query, n int) time.Duration {
		start := time.Now()
		m := r.Messages(b.Context(), q)
		defer m.Close()
		for range n {
			if !m.Next() {
				b.Fatal("too few messages: ", m.Err())
			}
		}
		return time.Since(start)
	}
	first := page(Query{Conn: 1, Limit: 256}, messages)
	var took []time.Duration
	for b.Loop() {
		took = append(took, page(Query{Conn: 1, Limit: 256, Start: 1 + rand.Uint64N(messages-100)}, 100))
	}
	slices.Sort(took)
	b.ReportMetric(first.Seconds(), "first-walk-s")
	b.ReportMetric(float64(r.bookmarks.size)/(1<<20), "bookmarks-MiB")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkScan searches the payloads of a million frames.
func BenchmarkScan(b *testing.B) {
	r := bigCapture(b, 10)
	needle := []byte("no such text")
	n := 0
	for b.Loop() {
		c := r.Scan(b.Context(), 0, 1)
		for c.Next() {
			if bytes.Contains(c.Record().Payload, needle) {
				b.Fatal("found")
			}
			n++
		}
		if err := c.Err(); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
}
