package inspector

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/keys"
)

// live is a capture that a tap records: what is held there is what a test says.
func live(t *testing.T) (*capture, *tap, Options) {
	c := chat(t)
	c.status = Status{Recording: true, Address: "127.0.0.1:8080", Open: 1}
	return c, c.Interventions.(*tap), options(c)
}

func text(conn uint64, from frame.Side, payload string) frame.Message {
	return frame.Message{Conn: conn, From: from, Type: frame.Text, Payload: []byte(payload), Frames: 1, Time: epoch}
}

// TestHold would catch a hold of something else than was asked for, one that is not
// told of in the bar, and one that goes on when it was ended.
func TestHold(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("connections 4", "⚑ intercept off")
	r.press("I", "size > ")
	r.see("at ")
	r.press("3 limit 5s drop")
	r.see("holds size > 3, dropped after 5s")
	r.press("enter")
	r.see("intercept is on: holds size > 3, dropped after 5s", "⚑ intercept on")
	p.arrive(text(1, frame.Client, "one"), text(1, frame.Server, "two"))
	r.see("⚑ 2 held", "messages held: 3 shows the queue")
	r.press("I")
	r.see("intercept is off: 2 messages released", "⚑ intercept off")
	r.press("G", "enter", "I")
	r.see("hold: size > 3 limit 5s drop")
	for range len("size > 3 limit 5s drop") {
		r.press("backspace")
	}
	r.see("holds conn == 1, sent on after 30s")
	r.press("enter")
	r.see("intercept is on")
	r.press(":", "hold hello limit 2m", "enter")
	r.see("holds hello, sent on after 2m0s")
	r.press(":", "hold limit 2d", "enter")
	r.see("limit 2d is no time up to 1h, such as 30s")
	r.press(":", "hold off", "enter")
	r.see("intercept is off: 0 messages released")
	want := []HoldOrder{{Filter: "size > 3", Limit: 5 * time.Second, Drop: true}, {Filter: "conn == 1"}, {Filter: "hello", Limit: 2 * time.Minute}}
	if !slices.Equal(p.orders, want) || len(p.open) != 0 {
		t.Errorf("the holds were %+v, of which %v are open, want %+v and none", p.orders, p.open, want)
	}
}

// TestHoldAtRest would catch a hold where there is nobody to hold anything.
func TestHoldAtRest(t *testing.T) {
	c := chat(t)
	r := use(t, options(c), 100, 30)
	r.see("connections 4")
	r.press("I")
	r.see("no proxy records this capture")
	r.press("3")
	r.see("no proxy records this capture: there is nothing to hold")
}

// TestHoldFails would catch a hold that failed, or ended by itself, and looks as if
// it were on.
func TestHoldFails(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	p.err = errors.New("the proxy is \x1b[31mgone")
	r.press("I", "enter")
	r.see("intercept is off: the proxy is", "⚑ intercept off")
	p.err = nil
	r.press("I", "enter")
	r.see("intercept on")
	p.mu.Lock()
	p.err = errors.New("the proxy has ended")
	p.tell()
	p.mu.Unlock()
	r.see("intercept is off: the proxy has ended")
	p.mu.Lock()
	open := len(p.open)
	p.err = nil
	p.mu.Unlock()
	if open != 0 {
		t.Error("a hold that ended was not closed")
	}
}

// TestLeaving would catch a hold that outlives the inspector.
func TestLeaving(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	r.press("I", "enter")
	r.see("intercept on")
	p.arrive(text(1, frame.Client, "one"))
	r.see("1 held")
	r.inspector.app.QueueUpdate(r.inspector.quit)
	err := <-r.ended
	r.ended <- err
	if len(p.open) != 0 || len(p.held) != 0 {
		t.Errorf("the inspector left %d holds and %d held messages behind", len(p.open), len(p.held))
	}
}

