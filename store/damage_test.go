package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// sample writes a capture with a bit of everything and returns its path.
func sample(t testing.TB) string {
	path := capturePath(t)
	r := create(t, path, Options{App: "test"})
	for range 20 {
		tape, c := openTape(t, r)
		for i := range uint64(400) {
			tape.Append(frame.Side(i%2), epoch, text(frame.Side(i%2), string(numbered(c.ID, 1100+i))))
		}
		if c.ID%2 == 0 {
			tape.Close(frame.End{Time: epoch})
		}
		synced(t, r)
	}
	closeAll(t, r)
	return path
}

// TestDamage damages a capture in many ways and does with it all one can do. It
// would catch a panic, a fault, a hang, or an allocation a length in the file
// decides.
func TestDamage(t *testing.T) {
	source := sample(t)
	whole, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	// Behind its last page bbolt keeps space, which may be damaged at will.
	reader := openReader(t, source)
	if err := reader.source.(*local).view(func(tx *bolt.Tx) error { whole = whole[:tx.Size()]; return nil }); err != nil {
		t.Fatal(err)
	}
	const page = 4096
	rng := rand.New(rand.NewPCG(3, 4))
	damages := []struct {
		name   string
		copies int
		harm   func([]byte) []byte
		always bool // must be noticed
	}{
		{name: "page zeroed", copies: 60, harm: func(p []byte) []byte {
			clear(p[rng.IntN(len(p)/page)*page:][:page])
			return p
		}},
		{name: "byte flipped", copies: 60, harm: func(p []byte) []byte {
			p[rng.IntN(len(p))] ^= byte(1 + rng.IntN(255))
			return p
		}},
		{name: "page head", copies: 150, harm: func(p []byte) []byte {
			at := rng.IntN(len(p)/page) * page
			for range 4 {
				p[at+rng.IntN(16)] = byte(rng.Uint32())
			}
			return p
		}},
		{name: "page content", copies: 150, harm: func(p []byte) []byte {
			at := rng.IntN(len(p)/page)*page + 16
			for range 8 {
				p[at+rng.IntN(200)] = byte(rng.Uint32())
			}
			return p
		}},
		{name: "truncated", copies: 60, harm: func(p []byte) []byte { return p[:rng.IntN(len(p))] }, always: true},
		{name: "one meta page", copies: 2, harm: func(p []byte) []byte {
			clear(p[rng.IntN(2)*page:][:page])
			return p
		}},
		{name: "both meta pages", copies: 1, harm: func(p []byte) []byte {
			clear(p[:2*page])
			return p
		}, always: true},
	}
	dir := t.TempDir()
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			noticed := 0
			for i := range d.copies {
				path := filepath.Join(dir, fmt.Sprintf("%s %d", d.name, i))
				if err := os.WriteFile(path, d.harm(append([]byte(nil), whole...)), 0o600); err != nil {
					t.Fatal(err)
				}
				err := use(t, path)
				if err != nil {
					noticed++
				} else if d.always {
					t.Errorf("copy %d seems whole", i)
				}
				if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotCapture) {
					t.Errorf("copy %d: %v", i, err)
				}
				os.Remove(path)
			}
			t.Logf("%d of %d damages were noticed", noticed, d.copies)
		})
	}
}

// use reads everything in a capture, verifies it and carries it on, and returns
// the first error.
func use(t *testing.T, path string) error {
	read := func() error {
		r, err := Open(path)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = r.Conns(t.Context(), 0, 100)
		for conn := range uint64(21) {
			_, pageErr := r.Page(t.Context(), conn, 100, 100)
			c := r.Scan(t.Context(), conn, 1)
			for c.Next() {
			}
			err = errors.Join(err, pageErr, c.Err())
		}
		return err
	}
	record := func() error {
		r, err := Create(path, Options{})
		if err != nil {
			return err
		}
		tape, _ := openTape(t, r)
		tape.Append(frame.Client, epoch, text(frame.Client, "more"))
		return r.Close()
	}
	report, verifyErr := Verify(t.Context(), path, nil)
	if verifyErr == nil && !report.OK() {
		verifyErr = corrupt("%s", report.Problems[0])
	}
	readErr := read()
	if readErr != nil && verifyErr == nil {
		t.Errorf("verify finds nothing, reading %v", readErr)
	}
	return errors.Join(verifyErr, readErr, record())
}

// FuzzBlock reads arbitrary bytes as blocks, parts, connections and runs of the
// index. It would catch a panic, or more memory than a block may take.
func FuzzBlock(f *testing.F) {
	var b builder
	b.epoch = 1
	for i := range uint64(3) {
		d := draft{Record: frame.Record{Global: 7 + i, Conn: 2, Seq: 1 + i, Message: 1 + i, Payload: []byte("abcabcabcabc")}, at: 5}
		d.Header.Length = 12
		b.add(&d, &spot{})
	}
	f.Add(b.seal(nil))
	f.Add(envelope{flags: flagEnd, base: 7}.seal(nil, nil, make([]byte, 1000)))
	f.Fuzz(func(t *testing.T, p []byte) {
		// A checksum only stops accidents, so it is made right.
		if len(p) >= envelopeSize {
			p = append([]byte(nil), p...)
			sum := checksum(p)
			p[crcOffset], p[crcOffset+1], p[crcOffset+2], p[crcOffset+3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
		}
		var read block
		if read.parse(p) == nil {
			var w, skipping walk
			w.start(&read)
			skipping.start(&read)
			for {
				ok, err := w.next()
				if !ok || err != nil {
					break
				}
				if next, size, err := skipping.peek(); err == nil {
					if len(skipping.rest)-size != len(w.rest) {
						t.Fatal("peek and next disagree")
					}
					skipping.advance(size, next)
				}
				w.rec.AppendWire(nil)
			}
			if cap(read.body) > 2*maxRaw {
				t.Fatalf("a block took %d bytes", cap(read.body))
			}
		}
		var c storedConnection
		c.merge(p)
		parseRun(nil, 1, 1, p)
	})
}
