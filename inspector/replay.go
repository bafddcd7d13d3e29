package inspector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// replaying is the screen of the last replay: what was sent, and what became of each
// message of the server. The replay goes on when the screen is left.
type replaying struct {
	r       *root
	worker  *worker
	order   ReplayOrder
	of      frame.Connection // the recorded one
	running bool
	began   time.Time
	took    time.Duration
	end     ReplayEnd
	err     error
	events  []ReplayEvent
	dropped uint64 // events there is no room for
	counts  map[ReplayOutcome]uint64

	at, top int
	side    int
	follow  bool
	inner   bool // the keys go to the changes
	pager   pager
	shown   int // the event in pager, -1 for none
	where   rect
	lower   rect
}

// mostReplayed bounds how many events of a replay are kept.
const mostReplayed = 20_000

func (r *root) replayKey() keys.Key { return r.i.o.Keys.Key(keys.ToReplay) }

// replayConn asks how to replay a connection.
func (r *root) replayConn(conn uint64) {
	if conn == 0 {
		return
	}
	r.namer.do(0, func(ctx context.Context) {
		c, err := r.i.o.Source.Conn(ctx, conn)
		r.i.post(func() {
			switch {
			case err != nil:
				r.tell(draw.Bad, decode.Visible(err.Error()))
			case !hasFrames(&c):
				r.tell(draw.Warning, fmt.Sprintf("#%d has nothing that can be replayed", conn))
			case r.prompt == nil:
				r.askReplay(conn, c.URL)
			}
		})
	})
}

// replayCommand asks how to replay the connection of a number, or the one shown.
func (r *root) replayCommand(argument string) string {
	conn := r.target()
	if argument != "" {
		if _, err := fmt.Sscanf(strings.TrimPrefix(argument, "#"), "%d", &conn); err != nil || conn == 0 {
			return fmt.Sprintf("%q is no number of a connection", argument)
		}
	}
	if conn == 0 {
		return "there is no connection to replay"
	}
	r.replayConn(conn)
	return ""
}

// showReplay shows the last replay.
func (r *root) showReplay() {
	if r.replayed == nil {
		r.tell(draw.Plain, fmt.Sprintf("nothing was replayed yet: %s on a connection does", r.i.o.Keys.Key(keys.Replay)))
		return
	}
	turnTo(r, func(*root) *replaying { return r.replayed })
}

// replay begins a replay and shows it.
func (r *root) replay(o ReplayOrder) {
	if r.replayed == nil {
		r.replayed = &replaying{r: r, worker: r.i.start()}
	}
	x := r.replayed
	*x = replaying{r: r, worker: x.worker, order: o, running: true, began: r.i.now(), follow: true, shown: -1, counts: make(map[ReplayOutcome]uint64)}
	r.showReplay()
	x.worker.do(0, func(ctx context.Context) {
		if c, err := r.i.o.Source.Conn(ctx, o.Conn); err == nil {
			r.i.post(func() { x.of = c })
		}
		end, err := r.i.o.Actions.Replay(ctx, o, func(e ReplayEvent) {
			r.i.post(func() { x.add(e) })
		})
		r.i.post(func() { x.finish(end, err) })
	})
}

func (x *replaying) add(e ReplayEvent) {
	x.counts[e.Outcome]++
	if len(x.events) == mostReplayed {
		x.dropped++
		return
	}
	x.events = append(x.events, e)
	if x.follow {
		x.at = len(x.events) - 1
	}
}

func (x *replaying) finish(end ReplayEnd, err error) {
	x.running, x.end, x.err, x.took = false, end, err, x.r.i.now().Sub(x.began)
	if x.r.top() != screen(x) {
		style := draw.Bad
		if end.Passed {
			style = draw.Good
		}
		x.r.tell(style, x.verdict()+": "+string(x.r.replayKey())+" shows it")
	}
}

// verdict says in short how the replay went.
func (x *replaying) verdict() string {
	switch {
	case x.running:
		return "under way"
	case errors.Is(x.err, context.Canceled):
		return "the replay was stopped"
	case x.err != nil:
		return "the replay failed: " + decode.Visible(x.err.Error())
	case x.end.Passed:
		return "the replay passed"
	}
	return "the server did otherwise"
}

func (x *replaying) keys() keys.Screen { return keys.Replaying }
func (x *replaying) crumbs() []string  { return []string{fmt.Sprintf("replay #%d", x.order.Conn)} }
func (x *replaying) busy() bool        { return x.worker.busy() }
func (x *replaying) update()           {}

// close leaves the replay running: its worker ends with the inspector.
func (x *replaying) close() {}

func (x *replaying) move(to int) {
	x.at = max(0, min(to, len(x.events)-1))
	x.follow = x.at == len(x.events)-1
}

// next goes to the next message that is not as it was, or the one before.
func (x *replaying) next(step int) {
	for at := x.at + step; at >= 0 && at < len(x.events); at += step {
		switch x.events[at].Outcome {
		case ReplaySent, ReplaySame, ReplayUsed:
		default:
			x.move(at)
			x.follow = false
			return
		}
	}
	x.r.tell(draw.Plain, "there is no other difference that way")
}

func (x *replaying) act(a keys.Action) bool {
	if x.inner && a != keys.NextMatch && a != keys.PrevMatch && x.pager.act(a) {
		return true
	}
	page := max(1, x.where.height-1)
	switch a {
	case keys.Down:
		x.move(x.at + 1)
	case keys.Up:
		x.move(x.at - 1)
	case keys.PageDown:
		x.move(x.at + page)
	case keys.PageUp:
		x.move(x.at - page)
	case keys.First:
		x.move(0)
		x.follow = false
	case keys.Last:
		x.move(len(x.events))
	case keys.Left:
		x.side = max(0, x.side-8)
	case keys.Right:
		x.side = min(x.side+8, 512)
	case keys.NextMatch:
		x.next(1)
	case keys.PrevMatch:
		x.next(-1)
	case keys.NextPane, keys.PreviousPane:
		x.inner = !x.inner
	case keys.Open:
		x.inner = len(x.events) > 0
	case keys.Replay:
		x.r.replayConn(x.order.Conn)
	case keys.StopReplay:
		if x.running {
			x.worker.stop()
		}
	case keys.OpenRecord:
		x.openRecord()
	case keys.Compare:
		if x.end.Conn != 0 {
			x.r.push(newDiff(x.r, x.order.Conn, x.end.Conn))
		}
	case keys.Copy:
		var text strings.Builder
		for _, l := range x.pager.lines {
			text.WriteString(l.String() + "\n")
		}
		x.r.copy("the message", []byte(text.String()))
	case keys.Back:
		if !x.inner {
			return false
		}
		x.inner = false
	default:
		return false
	}
	return true
}

// openRecord lists the messages of the replay's record.
func (x *replaying) openRecord() {
	if x.running || x.end.Conn == 0 {
		x.r.tell(draw.Warning, "there is no record of it")
		return
	}
	x.r.push(newMessages(x.r, x.end.Conn))
}

func (x *replaying) mouse(action tview.MouseAction, px, py int) {
	switch {
	case x.lower.holds(px, py) && action == tview.MouseScrollUp:
		x.pager.scroll(-3)
	case x.lower.holds(px, py) && action == tview.MouseScrollDown:
		x.pager.scroll(3)
	case x.lower.holds(px, py):
		x.inner = true
	case action == tview.MouseScrollUp:
		x.move(x.at - 3)
	case action == tview.MouseScrollDown:
		x.move(x.at + 3)
	case x.where.holds(px, py):
		x.inner = false
		x.move(x.top + py - x.where.y)
	}
}