// queued starts an inspector on its queue with messages that are held.
func queued(t *testing.T, width, height int, all ...frame.Message) (*robot, *tap) {
	_, p, o := live(t)
	r := use(t, o, width, height)
	r.see("connections 4")
	r.press("I", "enter")
	r.see("intercept on")
	p.arrive(all...)
	r.see("held")
	r.press("3")
	r.see("held messages ")
	return r, p
}

// TestQueue would catch a verdict on another message than the selected one, a
// selection that moves with what others do, and news that are not told.
func TestQueue(t *testing.T) {
	r, p := queued(t, 100, 30,
		text(1, frame.Client, `{"op":"sub"}`), text(1, frame.Server, "second"), text(2, frame.Client, "third"), text(2, frame.Client, "fourth"), text(2, frame.Client, "fifth"))
	r.see("held messages 5", `{"op":"sub"}`, "everything", "sent on in", "held #1", "JSON", "what the client sends behind it waits, in order")
	r.press("j", "j")
	r.see("held #3", "third")
	p.lose(func(h Held) bool { return h.ID == 1 })
	r.see("held messages 4", "held #3")
	r.press("a")
	r.see("text 5 B from the client of #2 was sent on", "held #4")
	r.press("d")
	r.see("text 6 B from the client of #2 was dropped", "held #5")
	p.lose(func(h Held) bool { return h.ID == 5 })
	r.see("text 5 B from the client of #2: it is not held any more", "held #2")
	p.arrive(text(3, frame.Server, "sixth"))
	r.see("held messages 2")
	r.press("D")
	r.see("drop 2 held messages? It cannot be undone. y/n")
	r.press("n")
	r.see("held messages 2")
	r.press("D", "y")
	r.see("2 messages dropped", "nothing is held now")
	p.arrive(text(3, frame.Server, "seventh"), text(3, frame.Server, "eighth"))
	r.see("held messages 2")
	r.press("A")
	r.see("2 messages sent on", "held messages 0")
	want := []string{"3 release", "4 drop", "2 drop", "6 drop", "7 release", "8 release"}
	if got := p.verdicts(); !slices.Equal(got, want) {
		t.Errorf("the verdicts are %q, want %q", got, want)
	}
}

// TestQuick would catch a verdict that is lost because the next one came before it
// was carried out.
func TestQuick(t *testing.T) {
	var all []frame.Message
	for range 200 {
		all = append(all, text(1, frame.Client, "x"))
	}
	r, p := queued(t, 80, 24, all...)
	r.see("held messages 200")
	for range 100 {
		r.inject("a")
		r.inject("d")
	}
	r.see("held messages 0")
	r.rest()
	got := p.verdicts()
	for n, word := range got {
		if want := [2]string{" release", " drop"}[n%2]; !strings.HasSuffix(word, want) {
			t.Errorf("verdict %d is %q, want one with %s", n, word, want)
		}
	}
	if len(got) != 200 {
		t.Errorf("%d verdicts, want 200", len(got))
	}
}

// TestOthers would catch messages that somebody else holds and nobody here knows of.
func TestOthers(t *testing.T) {
	c, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	c.mu.Lock()
	c.status.Holds = 1
	c.mu.Unlock()
	r.see("held by others")
	p.arrive(text(1, frame.Client, "theirs"))
	c.mu.Lock()
	c.status.Held = 1
	c.mu.Unlock()
	r.see("1 held")
	r.press("3", "a")
	r.see("was sent on")
}

// TestExpiry would catch a message that is gone and is not said to be.
func TestExpiry(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	r.press("I", "limit 30s drop", "enter")
	r.see("intercept on")
	p.mu.Lock()
	p.now = func() time.Time { return time.Now().Add(-time.Minute) }
	p.mu.Unlock()
	p.arrive(text(1, frame.Client, "short"))
	r.press("3")
	r.see("held #1")
	p.lose(func(Held) bool { return true })
	r.see("text 5 B from the client of #1: time was up and it was dropped")
}

