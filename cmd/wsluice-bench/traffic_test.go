package main

import (
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/wsluice/wsluice/frame"
)

// Catches frames that are not what the report says they are.
func TestTraffic(t *testing.T) {
	for _, side := range []frame.Side{frame.Client, frame.Server} {
		for _, size := range []int{100, 1 << 10, 64 << 10} {
			traffic := newTraffic(side, size)
			seen := make(map[string]bool)
			masks := make(map[[4]byte]bool)
			n := 0
			for _, write := range traffic.writes {
				if len(write) != traffic.perWrite*traffic.wire {
					t.Fatalf("%s, %d B: a write has %d bytes", side, size, len(write))
				}
				for p := write; len(p) > 0; p = p[traffic.wire:] {
					h, head := frame.Parse(p)
					payload := append([]byte(nil), p[head:traffic.wire]...)
					frame.Mask(payload, h.Mask, 0)
					if h.Length != uint64(size) || !h.Fin || h.Opcode != frame.Text || h.Masked != (side == frame.Client) {
						t.Fatalf("%s, %d B: header %+v", side, size, h)
					}
					if !json.Valid(append(append([]byte{'['}, payload...), ']')) {
						t.Fatalf("%s, %d B: %s", side, size, payload)
					}
					seen[string(payload)], masks[h.Mask] = true, true
					n++
				}
			}
			if len(seen) != n {
				t.Errorf("%s, %d B: %d of %d messages differ", side, size, len(seen), n)
			}
			if side == frame.Client && len(masks) < n*9/10 {
				t.Errorf("%d B: %d masks for %d messages", size, len(masks), n)
			}
		}
	}
}

// countLog returns how many whole frames a frame log holds.
func countLog(t *testing.T, log []byte) (n int) {
	t.Helper()
	for len(log) > 0 {
		length := binary.BigEndian.Uint32(log[logHead-4:])
		wire := log[logHead:][:length]
		if h, size := frame.Parse(wire); size == 0 || size+int(h.Length) != len(wire) {
			t.Fatalf("entry %d is no frame: % x", n, wire[:min(len(wire), 16)])
		}
		log = log[logHead+len(wire):]
		n++
	}
	return n
}

// Catches a ceiling that is reached by leaving frames out.
func TestBlockFile(t *testing.T) {
	path := t.TempDir() + "/blocks"
	f, err := newBlockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	traffic := newTraffic(frame.Client, 1<<10)
	want := 0
	for _, write := range traffic.writes[:40] {
		f.append(time.Now(), write[:1000]) // cuts the first frame in two
		f.append(time.Now(), write[1000:])
		want += traffic.perWrite
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	got := 0
	for rest := readFile(t, path); len(rest) > 0; {
		size := binary.BigEndian.Uint32(rest[4:])
		records, err := s2.Decode(nil, rest[blockHead:size])
		if err != nil {
			t.Fatal(err)
		}
		for len(records) > 0 {
			length, n := binary.Uvarint(records)
			records = records[n+int(length):]
			got++
		}
		rest = rest[size:]
	}
	if got != want {
		t.Errorf("%d records, want %d", got, want)
	}
}
