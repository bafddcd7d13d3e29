package inspector

import (
	"context"
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// rect is a place on the screen.
type rect struct{ x, y, width, height int }

// screen is one of the inspector's screens. All methods run on the goroutine
// that draws.
type screen interface {
	// keys is which part of the key table holds now.
	keys() keys.Screen
	// crumbs are its steps in the breadcrumbs.
	crumbs() []string
	// update takes over what has come since the last frame.
	update()
	draw(p draw.Painter, r rect)
	// act does what a key asks for and reports whether it knew that action.
	act(a keys.Action) bool
	// mouse handles a click or the wheel at a place within r of the last draw.
	mouse(action tview.MouseAction, x, y int)
	// busy reports whether something is still under way.
	busy() bool
	close()
}

// writer is a screen that takes keys as text while somebody writes in it, before
// they mean anything else. Both methods report whether it did.
type writer interface {
	write(e *tcell.EventKey) bool
	paste(text string) bool
}

// The smallest screen anything is shown on.
const (
	leastWidth  = 40
	leastHeight = 10
)

// root fills the terminal: a bar above, the current screen, a line for prompts and
// news, and hints below.
type root struct {
	*tview.Box
	i      *Inspector
	stack  []screen // the last is shown
	prompt prompt   // nil while keys go to the screen
	news   news
	status Status
	marks  marks
	hold   *holding
	poll   *worker // for status, marks and what is held
	doer   *worker // for what the user asked to be done
	namer  *worker // for the names of files
	work   string  // what it is doing, when that takes long
	look   look

	composed *compose   // once it was wanted
	replayed *replaying // the last replay, once there was one
	compared uint64     // the connection that is compared with the next one, 0 for none

	// What was entered before.
	filters, searches, past, files past
	size                           [2]int
}

// look is what the user has set for all screens.
type look struct {
	clock  clock
	turned bool // panes the other way round than the width suggests
}

// beside reports whether two panes stand side by side.
func (l look) beside(r rect) bool { return (r.width >= 160) != l.turned && r.width >= 100 }

// news is the line that tells what has just happened.
type news struct {
	text  string
	style draw.Style
	since time.Time
}

// newsTime is how long news stay when nothing is pressed.
const newsTime = 8 * time.Second

func newRoot(i *Inspector) *root {
	r := &root{Box: tview.NewBox(), i: i, poll: i.start(), doer: i.start(), namer: i.start()}
	r.stack = []screen{newConnections(r)}
	r.hold = newHolding(r)
	r.watch()
	if i.o.Notice != "" {
		r.tell(draw.Accent, i.o.Notice)
	}
	return r
}

// watch keeps status, marks and what is held up to date.
func (r *root) watch() {
	r.poll.do(0, func(ctx context.Context) {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			status, unknown := r.i.o.Source.Status(ctx)
			if unknown != nil {
				status = Status{}
			}
			known, err := r.i.o.Source.Marks(ctx)
			if err != nil {
				known = nil
			}
			r.i.post(func() {
				r.status = status
				if known != nil || err == nil {
					r.marks.set(known)
				}
			})
			if unknown == nil {
				r.hold.watch(ctx, &status)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (r *root) top() screen { return r.stack[len(r.stack)-1] }

// push shows another screen above the current one.
func (r *root) push(s screen) { r.stack = append(r.stack, s) }

// turnTo shows a screen of which there is one at most above the others.
func turnTo[S screen](r *root, open func(*root) S) {
	for n, s := range r.stack {
		if found, ok := s.(S); ok {
			r.stack = append(slices.Delete(r.stack, n, n+1), found)
			return
		}
	}
	r.push(open(r))
}

// pop goes back, or asks to quit at the first screen.
func (r *root) pop() {
	if len(r.stack) == 1 {
		r.leave()
		return
	}
	r.top().close()
	r.stack = r.stack[:len(r.stack)-1]
}

// home goes back to the first screen.
func (r *root) home() {
	for len(r.stack) > 1 {
		r.pop()
	}
}

// connections is the first screen.
func (r *root) connections() *connections { return r.stack[0].(*connections) }

// leave quits; what would be lost by it is asked about first.
func (r *root) leave() {
	// The status is up to a second old; the list is not.
	open := max(r.status.Open, r.connections().list.open())
	if !r.i.o.Records || open == 0 {
		r.i.quit()
		return
	}
	r.ask(draw.Counted(uint64(open), "connection")+" will end with the recording. Quit? y/n", func(key rune) bool {
		if key == 'y' || key == 'Y' {
			r.i.quit()
		}
		return true
	})
}

func (r *root) update() {
	for _, s := range r.stack {
		s.update()
	}
	if r.news.text != "" && time.Since(r.news.since) > newsTime {
		r.news = news{}
	}
}

func (r *root) busy() bool {
	if r.doer.busy() || r.namer.busy() || r.hold.busy() {
		return true
	}
	for _, s := range r.stack {
		if s.busy() {
			return true
		}
	}
	return false
}

func (r *root) close() {
	for _, s := range r.stack {
		s.close()
	}
}

// tell shows news until the next key press.
func (r *root) tell(style draw.Style, text string) {
	r.news = news{text: text, style: style, since: time.Now()}
}

// Draw implements tview.Primitive.
func (r *root) Draw(to tcell.Screen) { r.i.guard(func() { r.draw(to) }) }

// stands are what characters become on a terminal that does not show UTF-8,
// besides the lines and arrows that every terminal has.
var stands = map[rune]string{'…': "~", '›': ">", '‹': "<", '●': "*", '▾': "-", '▸': "+", 'Δ': "d", '—': "-", '×': "x", '█': "#", '░': ".", 'µ': "u", '⚑': "!"}

func (r *root) draw(to tcell.Screen) {
	if r.i.clip == nil && r.i.o.ASCII {
		for c, stand := range stands {
			to.RegisterRuneFallback(c, stand)
		}
	}
	r.i.clip = to
	r.i.frames.Add(1)
	width, height := to.Size()
	r.size = [2]int{width, height}
	p := draw.Painter{Screen: to, Theme: r.i.o.Theme}
	to.HideCursor()
	if width < leastWidth || height < leastHeight {
		for y := range height {
			p.Line(0, y, width, nil, draw.Normal)
		}
		p.Line(0, 0, width, draw.Text(draw.Cut("too small, 40x10 is the least", width), draw.Plain), draw.Normal)
		return
	}
	p.Line(0, 0, width, r.bar(width), draw.Normal)
	r.top().draw(p, rect{0, 1, width, height - 3})
	switch {
	case r.prompt != nil:
		r.prompt.draw(p, rect{0, height - 2, width, 1})
	case r.news.text != "":
		p.Line(0, height-2, width, draw.Text(draw.Cut(" "+r.news.text, width), r.news.style), draw.Normal)
	case r.work != "":
		p.Line(0, height-2, width, draw.Text(draw.Cut(" "+r.work, width), draw.Accent), draw.Normal)
	default:
		p.Line(0, height-2, width, r.warning(width), draw.Normal)
	}
	p.Line(0, height-1, width, r.hints(width), draw.Normal)
}

// InputHandler implements tview.Primitive.
func (r *root) InputHandler() func(*tcell.EventKey, func(tview.Primitive)) {
	return func(e *tcell.EventKey, _ func(tview.Primitive)) {
		if !r.i.quitting {
			r.i.guard(func() { r.press(e) })
		}
	}
}

func (r *root) press(e *tcell.EventKey) {
	r.news = news{}
	w, writes := r.top().(writer)
	switch {
	case r.prompt != nil:
		r.prompt.key(e)
	case writes && w.write(e):
	default:
		r.act(r.i.o.Keys.Action(r.top().keys(), e))
	}
	r.update()
}

// PasteHandler implements tview.Primitive.
func (r *root) PasteHandler() func(string, func(tview.Primitive)) {
	return func(text string, _ func(tview.Primitive)) {
		if r.i.quitting {
			return
		}
		r.i.guard(func() {
			if r.prompt != nil {
				r.prompt.paste(text)
			} else if w, writes := r.top().(writer); writes && w.paste(text) {
				r.update()
			}
		})
	}
}

// MouseHandler implements tview.Primitive.
func (r *root) MouseHandler() func(tview.MouseAction, *tcell.EventMouse, func(tview.Primitive)) (bool, tview.Primitive) {
	return func(action tview.MouseAction, e *tcell.EventMouse, _ func(tview.Primitive)) (bool, tview.Primitive) {
		switch action {
		case tview.MouseLeftClick, tview.MouseLeftDoubleClick, tview.MouseScrollUp, tview.MouseScrollDown:
			if r.prompt == nil && !r.i.quitting {
				x, y := e.Position()
				r.i.guard(func() {
					r.top().mouse(action, x, y)
					r.update()
				})
			}
			return true, nil
		}
		return false, nil
	}
}

// act does what a key asks for: first the screen, then what holds everywhere.
func (r *root) act(a keys.Action) {
	if a == keys.Back && r.work != "" {
		r.doer.stop()
		return
	}
	if a == "" || r.top().act(a) {
		return
	}
	switch a {
	case keys.Back:
		if len(r.stack) > 1 {
			r.pop()
		}
	case keys.Quit:
		r.pop()
	case keys.ShowHelp:
		r.push(newHelp(r, r.top().keys()))
	case keys.Command:
		r.command("")
	case keys.ToConns:
		r.home()
	case keys.ToMessages:
		r.home()
		r.push(newMessages(r, 0))
	case keys.ToCompose:
		r.composer().show(r.composer().conn)
	case keys.ToEvents:
		r.home()
		r.push(newEvents(r))
	case keys.ToQueue:
		turnTo(r, newQueue)
	case keys.ToReplay:
		r.showReplay()
	case keys.ToRules:
		turnTo(r, newRules)
	case keys.Intercept:
		r.intercept()
	case keys.TimeFormat:
		r.look.clock = (r.look.clock + 1) % clocks
		r.tell(draw.Plain, "times are "+r.look.clock.String())
	case keys.Split:
		r.look.turned = !r.look.turned
	case keys.Redraw:
		r.i.clip.Sync()
	}
}
