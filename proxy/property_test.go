package proxy

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

var seed = flag.Uint64("seed", 0, "`seed` of TestIntervene; 0 picks one")

// Catches an edited, dropped, held or injected message that spoils, reorders or
// loses another one, with any compression, whenever holds begin and end; a ping
// that is lost; a record that is not what went over both wires; and a tap that
// does not go back to passing bytes.
func TestIntervene(t *testing.T) {
	first, runs := *seed, 5
	if testing.Short() {
		runs = 2
	}
	if first == 0 {
		first = rand.Uint64N(1e9)
	} else {
		runs = 1
	}
	for i := range uint64(runs) {
		t.Run(fmt.Sprint("seed ", first+i), func(t *testing.T) { intervene(t, first+i) })
	}
}

// drama is a connection on which everything happens.
type drama struct {
	t      *testing.T
	r      *rig
	seed   uint64
	ends   [2]*wire
	speaks [2]*speaker
	hears  [2]*ear     // by the side that is heard
	tokens [2]chan int // how many messages the side is to send

	lock     sync.Mutex
	fates    map[string]Verdict // of messages that were held, by payload
	verdicts map[uint64]Verdict // given, by ID
	held     map[uint64]string  // their payloads
	injected [2][]said          // by the side they are sent as
}

const farewell = "that was all"

func intervene(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	d := &drama{t: t, seed: seed, fates: map[string]Verdict{}, verdicts: map[uint64]Verdict{}, held: map[uint64]string{}}
	var journal journal
	d.r = start(t, func(o *Options) {
		journal.memory = o.Recorder.(*memory)
		o.Recorder = &journal
	})
	d.r.extensions = randomExtensions(random)
	t.Log(d.r.extensions)
	e := frame.ParseExtensions(d.r.extensions)
	d.ends[frame.Client], d.ends[frame.Server] = d.r.pair(false)
	var peers, hands sync.WaitGroup
	for side := range d.ends {
		from := frame.Side(side)
		var err error
		if d.speaks[side], err = newSpeaker(from, e, rand.New(rand.NewPCG(seed, 1+uint64(side)))); err != nil {
			t.Fatal(err)
		}
		d.hears[side], d.tokens[side] = newEar(from, e), make(chan int)
		_ = d.ends[side].SetDeadline(time.Now().Add(5 * patience))
		peers.Go(func() { d.listen(from) })
		hands.Go(func() { d.speak(from) })
	}
	d.direct(random)
	for _, tokens := range d.tokens {
		close(tokens)
	}
	hands.Wait()
	peers.Wait()
	if t.Failed() {
		return
	}
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.compare(from)
		d.unchanged(from, e)
	}
	if t.Failed() {
		return
	}
	for _, end := range d.ends {
		_ = end.Close()
	}
	d.r.recorder.ended(t, 1)
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		d.audit(from, journal.tape.entries[from], e)
	}
}

func randomExtensions(random *rand.Rand) string {
	if random.IntN(10) == 0 {
		return ""
	}
	e := "permessage-deflate"
	for _, side := range []string{"client", "server"} {
		if bits := 8 + random.IntN(9); bits < 16 {
			e += fmt.Sprintf("; %s_max_window_bits=%d", side, bits)
		}
		if random.IntN(6) == 0 {
			e += "; " + side + "_no_context_takeover"
		}
	}
	return e
}

// speak sends what one side has to say, as it is told to, and at the end the
// farewell.
func (d *drama) speak(side frame.Side) {
	s := d.speaks[side]
	for n := range d.tokens[side] {
		var wire []byte
		for range n {
			wire = append(wire, s.next()...)
			if len(wire) > 1<<14 || s.random.IntN(3) == 0 {
				d.write(side, wire)
				wire = wire[:0]
			}
		}
		d.write(side, wire)
	}
	d.write(side, s.last(farewell))
}