// TestEdit would catch other bytes than were written, an edit that is lost by
// leaving it, and one that is not undone.
func TestEdit(t *testing.T) {
	r, p := queued(t, 100, 30,
		text(1, frame.Client, "a\r\nb"), text(1, frame.Client, "second"),
		frame.Message{Conn: 1, Type: frame.Binary, Payload: []byte("\x00\xff"), Frames: 1, Time: epoch}, text(1, frame.Client, "fourth"))
	r.press("e")
	r.see("original", "edited", "ctrl-s sends it in place of the original, esc keeps it", "ctrl-s:send")
	r.press("Id?q")
	r.press("esc")
	r.see("a sends the edited text, u undoes the edit", "~")
	r.press("j", "e", "xx", "esc", "u")
	r.see("the edit is undone")
	r.press("a")
	r.see("text 6 B from the client of #1 was sent on")
	r.press("k", "a")
	r.see("text 4 B from the client of #1 was sent on as edited", "held #3")
	r.press("e", "4", "1", "ctrl-s")
	r.see("was sent on as edited", "held #4")
	r.press("e", "no more", "ctrl-s")
	r.see("was sent on as edited", "nothing is held now")
	want := []string{"2 release", `1 edit "Id?qa\r\nb"`, `3 edit "A\xff"`, `4 edit "no morefourth"`}
	if got := p.verdicts(); !slices.Equal(got, want) {
		t.Errorf("the verdicts are %q, want %q", got, want)
	}
}

// TestEditor would catch what somebody wrote in an editor of their own and does not
// arrive.
func TestEditor(t *testing.T) {
	_, p, o := live(t)
	o.Editor = scripted(t, func(text string) string { return text + " and more" })
	r := use(t, o, 100, 30)
	r.see("intercept off")
	r.press("I", "enter")
	r.see("intercept on")
	p.arrive(text(1, frame.Client, "hello"))
	r.see("1 held")
	r.press("3", "E")
	r.see("edited", "hello and more", "14 bytes")
	r.press("e")
	r.see("ctrl-s:send")
	r.press("ctrl-e", "ctrl-s")
	r.see("was sent on as edited")
	if got, want := p.verdicts(), []string{`1 edit "hello and more and more"`}; !slices.Equal(got, want) {
		t.Errorf("the verdicts are %q, want %q", got, want)
	}
}

// TestGoneWhileEdited would catch a text that is lost because its message went while
// somebody wrote it, and one that is said to be sent and is not.
func TestGoneWhileEdited(t *testing.T) {
	r, p := queued(t, 100, 30, text(1, frame.Client, "first"), text(1, frame.Client, "second"))
	r.press("e", "mine ")
	p.lose(func(h Held) bool { return h.ID == 1 })
	r.see("held messages 1  and 1 gone", "gone", "it is not held any more; the edited text is kept until u forgets it", "mine first")
	r.press("more ")
	r.see("mine more first")
	r.press("ctrl-s")
	r.see("it is not held any more: c opens the edited text where messages are composed", "mine more first")
	r.press("c")
	r.see("compose for #1", "mine more first")
	r.press("esc")
	r.see("held messages 1  and 1 gone")
	r.press("q", "3")
	r.see("second")
	r.press("g")
	r.see("mine more first")
	r.press("u")
	r.see("the edit is undone", "held #2")
	r.press("e", "x")
	p.mu.Lock()
	p.err = errors.New("the proxy does not answer")
	p.mu.Unlock()
	r.press("ctrl-s")
	r.see("text 6 B from the client of #1: the proxy does not answer", "xsecond")
	if got := p.verdicts(); len(got) != 0 {
		t.Errorf("the verdicts are %q", got)
	}
}

