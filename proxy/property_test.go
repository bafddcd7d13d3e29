package proxy

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

var seed = flag.Uint64("seed", 0, "`seed` of TestIntervene; 0 picks one")

// Catches an edited, dropped, held or injected message that spoils, reorders or
// loses another one, with any compression, whenever holds begin and end; a ping
// that is lost; a record that is not what went over both wires; and a tap that
// does not go back to passing bytes.
func TestIntervene(t *testing.T) {
	seeds(t, 4, intervene)
}

// seeds runs a test with so many seeds, or with the one that was asked for.
func seeds(t *testing.T, runs uint64, test func(*testing.T, uint64)) {
	first := *seed
	switch {
	case first != 0:
		runs = 1
	case testing.Short():
		runs = min(runs, 2)
	}
	if first == 0 {
		first = rand.Uint64N(1e9)
	}
	for seed := first; seed < first+runs; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { test(t, seed) })
	}
}

func intervene(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	d := begin(t, seed, random)
	d.direct(ctx, random, 100)
	d.calm()
	d.end()
	if t.Failed() {
		return
	}
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.compare(from)
		d.unchanged(from)
	}
	if t.Failed() {
		return
	}
	for _, end := range d.ends {
		_ = end.Close()
	}
	d.r.recorder.ended(t, 1)
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.audit(from)
	}
}

// end has both sides say farewell, and waits for that.
func (d *drama) end() {
	for _, tokens := range d.tokens {
		close(tokens)
	}
	d.hands.Wait()
	d.judges.Wait()
	d.peers.Wait()
}

// Catches what is held at the end of the stream getting lost, and an end in the
// midst of it all that is recorded otherwise than it happened, leaves somebody
// waiting, or is told to the recorder twice.
func TestInterveneEnd(t *testing.T) {
	for name, end := range map[string]func(*drama, context.Context){
		"kill":  func(d *drama, ctx context.Context) { d.kill(ctx, Ending{Code: 4000, Reason: "enough"}) },
		"reset": func(d *drama, ctx context.Context) { d.kill(ctx, Ending{Reset: true}) },
		"stop":  func(d *drama, _ context.Context) { d.r.stop() },
		"client resets": func(d *drama, _ context.Context) {
			_ = d.ends[frame.Client].socket().SetLinger(0)
			_ = d.ends[frame.Client].Close()
		},
		"server is gone": func(d *drama, _ context.Context) {
			_ = d.ends[frame.Server].Close()
			d.calm() // the client is there, and may yet get what is held
			_ = d.ends[frame.Client].Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			seeds(t, 2, func(t *testing.T, seed uint64) { breakOff(t, seed, end) })
		})
	}
	t.Run("farewell", func(t *testing.T) { seeds(t, 2, partHolding) })
}

func (d *drama) kill(ctx context.Context, e Ending) {
	if err := d.r.Kill(ctx, 1, e); err != nil {
		d.t.Error(err)
	}
}

// breakOff ends the connection in the midst of everything.
func breakOff(t *testing.T, seed uint64, end func(*drama, context.Context)) {
	random := rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	d := begin(t, seed, random)
	d.direct(ctx, random, 10+random.IntN(20))
	d.open(ctx, random)
	for _, tokens := range d.tokens {
		tokens <- 100
	}
	d.rough.Store(true)
	end(d, ctx)
	d.r.recorder.ended(t, 1)
	for _, end := range d.ends {
		_ = end.Close()
	}
	d.calm()
	d.end()
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.audit(from)
	}
}

// partHolding has both sides end their stream while messages are held.
func partHolding(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	d := begin(t, seed, random)
	d.direct(ctx, random, 20)
	d.open(ctx, random)
	d.parting.Store(true)
	for _, tokens := range d.tokens {
		tokens <- 100
		close(tokens)
	}
	d.hands.Wait()
	d.calm()
	d.judges.Wait()
	d.peers.Wait()
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.compare(from)
		d.ends[from.Peer()].eof()
	}
	d.r.recorder.ended(t, 1)
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.audit(from)
	}
}

// compare holds what was heard of a side against what it said.
func (d *drama) compare(from frame.Side) {
	var want []said
	for _, m := range d.speaks[from].messages {
		switch v := d.fates[m.payload]; v.Action {
		case Drop:
			continue
		case Edit:
			m.payload = string(v.Payload)
			if v.Type != 0 {
				m.kind = v.Type
			}
		}
		want = append(want, m)
	}
	injected := func(m said) bool { return strings.HasPrefix(m.payload, "injected ") }
	only := func(list []said, keep bool) []said {
		return slices.DeleteFunc(slices.Clone(list), func(m said) bool { return injected(m) != keep })
	}
	h := d.hears[from]
	d.same(from, "messages", only(h.messages, false), want)
	d.same(from, "pings", only(h.controls, false), d.speaks[from].controls)
	var messages, controls []said
	for _, m := range d.injected[from] {
		if m.kind.Control() {
			controls = append(controls, m)
		} else {
			messages = append(messages, m)
		}
	}
	d.same(from, "injected messages", only(h.messages, true), messages)
	d.same(from, "injected pings", only(h.controls, true), controls)
	d.t.Logf("%s: %d messages, %d bytes, %d other than sent, %d injected",
		from, len(h.messages), len(h.whole), len(d.fates), len(d.injected[from]))
}

