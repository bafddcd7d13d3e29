package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

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
// may, fsync on. Its frames/s stand against those of BenchmarkPlainFile.
func BenchmarkIngest(b *testing.B) {
	for _, payload := range []int{100, 1024, 64 << 10} {
		b.Run(fmt.Sprint(payload), func(b *testing.B) {
			wire, frames := traffic(16<<20, payload)
			path := filepath.Join(b.TempDir(), "capture.db")
			rec, err := Create(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			tape, err := rec.Open(&frame.Connection{State: frame.Open})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				now := time.Now()
				for p := wire; len(p) > 0; {
					part := p[:min(len(p), 64<<10)]
					tape.Append(frame.Client, now, part)
					p = p[len(part):]
				}
				n += frames
			}
			if err := rec.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
			st := rec.Stats()
			b.ReportMetric(float64(st.Stalls), "stalls")
			b.ReportMetric(float64(st.Slowest.Milliseconds()), "slowest-ms")
			tape.Close(frame.End{Time: time.Now()})
			if err := rec.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/float64(n), "file-B/frame")
		})
	}
}

// BenchmarkPlainFile writes the same frames as blocks compressed alike to a
// plain file, with as many syncs: the most a store could reach.
func BenchmarkPlainFile(b *testing.B) {
	for _, payload := range []int{100, 1024, 64 << 10} {
		b.Run(fmt.Sprint(payload), func(b *testing.B) {
			wire, frames := traffic(16<<20, payload)
			f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			blocks := make(chan []byte, 64)
			free := make(chan []byte, 64)
			for range cap(free) {
				free <- make([]byte, s2.MaxEncodedLen(blockSize))
			}
			done := make(chan error)
			go func() {
				last := time.Now()
				for p := range blocks {
					if _, err := f.Write(p); err != nil {
						done <- err
						return
					}
					free <- p[:cap(p)]
					if time.Since(last) > commitDelay {
						f.Sync()
						last = time.Now()
					}
				}
				done <- f.Sync()
			}()
			raw := make([]byte, 0, blockSize)
			n := 0
			for b.Loop() {
				for p := wire; len(p) > 0; {
					part := p[:min(len(p), blockSize-len(raw))]
					raw = append(raw, part...)
					p = p[len(part):]
					if len(raw) == blockSize {
						blocks <- s2.Encode(<-free, raw)
						raw = raw[:0]
					}
				}
				n += frames
			}
			close(blocks)
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
