package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// placed is a message and where it stands.
type placed struct {
	number uint64
	part   int
	line   string
	frame.Message
	conn frame.Connection
}

// walked returns what a query finds, and fails the test unless the positions
// ascend.
func walked(t *testing.T, r *Reader, q Query) []placed {
	t.Helper()
	m := r.Messages(t.Context(), q)
	defer m.Close()
	var all []placed
	for m.Next() {
		p := placed{line: string(m.Message().AppendJSON(nil)), Message: *m.Message(), conn: *m.Connection()}
		p.Payload = bytes.Clone(p.Payload)
		p.number, p.part = m.Position()
		if n := len(all); n > 0 && (p.number < all[n-1].number || p.number == all[n-1].number && p.part <= all[n-1].part) {
			t.Fatalf("%+v: position %d.%d comes behind %d.%d", q, p.number, p.part, all[n-1].number, all[n-1].part)
		}
		all = append(all, p)
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// rough makes traffic with everything that can happen to a message: long pauses
// within it, interruptions, frames that never come, bytes that are no frames.
type rough struct {
	*talk
	lean int // how much rather than the server the client speaks, of 100
}

func (k *rough) say() {
	side := frame.Server
	if k.rng.IntN(100) < k.lean {
		side = frame.Client
	}
	k.sent++
	if k.rng.IntN(50) == 0 {
		k.meddle(side)
		return
	}
	payload := fmt.Appendf(nil, "%d %s", k.sent, vocabulary[k.rng.IntN(len(vocabulary))])
	h := frame.Header{Fin: true, Opcode: frame.Text}
	switch n := k.rng.IntN(1000); {
	case n < 100:
		h.Opcode, payload = frame.Ping, []byte("still there")
	case n < 104:
		h.Fin, k.open[side] = false, true // it may interrupt another
	case n < 106:
		h.Opcode, h.Fin = frame.Continuation, k.rng.IntN(2) == 0
		k.open[side] = k.open[side] && !h.Fin
	case n < 108:
		h.Opcode, h.Fin = 3, k.rng.IntN(2) == 0
	case k.open[side]:
		// Mostly nothing but control frames, so that the pause is long.
		h.Opcode, payload = frame.Pong, nil
		if k.rng.IntN(60) == 0 {
			h.Opcode, h.Fin = frame.Continuation, k.rng.IntN(3) == 0
			k.open[side] = !h.Fin
			payload = []byte("more")
		}
	case k.deflate && n < 900:
		payload = k.deflater[side].Append(nil, payload)
		h.RSV = frame.RSV1
	}
	k.tape.Append(side, epoch.Add(time.Duration(k.sent)*time.Millisecond), wire(side, h, payload))
}

// roughCapture records such traffic and returns the capture's path.
func roughCapture(t *testing.T, seed uint64, frames int) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 11))
	path := capturePath(t)
	r := create(t, path, Options{})
	var talks []*rough
	for i := range 5 {
		talks = append(talks, &rough{newTalk(t, r, rng, i == 1), []int{50, 50, 2, 98, 1}[i]})
	}
	for n := 0; n < frames; {
		k := talks[rng.IntN(len(talks))]
		for range min(rng.IntN(300), frames-n) {
			k.say()
			n++
		}
		if rng.IntN(10) == 0 {
			synced(t, r)
		}
	}
	for i, k := range talks {
		if i == 2 {
			// A header that is impossible, and what follows it.
			k.tape.Append(frame.Client, epoch, append([]byte{0x82, 0xFF}, bytes.Repeat([]byte{0xFF}, 40)...))
		}
		k.tape.Append(frame.Server, epoch, []byte{0x81}) // half a header
		k.tape.Close(frame.End{Time: epoch, EndedBy: frame.ByClient, How: frame.ByFIN})
	}
	closeAll(t, r)
	return path
}