// TestQueueSizes draws the queue at the sizes terminals have.
func TestQueueSizes(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	at := time.Date(2026, 1, 2, 3, 4, 17, 0, time.UTC)
	p.now = func() time.Time { return at }
	r.inspector.app.QueueUpdate(func() { r.inspector.now = func() time.Time { return at.Add(12 * time.Second) } })
	r.press("I", "enter")
	r.see("intercept on")
	p.arrive(text(1, frame.Client, `{"op":"sub","ch":"book.BTC"}`), text(12345, frame.Server, "hostile \x1b[31m\u202e text"), text(2, frame.Client, strings.Repeat("long ", 50)))
	r.see("3 held")
	r.press("3", "j", "e", "x", "esc", "k")
	r.see("held #1")
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {39, 9}} {
		r.resize(size[0], size[1])
		goldenText(t, fmt.Sprintf("queue-%dx%d", size[0], size[1]), r.shown())
	}
	r.resize(100, 30)
	r.press("e", "new ")
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {40, 10}} {
		r.resize(size[0], size[1])
		goldenText(t, fmt.Sprintf("queue-edit-%dx%d", size[0], size[1]), r.shown())
	}
}

// shown returns the screen when the inspector rests.
func (r *robot) shown() string {
	r.t.Helper()
	r.rest()
	return r.until(func(string) bool { return true }, "shows anything")
}

// TestEveryHeldKey presses every key there is where messages are held, as
// TestEveryKey does elsewhere.
func TestEveryHeldKey(t *testing.T) {
	for of, open := range map[keys.Screen][]string{keys.Queue: nil, keys.Held: {"tab"}, keys.HeldEdit: {"e"}} {
		t.Run(strings.Join(of.Names(), ""), func(t *testing.T) {
			t.Parallel()
			_, p, o := live(t)
			o.Editor = scripted(t, func(text string) string { return text + "!" })
			r := use(t, o, 100, 30)
			r.see("intercept off")
			for _, b := range keys.Table() {
				if b.On&of == 0 || b.Action == keys.Quit {
					continue
				}
				p.lose(func(Held) bool { return true })
				r.press(":", "hold", "enter")
				r.see("intercept is on")
				p.arrive(text(1, frame.Client, "hello"), text(1, frame.Server, "there"))
				r.see("⚑ 2 held")
				r.press("3")
				r.press(open...)
				for _, k := range b.Keys {
					r.press(string(k))
				}
				r.press("esc", "esc", "esc", "esc", "1", "esc", "g")
				r.see("connections 4")
			}
		})
	}
}

// TestOldAnswers would catch an answer about what is held that takes the place of a
// newer one, or brings back what has been decided about.
func TestOldAnswers(t *testing.T) {
	_, p, o := live(t)
	r := use(t, o, 100, 30)
	r.see("intercept off")
	p.arrive(text(1, frame.Client, "one"), text(1, frame.Client, "two"), text(1, frame.Client, "three"))
	all, _ := p.Held(t.Context())
	r.inspector.app.QueueUpdate(func() {
		x := r.inspector.root.hold
		first, second := x.asked.Add(1), x.asked.Add(1)
		x.take(second, slices.Clone(all[:2]))
		x.take(first, slices.Clone(all))
		if len(x.held) != 2 {
			t.Errorf("an older answer counts: %d are held, want 2", len(x.held))
		}
		late := x.asked.Add(1)
		x.decide([]Held{all[0]}, func(*Held) Verdict { return Verdict{Action: Drop} })
		x.take(late, slices.Clone(all[:2]))
		if len(x.held) != 1 || x.held[0].ID != 2 {
			t.Errorf("with a verdict on its way %+v are held, want message 2", x.held)
		}
		late = x.asked.Add(1)
		x.told(sentence{of: all[:1], verdicts: []Verdict{{Action: Drop}}}, []error{nil})
		x.take(late, slices.Clone(all[:2]))
		if len(x.held) != 1 || x.held[0].ID != 2 {
			t.Errorf("after a verdict %+v are held, want message 2", x.held)
		}
	})
	r.rest()
}
