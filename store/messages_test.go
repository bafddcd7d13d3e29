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

// talk makes traffic on one connection.
type talk struct {
	rng      *rand.Rand
	tape     *Tape
	deflate  bool
	deflater [2]*frame.Deflater
	open     [2]bool // a message is under way
	sent     int
}

func newTalk(t *testing.T, r *Recorder, rng *rand.Rand, deflate bool) *talk {
	t.Helper()
	c := &frame.Connection{State: frame.Open, URL: fmt.Sprintf("wss://example.org/%d", rng.IntN(3)), Start: epoch}
	if deflate {
		c.Extensions = "permessage-deflate"
	}
	tape, err := r.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	k := &talk{rng: rng, tape: tape, deflate: deflate}
	for side := range k.deflater {
		if k.deflater[side], err = frame.NewDeflater(true, 15); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

var vocabulary = []string{"buy", "Sell", "ACME", "späť", "order filled", `{"type":"trade"}`, `{"type":"tr\u0061de"}`, "x"}

// say sends one frame.
func (k *talk) say() {
	side := frame.Side(k.rng.IntN(2))
	k.sent++
	words := fmt.Sprintf("%d %s %s", k.sent, vocabulary[k.rng.IntN(len(vocabulary))], vocabulary[k.rng.IntN(len(vocabulary))])
	h := frame.Header{Fin: true, Opcode: frame.Text}
	payload := []byte(words)
	switch n := k.rng.IntN(40); {
	case n == 0:
		h.Opcode, payload = frame.Ping, []byte("ping")
	case k.open[side]:
		h.Opcode, h.Fin = frame.Continuation, n < 20
		k.open[side] = !h.Fin
	case n == 1:
		h.Fin, k.open[side] = false, true
	case n == 2:
		h.Opcode, payload = frame.Binary, bytes.Repeat([]byte(words), 1+k.rng.IntN(200)*k.rng.IntN(60))
	case n == 3:
		h.RSV = frame.RSV2 // illegal
	case k.deflate && n < 30:
		payload = k.deflater[side].Append(nil, payload)
		h.RSV = frame.RSV1
	}
	k.tape.Append(side, epoch.Add(time.Duration(k.sent)*time.Millisecond), wire(side, h, payload))
}

// messages returns what a query finds, a line each.
func messages(t *testing.T, m *Messages) []string {
	t.Helper()
	var lines []string
	for m.Next() {
		lines = append(lines, string(m.Message().AppendJSON(nil)))
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestMessages catches a message that a filter should find and does not because
// its block was passed over, or that comes out otherwise because others were.
func TestMessages(t *testing.T) {
	for seed := range uint64(2) {
		rng := rand.New(rand.NewPCG(seed, 7))
		path := capturePath(t)
		r := create(t, path, Options{})
		var talks []*talk
		for i := range 4 {
			talks = append(talks, newTalk(t, r, rng, i == 1))
		}
		// Runs of one connection make blocks of its frames alone.
		for range 24 {
			k := talks[rng.IntN(len(talks))]
			for range rng.IntN(600) {
				k.say()
			}
			if rng.IntN(3) == 0 {
				synced(t, r)
			}
		}
		for _, k := range talks {
			k.tape.Close(frame.End{Time: epoch, EndedBy: frame.ByClient, How: frame.ByFIN})
		}
		closeAll(t, r)
		reader := openReader(t, path)
		for conn := range uint64(5) {
			checkFilters(t, reader, conn)
		}
	}
}

// checkFilters compares what each filter finds with what it says of every
// message.
func checkFilters(t *testing.T, reader *Reader, conn uint64) {
	t.Helper()
	type one struct {
		message frame.Message
		conn    frame.Connection
		line    string
	}
	var everything []one
	all := reader.Messages(t.Context(), Query{Conn: conn})
	for all.Next() {
		m := *all.Message()
		m.Payload = bytes.Clone(m.Payload)
		everything = append(everything, one{m, *all.Connection(), string(m.AppendJSON(nil))})
	}
	if conn < 3 && len(everything) < 100 {
		t.Fatalf("connection %d: %d messages are too few to test with", conn, len(everything))
	}
	for _, text := range []string{
		"order filled", "ACME", `from == client`, `from == server && text contains "Sell"`, `json.type == "trade"`,
		`type == "ping"`, `size > 1*KB`, `violation != ""`, `compressed`, `conn == 2 && text contains "buy"`,
		`text contains "nowhere"`, `/^9.*SELL/i`, `fragmented`, `path == "/1" && text contains "späť"`, `frames > 1 && type == "text"`,
	} {
		f, err := filter.ParseMessages(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var want []string
		for i := range everything {
			if o := &everything[i]; f.Match(&o.message, &o.conn) {
				want = append(want, o.line)
			}
		}
		if got := messages(t, reader.Messages(t.Context(), Query{Conn: conn, Filter: f})); !slices.Equal(got, want) {
			t.Fatalf("connection %d: %s finds %d messages of %d", conn, text, len(got), len(want))
		}
	}
}

// TestMessagesFrom catches a walk that begins in the middle of a message, or of
// a compressed stream, and does not see what came before.
func TestMessagesFrom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := capturePath(t)
	r := create(t, path, Options{})
	talks := []*talk{newTalk(t, r, rng, false), newTalk(t, r, rng, true)}
	for range 2000 {
		talks[rng.IntN(2)].say()
	}
	for _, k := range talks {
		k.tape.Close(frame.End{Time: epoch})
	}
	closeAll(t, r)
	reader := openReader(t, path)
	for conn := range uint64(3) {
		all := messages(t, reader.Messages(t.Context(), Query{Conn: conn}))
		for start := uint64(1); start < 700; start += 37 {
			got := messages(t, reader.Messages(t.Context(), Query{Conn: conn, Start: start}))
			if len(got) == 0 || !slices.Equal(got, all[len(all)-len(got):]) {
				t.Fatalf("connection %d from %d: %d messages, not the last of %d", conn, start, len(got), len(all))
			}
			count, err := reader.Count(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			if missing := len(all) - len(got); uint64(missing) > start || uint64(len(got)) > count-start+1 {
				t.Fatalf("connection %d from %d: %d of %d messages", conn, start, len(got), len(all))
			}
		}
	}
}

// TestFollow catches messages that come twice, not at all, or before they are
// complete when a capture is followed while it is recorded, and frames likewise.
func TestFollow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	path := capturePath(t)
	r := create(t, path, Options{})
	talks := []*talk{newTalk(t, r, rng, false), newTalk(t, r, rng, true), newTalk(t, r, rng, false)}
	live := r.Reader()
	f, err := filter.ParseMessages("buy")
	if err != nil {
		t.Fatal(err)
	}
	queries := []Query{{}, {Conn: 2}, {Filter: f}, {Conn: 1, Filter: f}}
	var following []*Messages
	for _, q := range queries {
		following = append(following, live.Messages(t.Context(), q))
	}
	frames := live.Frames(t.Context(), FrameQuery{})
	got := make([][]string, len(queries))
	seen := uint64(0)
	drain := func() {
		for i, m := range following {
			got[i] = append(got[i], messages(t, m)...)
		}
		for frames.Next() {
			if seen++; frames.Record().Global != seen {
				t.Fatalf("frame %d came as the %dth", frames.Record().Global, seen)
			}
		}
	}
	var version uint64
	for i := range 60 {
		for range rng.IntN(100) {
			talks[rng.IntN(len(talks))].say()
		}
		if i == 40 {
			talks[0].tape.Close(frame.End{Time: epoch})
			talks = talks[1:]
		}
		synced(t, r)
		if version, err = live.Wait(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		drain()
	}
	for _, k := range talks {
		k.tape.Close(frame.End{Time: epoch})
	}
	synced(t, r)
	drain()
	for i, q := range queries {
		want := messages(t, live.Messages(t.Context(), q))
		// A message that never ends comes out when its connection has ended, which
		// a follower learns later than one who comes after.
		slices.Sort(want)
		slices.Sort(got[i])
		if !slices.Equal(got[i], want) {
			t.Errorf("query %d: following found %d messages, afterwards there are %d", i, len(got[i]), len(want))
		}
		following[i].Close()
	}
	if n, _ := live.Count(t.Context(), 0); n != seen {
		t.Errorf("followed %d frames of %d", seen, n)
	}
	closeAll(t, frames, live, r)
}