func (d *drama) same(from frame.Side, what string, got, want []said) {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			d.t.Errorf("%s: %d %s, want %d, next %v", from, len(got), what, len(want), want[i])
		case i >= len(want):
			d.t.Errorf("%s: %d %s, want %d, but came %v", from, len(got), what, len(want), got[i])
		case got[i] != want[i]:
			d.t.Errorf("%s: of %d %s number %d is %v, want %v", from, len(got), what, i, got[i], want[i])
		default:
			continue
		}
		return
	}
}

// unchanged expects bytes to pass as they are again, after a window of traffic.
func (d *drama) unchanged(from frame.Side) {
	s, h := d.speaks[from], d.hears[from]
	exchange := func(enough func(plain int) bool) (sent, got []byte) {
		at, plain := len(h.whole), 0
		for !enough(plain) {
			sent = append(sent, s.next()...)
			plain += len(s.messages[len(s.messages)-1].payload)
		}
		sent = append(sent, s.last(farewell)...)
		d.write(from, sent)
		d.listen(from)
		return sent, h.whole[at:]
	}
	if d.e.Deflate {
		// Noise is not shorter compressed, and one in five is not compressed.
		exchange(func(plain int) bool { return plain > 2<<d.e.WindowBits[from] })
	}
	messages := 0
	sent, got := exchange(func(int) bool { messages++; return messages > 50 })
	if !bytes.Equal(sent, got) {
		d.t.Errorf("%s: with nothing armed %d bytes passed as %d others", from, len(sent), len(got))
	}
}

// audit holds what was recorded against what went over both wires. Where the end
// was rough, the beginning of what was sent was recorded, and the beginning of what
// was recorded received.
func (d *drama) audit(from frame.Side) {
	entries := d.tape.entries[from]
	var sent, own, raw streams
	sent.add(d.speaks[from].whole)
	sender, receiver := newEar(from, d.e), d.hears[from]
	next := 0 // frame the receiver got
	hear := func(wire []byte) string {
		last, err := sender.hear(wire)
		if err != nil {
			d.t.Fatalf("the record of the %s: %v", from, err)
		}
		return last.payload
	}
	rough := d.rough.Load()
	got := func() (wire []byte, ok bool) {
		if next < len(receiver.frames) {
			next++
			return receiver.frames[next-1], true
		}
		if !rough {
			d.t.Fatalf("%s: more was recorded than the %d frames that were received", from, next)
		}
		return nil, false
	}
	for len(entries) > 0 {
		now := entries[0]
		entries = entries[1:]
		if now.Origin != frame.Observed || now.Recoded {
			if now.Origin.Own() {
				own.add(now.wire)
			}
		} else {
			raw.data = append(raw.data, now.wire...)
			now.wire = raw.data
		}
		payload := ""
		for len(now.wire) > 0 {
			h, n := frame.Parse(now.wire)
			if n == 0 || h.Length > uint64(len(now.wire)-n) {
				break
			}
			one := now.wire[:n+int(h.Length)]
			now.wire = now.wire[len(one):]
			if now.Origin.Own() {
				payload = hear(one)
			}
			if now.Origin == frame.Dropped || now.Recoded {
				continue
			}
			if now.Origin == frame.Observed {
				own.add(one)
			}
			if g, ok := got(); ok && !bytes.Equal(g, one) {
				d.t.Fatalf("%s: frame %d was received as %x and recorded as %x", from, next, g, one)
			}
		}
		switch {
		case now.Recoded:
			if _, ok := got(); ok && receiver.payloads[next-1] != payload {
				d.t.Fatalf("%s: message recoded in frame %d was received as %q, recorded as %q", from, next, receiver.payloads[next-1], payload)
			}
		case now.Origin == frame.Observed:
			raw.data = bytes.Clone(now.wire)
		}
	}
	if next != len(receiver.frames) {
		d.t.Errorf("%s: %d frames were received, %d recorded", from, len(receiver.frames), next)
	}
	if rough {
		sent.data = sent.data[:min(len(sent.data), len(own.data))]
		sent.pings = sent.pings[:min(len(sent.pings), len(own.pings))]
	}
	if !bytes.Equal(own.data, sent.data) || !bytes.Equal(own.pings, sent.pings) {
		d.t.Errorf("%s: what was recorded as sent is not what was sent", from)
	}
}