// write sends bytes in runs of any size.
func (d *drama) write(side frame.Side, wire []byte) {
	for len(wire) > 0 {
		n := 1 + d.speaks[side].random.IntN(len(wire))
		if _, err := d.ends[side].Conn.Write(wire[:n]); err != nil {
			d.t.Errorf("%s: %v", side, err)
			return
		}
		wire = wire[n:]
	}
}

// listen takes what one side says, until its farewell.
func (d *drama) listen(from frame.Side) {
	for {
		wire, err := readFrame(d.ends[from.Peer()].r)
		if err == nil {
			var last said
			if last, err = d.hears[from].hear(wire); last.payload == farewell {
				return
			}
		}
		if err != nil {
			d.t.Errorf("what the %s says: %v, after %d messages of %d", from, err, len(d.hears[from].messages), len(d.speaks[from].messages))
			return
		}
	}
}

// direct lets the peers talk and does this and that meanwhile.
func (d *drama) direct(random *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var queues []*Queue
	var work sync.WaitGroup
	never, err := rules.Parse("never", []byte(`rules: [{drop: true, when: text == "never said"}]`))
	if err != nil {
		d.t.Fatal(err)
	}
	steps := 100
	if testing.Short() {
		steps = 50
	}
	for step := range steps {
		switch random.IntN(8) {
		case 0, 1:
			if len(queues) == 3 {
				break
			}
			q, err := d.r.Hold(d.hold(random))
			if err != nil {
				d.t.Error(err)
				break
			}
			queues = append(queues, q)
			hand := rand.New(rand.NewPCG(d.seed, 100+uint64(step)))
			work.Go(func() { d.judge(ctx, q, hand) })
		case 2:
			if len(queues) > 0 {
				i := random.IntN(len(queues))
				queues[i].Close()
				queues = slices.Delete(queues, i, i+1)
			}
		case 3:
			for _, q := range queues {
				q.Close()
			}
			queues = nil
		case 4:
			d.r.SetRules([]*rules.Set{nil, never}[random.IntN(2)])
		default:
			d.inject(ctx, step, random)
		}
		for _, tokens := range d.tokens {
			tokens <- random.IntN(30)
		}
	}
	for _, q := range queues {
		q.Close()
	}
	d.r.SetRules(nil)
	work.Wait()
}

func (d *drama) hold(random *rand.Rand) Hold {
	text := []string{"", "from == client", "from == server", "size > 1500", `text contains "7 "`, "type == binary", "conn == 2"}[random.IntN(7)]
	h := Hold{Limit: time.Minute}
	if random.IntN(3) == 0 {
		h.Limit = time.Millisecond
	}
	if text != "" {
		f, err := filter.ParseMessages(text)
		if err != nil {
			d.t.Fatal(err)
		}
		h.Filter = f
	}
	return h
}

// judge decides about what a queue holds: at once, later, or never.
func (d *drama) judge(ctx context.Context, q *Queue, random *rand.Rand) {
	var later []uint64
	for {
		e, err := q.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			d.t.Errorf("queue %d: %v", q.ID(), err)
			q.Close()
			return
		case e.Fate != nil:
			d.lock.Lock()
			v := d.verdicts[e.Fate.ID]
			v.Action = e.Fate.Action
			if v.Action != Release {
				d.fates[d.held[e.Fate.ID]] = v
			}
			d.lock.Unlock()
			continue
		}
		d.lock.Lock()
		d.held[e.Held.ID] = string(e.Held.Message.Payload)
		d.lock.Unlock()
		if len(e.Held.Message.Payload) == 0 || string(e.Held.Message.Payload) == farewell {
			// Which of them it was could not be told afterwards.
			d.decide(e.Held.ID, Verdict{Action: Release})
			continue
		}
		if random.IntN(3) == 0 {
			later = append(later, e.Held.ID)
		} else {
			d.decide(e.Held.ID, d.verdict(e.Held.ID, random))
		}
		for len(later) > 0 && random.IntN(3) > 0 {
			i := random.IntN(len(later))
			d.decide(later[i], d.verdict(later[i], random))
			later = slices.Delete(later, i, i+1)
		}
	}
}

