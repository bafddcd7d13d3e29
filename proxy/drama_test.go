package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy/rules"
)

// drama is a connection on which everything happens.
type drama struct {
	t       *testing.T
	r       *rig
	seed    uint64
	ends    [2]*wire
	speaks  [2]*speaker
	hears   [2]*ear     // by the side that is heard
	tokens  [2]chan int // how many messages the side is to send
	e       frame.Extensions
	tape    *journalTape
	rough   atomic.Bool    // the end may come at any time
	parting atomic.Bool    // who has said farewell sends no more
	hands   sync.WaitGroup // of those who speak
	peers   sync.WaitGroup // of those who listen
	judges  sync.WaitGroup
	queues  []*Queue

	lock     sync.Mutex
	fates    map[string]Verdict // of messages that were held, by payload
	verdicts map[uint64]Verdict // given, by ID
	held     map[uint64]string  // their payloads
	injected [2][]said          // by the side they are sent as
}

const farewell = "that was all"

// begin opens a connection and has both ends speak and listen.
func begin(t *testing.T, seed uint64, random *rand.Rand) *drama {
	t.Helper()
	d := &drama{t: t, seed: seed, fates: map[string]Verdict{}, verdicts: map[uint64]Verdict{}, held: map[uint64]string{}}
	var journal journal
	d.r = start(t, func(o *Options) {
		journal.memory = o.Recorder.(*memory)
		o.Recorder = &journal
	})
	d.r.extensions = randomExtensions(random)
	t.Log(d.r.extensions)
	d.e = frame.ParseExtensions(d.r.extensions)
	d.ends[frame.Client], d.ends[frame.Server] = d.r.pair(false)
	d.tape = journal.tape
	for side := range d.ends {
		from := frame.Side(side)
		var err error
		if d.speaks[side], err = newSpeaker(from, d.e, rand.New(rand.NewPCG(seed, 1+uint64(side)))); err != nil {
			t.Fatal(err)
		}
		d.hears[side], d.tokens[side] = newEar(from, d.e), make(chan int)
		_ = d.ends[side].SetDeadline(time.Now().Add(5 * patience))
		d.peers.Go(func() { d.listen(from) })
		d.hands.Go(func() { d.speak(from) })
	}
	return d
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
	if d.parting.Load() {
		d.ends[side].closeWrite()
	}
}

// write sends bytes in runs of any size.
func (d *drama) write(side frame.Side, wire []byte) {
	for len(wire) > 0 {
		n := 1 + d.speaks[side].random.IntN(len(wire))
		if _, err := d.ends[side].Conn.Write(wire[:n]); err != nil {
			if !d.rough.Load() {
				d.t.Errorf("%s: %v", side, err)
			}
			return
		}
		wire = wire[n:]
	}
}

// listen takes what one side says, until its farewell.
func (d *drama) listen(from frame.Side) {
	for {
		wire, err := readFrame(d.ends[from.Peer()].r)
		if err != nil && d.rough.Load() {
			return
		}
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

// direct lets the peers talk and does this and that meanwhile, so many times. What
// is held at the end stays so.
func (d *drama) direct(ctx context.Context, random *rand.Rand, steps int) {
	never, err := rules.Parse("never", []byte(`rules: [{drop: true, when: text == "never said"}]`))
	if err != nil {
		d.t.Fatal(err)
	}
	for range steps {
		switch random.IntN(8) {
		case 0, 1:
			if len(d.queues) < 3 {
				d.open(ctx, random)
			}
		case 2:
			if len(d.queues) > 0 {
				i := random.IntN(len(d.queues))
				d.queues[i].Close()
				d.queues = slices.Delete(d.queues, i, i+1)
			}
		case 3:
			d.calm()
		case 4:
			d.r.SetRules([]*rules.Set{nil, never}[random.IntN(2)])
		default:
			d.inject(ctx, random)
		}
		for _, tokens := range d.tokens {
			tokens <- random.IntN(30)
		}
	}
}

// calm ends everything that is held.
func (d *drama) calm() {
	for _, q := range d.queues {
		q.Close()
	}
	d.queues = nil
	d.r.SetRules(nil)
}

func (d *drama) open(ctx context.Context, random *rand.Rand) {
	q, err := d.r.Hold(d.hold(random))
	if err != nil {
		d.t.Error(err)
		return
	}
	d.queues = append(d.queues, q)
	hand := rand.New(rand.NewPCG(d.seed, 100+q.ID()))
	d.judges.Go(func() { d.judge(ctx, q, hand) })
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
			q.Close()
			if !errors.Is(err, context.Canceled) { // the test has failed
				d.t.Errorf("queue %d: %v", q.ID(), err)
			}
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
func (d *drama) inject(ctx context.Context, random *rand.Rand) {
	from := frame.Side(random.IntN(2))
	m := said{[]frame.Opcode{frame.Text, frame.Binary, frame.Ping}[random.IntN(3)], fmt.Sprintf("injected %d", len(d.injected[from]))}
	draft := frame.Draft{From: from, Type: m.kind, Payload: []byte(m.payload)}
	if m.kind.Data() {
		draft.Fragments = random.IntN(4)
	}
	wire, err := draft.Wire()
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.r.Inject(ctx, 1, Injection{To: from.Peer(), Origin: frame.Injected, Wire: wire}); err != nil {
		if !d.rough.Load() {
			d.t.Error(err)
		}
		return
	}
	d.injected[from] = append(d.injected[from], m)
}
