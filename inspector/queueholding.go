package inspector

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// holding is the hold of this inspector, and all messages that are held, by
// whomever. Its fields belong to the goroutine that draws, but for the atomic ones.
type holding struct {
	r      *root
	holder *worker // begins the hold, waits for what it holds, and ends it
	judge  judge
	on     bool // a hold of ours is on, or about to be
	begun  bool // it is on
	turn   int  // which hold of ours it is
	order  HoldOrder
	last   string // what was entered for it
	past   past   // what was entered before

	held    []Held              // oldest first
	decided map[uint64]struct{} // the IDs of those with a verdict on its way
	edits   map[uint64]*heldEdit
	kept    []Held        // those that are gone and have an edit that is kept
	some    atomic.Bool   // whether any are
	asked   atomic.Uint64 // how often was asked for held
	taken   uint64        // the newest of these that counts
}

// holdPause is how long to wait before the next look at what is held, and
// holdRest the longest that ending a hold may take.
const (
	holdPause = time.Second / framesPerSecond
	holdRest  = 5 * time.Second
)

func newHolding(r *root) *holding {
	x := &holding{r: r, holder: r.i.start(), decided: make(map[uint64]struct{}), edits: make(map[uint64]*heldEdit)}
	x.judge = judge{x: x, worker: r.i.start()}
	return x
}

// busy reports whether a hold is about to begin or a verdict on its way.
func (x *holding) busy() bool {
	return x.on && !x.begun || !x.on && x.holder.busy() || len(x.decided) > 0
}

// begin begins a hold, in place of the one that is on.
func (x *holding) begin(o HoldOrder) {
	x.turn++
	x.on, x.begun, x.order = true, false, o
	turn := x.turn
	x.holder.do(0, func(ctx context.Context) {
		err := x.hold(ctx, o, turn)
		if err == nil || ctx.Err() != nil {
			return
		}
		x.r.i.post(func() {
			if x.turn == turn {
				x.on = false
				x.r.tell(draw.Bad, "intercept is off: "+decode.Visible(err.Error()))
			}
		})
	})
}

// hold holds until ctx ends, and returns why it could not.
func (x *holding) hold(ctx context.Context, o HoldOrder, turn int) (err error) {
	stream, err := x.r.i.o.Actions.Hold(ctx, o)
	if err != nil {
		return err
	}
	defer stream.Close()
	x.r.i.post(func() {
		if x.turn == turn {
			x.begun = true
			x.r.tell(draw.Good, "intercept is on: "+holdWords(o))
		}
	})
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		began := time.Now()
		x.look(ctx)
		pause.Reset(max(holdPause, 4*time.Since(began)))
		if err := stream.Wait(ctx); err != nil {
			return err
		}
	}
}

// end ends the hold of ours, which releases what it holds, and says how many
// messages that were.
func (x *holding) end() {
	x.turn++
	x.on = false
	turn, before := x.turn, len(x.held)
	x.holder.do(0, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, holdRest)
		defer cancel()
		left, err := x.r.i.o.Actions.Held(ctx)
		x.r.i.post(func() {
			if x.turn != turn {
				return
			}
			text := "intercept is off"
			if err == nil {
				x.taken = x.asked.Load()
				x.set(left)
				text += ": " + draw.Counted(uint64(max(0, before-len(left))), "message") + " released"
			}
			x.r.tell(draw.Good, text)
		})
	})
}

// watch asks what is held while there may be something, and is called once a
// second with how the recording fares. Any goroutine but the one that draws may
// call it.
func (x *holding) watch(ctx context.Context, s *Status) {
	switch {
	case s.Recording && (s.Held > 0 || x.some.Load()):
		x.look(ctx)
	case x.some.Load():
		n := x.asked.Add(1)
		x.r.i.post(func() { x.take(n, nil) })
	}
}

// look asks what is held. Any goroutine but the one that draws may call it.
func (x *holding) look(ctx context.Context) {
	n := x.asked.Add(1)
	held, err := x.r.i.o.Actions.Held(ctx)
	if err != nil || ctx.Err() != nil {
		return
	}
	x.r.i.post(func() { x.take(n, held) })
}

// take takes over an answer, unless a newer one came before it.
func (x *holding) take(n uint64, held []Held) {
	if n <= x.taken {
		return
	}
	x.taken = n
	before := len(x.held)
	x.set(held)
	if _, shown := x.r.top().(*queue); !shown && before == 0 && len(x.held) > 0 {
		x.r.tell(draw.Accent, draw.Counted(uint64(len(x.held)), "message")+" held: "+string(x.r.i.o.Keys.Key(keys.ToQueue))+" shows the queue")
	}
}

// set takes over what is held.
func (x *holding) set(held []Held) {
	decided := func(h Held) bool {
		_, is := x.decided[h.ID]
		return is
	}
	old := x.held
	x.held = slices.DeleteFunc(held, decided)
	x.some.Store(len(x.held) > 0)
	for i := range old {
		if x.find(old[i].ID) == nil && !decided(old[i]) {
			x.gone(&old[i])
		}
	}
}

// gone is called for a message that is held no more without a verdict of ours.
func (x *holding) gone(h *Held) {
	why := "it is not held any more"
	if !x.r.i.now().Before(h.Until) {
		why = "time was up and it was " + expiredWord(h)
	}
	x.keep(h, why)
	if q, shown := x.r.top().(*queue); shown && q.at == h.ID {
		x.r.tell(draw.Warning, heldName(h)+": "+why)
	}
}

// find returns the held message with that ID, or nil.
func (x *holding) find(id uint64) *Held {
	for i := range x.held {
		if x.held[i].ID == id {
			return &x.held[i]
		}
	}
	return nil
}

// others reports whether somebody else holds messages.
func (x *holding) others() bool {
	ours := 0
	if x.on && x.begun {
		ours = 1
	}
	return x.r.status.Holds > ours
}

// flag is what the bar says about it, "" for nothing.
func (x *holding) flag() string {
	switch n := len(x.held); {
	case n > 0:
		return "⚑ " + draw.Grouped(uint64(n)) + " held"
	case x.on:
		return "⚑ intercept on"
	case x.others():
		return "⚑ held by others"
	case x.r.status.Recording:
		return "⚑ intercept off"
	}
	return ""
}
