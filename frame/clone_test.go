package frame

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

// stream is compressed traffic of both sides with fragments and pings between.
func stream(t *testing.T, seed uint64, n int) []*Record {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var deflaters [2]*Deflater
	var open [2]bool
	for side := range deflaters {
		var err error
		if deflaters[side], err = NewDeflater(true, 15); err != nil {
			t.Fatal(err)
		}
	}
	var records []*Record
	var rest [2][]byte
	for seq := uint64(1); seq <= uint64(n); seq++ {
		side := Side(rng.IntN(2))
		r := &Record{Seq: seq, Global: seq, From: side, Header: Header{Fin: true, Opcode: Text}}
		switch {
		case rng.IntN(5) == 0:
			r.Header.Opcode = Ping
		case open[side]:
			r.Header.Opcode, r.Payload = Continuation, rest[side]
			open[side] = false
		default:
			words := bytes.Repeat([]byte("one of several words "), rng.IntN(40))
			r.Header.RSV, r.Payload = RSV1, deflaters[side].Append(nil, append(words, byte(rng.IntN(26)+'a')))
			if rng.IntN(2) == 0 {
				half := len(r.Payload) / 2
				r.Header.Fin, open[side] = false, true
				r.Payload, rest[side] = r.Payload[:half], r.Payload[half:]
			}
		}
		r.Header.Length, r.Stored = uint64(len(r.Payload)), uint64(len(r.Payload))
		records = append(records, r)
	}
	return records
}

// TestClone goes on from clones made anywhere. It would catch one that shares
// something with what it was made of, or stands elsewhere.
func TestClone(t *testing.T) {
	records := stream(t, 1, 3000)
	deflate := Extensions{Deflate: true}
	whole, cut := &Assembler{Extensions: deflate, Limit: 1 << 20}, &Assembler{Extensions: deflate, Limit: 8}
	push := func(a *Assembler, r *Record) []Message {
		var out []Message
		for _, m := range a.Push(r) {
			m.Payload = bytes.Clone(m.Payload)
			out = append(out, m)
		}
		return out
	}
	midway := 0
	for i, r := range records {
		push(whole, r)
		push(cut, r)
		if i%7 != 0 {
			continue
		}
		for _, from := range []*Assembler{whole, cut} {
			for _, to := range []*Assembler{whole, cut} {
				a, ok := from.Clone(to.Limit)
				if other := from != to && from.Midway(); ok == other {
					t.Fatalf("frame %d: clone of limit %d for %d: %v, midway %v", i, from.Limit, to.Limit, ok, from.Midway())
				}
				if !ok {
					midway++
					continue
				}
				if held := a.Held(); held != from.Held() || held > 2*maxWindow+1<<20 {
					t.Fatalf("frame %d: a clone holds %d bytes of %d", i, held, from.Held())
				}
				b, _ := to.Clone(to.Limit)
				for _, r := range records[i+1 : min(i+40, len(records))] {
					if got, want := push(a, r), push(b, r); !reflect.DeepEqual(got, want) {
						t.Fatalf("frame %d of limit %d for %d: %+v, want %+v", r.Seq, from.Limit, to.Limit, got, want)
					}
				}
			}
		}
	}
	if midway < 100 {
		t.Errorf("only %d clones were refused", midway)
	}
}

// TestResume hands the inflaters of one assembler to another in the middle of a
// connection. It would catch one that shares its window with its origin, and an
// assembler that takes what it was not given for lost.
func TestResume(t *testing.T) {
	records := stream(t, 2, 2000)
	whole := &Assembler{Extensions: Extensions{Deflate: true}}
	resumed := 0
	for i, r := range records {
		whole.Push(r)
		if i%5 != 0 || whole.Midway() {
			continue
		}
		resumed++
		from, _ := whole.Clone(0)
		for _, numbered := range []bool{true, false} {
			a := &Assembler{Extensions: whole.Extensions}
			for side := range a.inflaters {
				f := from.Inflater(Side(side))
				if err := f.Lost(); err != nil {
					t.Fatal(err)
				}
				a.Resume(Side(side), f)
			}
			if numbered {
				a.Pass(r.Seq)
			}
			want, _ := from.Clone(0)
			for j, next := range records[i+1 : min(i+30, len(records))] {
				wanted, again := want.Push(next), *next
				if !numbered {
					again.Seq = uint64(j + 1)
				}
				got := a.Push(&again)
				if len(got) != len(wanted) {
					t.Fatalf("frame %d: %d messages, want %d", next.Seq, len(got), len(wanted))
				}
				for k := range got {
					if got[k].Error != "" || !bytes.Equal(got[k].Payload, wanted[k].Payload) {
						t.Fatalf("frame %d: %q, want %q (%s)", next.Seq, got[k].Payload, wanted[k].Payload, got[k].Error)
					}
				}
			}
		}
	}
	if resumed < 100 {
		t.Errorf("only %d were resumed", resumed)
	}
	// A gap loses the context, and an inflater must say so before it is used.
	whole.Pass(1 << 20)
	whole.Push(&Record{Seq: 1<<20 + 2, Header: Header{Fin: true, Opcode: Ping}})
	if whole.Inflater(Client).Lost() == nil || whole.Inflater(Server).Lost() == nil {
		t.Error("an inflater behind a gap is not lost")
	}
}

// TestCloneOfLost catches a clone for another limit where a message may have been
// left out because of the limit.
func TestCloneOfLost(t *testing.T) {
	a := &Assembler{Extensions: Extensions{Deflate: true}, Limit: 1 << 10}
	payload := make([]byte, minCompressed+1)
	r := &Record{Seq: 1, Header: Header{Fin: true, Opcode: Binary, RSV: RSV1, Length: uint64(len(payload))}, Payload: payload, Stored: uint64(len(payload))}
	if out := a.Push(r); len(out) != 1 || out[0].Error == "" && !out[0].Truncated {
		t.Fatalf("%+v", out)
	}
	if _, ok := a.Clone(1 << 30); ok {
		t.Error("a clone for another limit, of one that lost a message to its own")
	}
	if _, ok := a.Clone(1 << 10); !ok {
		t.Error("no clone for the same limit")
	}
}