func (d *drama) verdict(id uint64, random *rand.Rand) Verdict {
	switch random.IntN(4) {
	case 0:
		return Verdict{Action: Drop}
	case 1:
		v := Verdict{Action: Edit, Payload: fmt.Appendf(nil, "edited %d ", id)}
		if random.IntN(4) == 0 {
			v.Payload = nil
		}
		if random.IntN(3) == 0 {
			v.Type = frame.Binary
		}
		return v
	}
	return Verdict{Action: Release}
}

func (d *drama) decide(id uint64, v Verdict) {
	d.lock.Lock()
	defer d.lock.Unlock()
	before := d.verdicts[id]
	d.verdicts[id] = v
	if err := d.r.Decide(id, v); err != nil {
		d.verdicts[id] = before
		if !errors.Is(err, ErrNotHeld) {
			d.t.Error(err)
		}
	}
}

// inject sends something to one side. What is said in the other's name must not
// have to wait for a verdict, so it does not wait for that.
func (d *drama) inject(ctx context.Context, step int, random *rand.Rand) {
	from := frame.Side(random.IntN(2))
	m := said{[]frame.Opcode{frame.Text, frame.Binary, frame.Ping}[random.IntN(3)], fmt.Sprintf("injected %d", step)}
	draft := frame.Draft{From: from, Type: m.kind, Payload: []byte(m.payload)}
	if m.kind.Data() {
		draft.Fragments = random.IntN(4)
	}
	wire, err := draft.Wire()
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.r.Inject(ctx, 1, Injection{To: from.Peer(), Origin: frame.Injected, Wire: wire}); err != nil {
		d.t.Error(err)
	}
	d.injected[from] = append(d.injected[from], m)
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
func (d *drama) unchanged(from frame.Side, e frame.Extensions) {
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
	if e.Deflate {
		// Noise is not shorter compressed, and one in five is not compressed.
		exchange(func(plain int) bool { return plain > 2<<e.WindowBits[from] })
	}
	messages := 0
	sent, got := exchange(func(int) bool { messages++; return messages > 50 })
	if !bytes.Equal(sent, got) {
		d.t.Errorf("%s: with nothing armed %d bytes passed as %d others", from, len(sent), len(got))
	}
}

// audit holds what was recorded against what went over both wires.
func (d *drama) audit(from frame.Side, entries []entry, e frame.Extensions) {
	var sent, own, raw streams
	sent.add(d.speaks[from].whole)
	sender, receiver := newEar(from, e), d.hears[from]
	next := 0 // frame the receiver got
	hear := func(wire []byte) string {
		last, err := sender.hear(wire)
		if err != nil {
			d.t.Fatalf("the record of the %s: %v", from, err)
		}
		return last.payload
	}
	got := func() []byte {
		if next >= len(receiver.frames) {
			d.t.Fatalf("%s: more was recorded than the %d frames that were received", from, next)
		}
		next++
		return receiver.frames[next-1]
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
			if g := got(); !bytes.Equal(g, one) {
				d.t.Fatalf("%s: frame %d was received as %x and recorded as %x", from, next, g, one)
			}
		}
		switch {
		case now.Recoded:
			got()
			if p, ok := receiver.payloads[next-1]; !ok || p != payload {
				d.t.Fatalf("%s: message recoded in frame %d was received as %q, recorded as %q", from, next, p, payload)
			}
		case now.Origin == frame.Observed:
			raw.data = bytes.Clone(now.wire)
		}
	}
	if next != len(receiver.frames) {
		d.t.Errorf("%s: %d frames were received, %d recorded", from, len(receiver.frames), next)
	}
	if !bytes.Equal(own.data, sent.data) || !bytes.Equal(own.pings, sent.pings) {
		d.t.Errorf("%s: what was recorded as sent is not what was sent", from)
	}
}