// TestPositions begins walks anywhere in captures where everything happens, and
// compares each with the part of the walk from the beginning that it should be.
// It would catch a message that comes out otherwise, not at all, or with another
// position because of where a walk began or what else it wanted.
func TestPositions(t *testing.T) {
	var filters []*filter.Messages
	for _, text := range []string{"buy", `type == "binary"`, "size > 5"} {
		f, err := filter.ParseMessages(text)
		if err != nil {
			t.Fatal(err)
		}
		filters = append(filters, f)
	}
	for seed := range uint64(2) {
		reader := openReader(t, roughCapture(t, seed, 10_000))
		rng := rand.New(rand.NewPCG(seed, 3))
		for conn := range uint64(6) {
			all := walked(t, reader, Query{Conn: conn})
			count, err := reader.Count(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			for range 30 {
				q := Query{Conn: conn, Start: 1 + rng.Uint64N(count+1)}
				if rng.IntN(2) == 0 {
					side := frame.Side(rng.IntN(2))
					q.Side = &side
				}
				if rng.IntN(2) == 0 {
					q.Opcodes = uint16(rng.Uint32())
				}
				if rng.IntN(3) == 0 {
					q.Filter = filters[rng.IntN(len(filters))]
				}
				var want []placed
				for i := range all {
					p := &all[i]
					if p.number >= q.Start && q.sent(p.From) && q.typed(p.Type) &&
						(q.Filter == nil || q.Filter.Match(&p.Message, &p.conn)) {
						want = append(want, *p)
					}
				}
				comparePlaced(t, fmt.Sprintf("seed %d: %+v", seed, q), walked(t, reader, q), want)
			}
		}
	}
}

func comparePlaced(t *testing.T, what string, got, want []placed) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%s: %d messages are missing from %d.%d on: %s", what, len(want)-i, want[i].number, want[i].part, want[i].line)
		case i >= len(want):
			t.Fatalf("%s: %d messages too many from %d.%d on: %s", what, len(got)-i, got[i].number, got[i].part, got[i].line)
		case got[i].number != want[i].number || got[i].part != want[i].part || got[i].line != want[i].line:
			t.Fatalf("%s: message %d is\n%d.%d %s, want\n%d.%d %s", what, i, got[i].number, got[i].part, got[i].line, want[i].number, want[i].part, want[i].line)
		}
	}
}

// TestUntil walks in legs. It would catch a message that comes before its leg,
// after it, twice or never.
func TestUntil(t *testing.T) {
	path := roughCapture(t, 8, 8_000)
	// Numbers have gaps where a connection was deleted.
	if _, err := Delete(t.Context(), path, 4); err != nil {
		t.Fatal(err)
	}
	reader := openReader(t, path)
	needle, err := filter.ParseMessages("order filled")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for conn := range uint64(6) {
		for _, q := range []Query{{Conn: conn}, {Conn: conn, Start: 1000, Opcodes: 1 << frame.Text}, {Conn: conn, Filter: needle}} {
			all := walked(t, reader, q)
			count, err := reader.Count(t.Context(), conn)
			if err != nil && conn != 4 {
				t.Fatal(err)
			}
			for range 10 {
				m := reader.Messages(t.Context(), q)
				rest := all
				for until := uint64(0); until <= count; {
					until += 1 + rng.Uint64N([]uint64{2, 50, 3000}[rng.IntN(3)])
					m.Until(until)
					for m.Next() {
						number, part := m.Position()
						if len(rest) == 0 || number != rest[0].number || part != rest[0].part || number >= until {
							t.Fatalf("%+v until %d: %d.%d comes, %d are left", q, until, number, part, len(rest))
						}
						rest = rest[1:]
					}
					if err := m.Err(); err != nil {
						t.Fatal(err)
					}
					if len(rest) > 0 && rest[0].number < until {
						t.Fatalf("%+v until %d: %d.%d does not come", q, until, rest[0].number, rest[0].part)
					}
				}
				if m.Until(0); m.Next() || len(rest) > 0 {
					t.Fatalf("%+v: %d are left", q, len(rest))
				}
				m.Close()
			}
		}
	}
}

// TestLastMessagesByOpcode catches a start that is too late for what is asked
// for, since the type of a message is that of its first frame.
func TestLastMessagesByOpcode(t *testing.T) {
	reader := openReader(t, roughCapture(t, 9, 6_000))
	for conn := range uint64(6) {
		for _, opcodes := range []uint16{0, 1 << frame.Text, 1<<frame.Binary | 1<<frame.Continuation, 1 << frame.Ping, 1<<16 - 1&^(1<<frame.Ping|1<<frame.Pong), 1 << 3} {
			q := Query{Conn: conn, Opcodes: opcodes}
			all := walked(t, reader, q)
			for _, n := range []int{1, 2, 10, 300, len(all), len(all) + 1} {
				if n == 0 {
					continue
				}
				start, skip, err := reader.LastMessages(t.Context(), q, n)
				if err != nil {
					t.Fatal(err)
				}
				q.Start = start
				got := walked(t, reader, q)
				want := all[max(0, len(all)-n):]
				comparePlaced(t, fmt.Sprintf("the last %d of %+v", n, q), got[min(skip, len(got)):], slices.Clone(want))
				q.Start = 0
			}
		}
	}
}

// TestLastFrames catches a start that is not at the last frames but so many.
func TestLastFrames(t *testing.T) {
	reader := openReader(t, roughCapture(t, 10, 6_000))
	client := frame.Client
	for conn := range uint64(6) {
		for _, side := range []*frame.Side{nil, &client} {
			var all []uint64
			for _, r := range scan(t, reader, conn, 1) {
				if side != nil && *side != r.From {
					continue
				}
				number := r.Seq
				if conn == 0 {
					number = r.Global
				}
				all = append(all, number)
			}
			for _, n := range []int{1, 3, 900, 4000} {
				want := uint64(1)
				if n <= len(all) {
					want = all[len(all)-n]
				}
				start, skip, err := reader.LastFrames(t.Context(), FrameQuery{Conn: conn, Side: side}, n)
				if err != nil || start != want || skip != 0 {
					t.Errorf("the last %d of connection %d begin at %d and %d, %v, want %d", n, conn, start, skip, err, want)
				}
			}
		}
	}
}

// TestUnfinishedBehindPlain has a filter that rules out all blocks but the one a
// message begins in, which never ends. It would catch a walk that passes over the
// record the message comes out with, or begins behind it and misses it.
func TestUnfinishedBehindPlain(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, _ := openTape(t, r)
	other, _ := openTape(t, r)
	tape.Append(frame.Server, epoch, wire(frame.Server, frame.Header{Opcode: frame.Text}, []byte("a needle that")))
	const frames = 6000
	for i := range frames {
		said := fmt.Appendf(nil, "%d is no more than hay, hay, hay, hay, hay", i)
		tape.Append(frame.Client, epoch, text(frame.Client, string(said)))
		other.Append(frame.Client, epoch, text(frame.Client, string(said)))
	}
	tape.Close(frame.End{Time: epoch})
	other.Append(frame.Client, epoch, text(frame.Client, "the last straw"))
	other.Close(frame.End{Time: epoch})
	closeAll(t, r)
	reader := openReader(t, path)
	needle, err := filter.ParseMessages("needle")
	if err != nil {
		t.Fatal(err)
	}
	for conn, last := range []uint64{2 * frames, frames + 1} {
		for _, start := range []uint64{0, 2, 3000, last} {
			got := walked(t, reader, Query{Conn: uint64(conn), Start: start, Filter: needle})
			if len(got) != 1 || got[0].number != last || got[0].part != 1 || got[0].Seq != 1 {
				t.Errorf("connection %d from %d: found %+v, want frame 1 at %d.1", conn, start, got, last)
			}
		}
	}
}
