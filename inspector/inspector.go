package inspector

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// Options are the choices of an inspector. Source, Actions and Keys must be set.
type Options struct {
	Source  Source
	Actions Actions
	Keys    *keys.Map
	// Name is what the first breadcrumb says: the capture's name.
	Name string
	// Theme is how it looks, nil for the default theme.
	Theme *draw.Theme
	// Mouse takes the mouse from the terminal.
	Mouse bool
	// NoClipboard says that the terminal takes nothing for its clipboard (OSC 52).
	NoClipboard bool
	// ASCII avoids characters a terminal's font may lack.
	ASCII bool
	// Notice is shown when the inspector opens.
	Notice string
	// Records is whether quitting ends the recording. The user is asked first when
	// connections are open.
	Records bool
	// Editor runs the user's editor on a file, with the terminal to itself, until
	// it ends. It is nil when the user has none.
	Editor func(path string) error
	// Zone is the time zone to show, nil for the local one.
	Zone *time.Location
	// Screen takes the place of the terminal.
	Screen tcell.Screen
}

// Inspector shows a capture on a terminal. Run does all there is to do.
type Inspector struct {
	o       Options
	ctx     context.Context
	cancel  context.CancelFunc
	app     *tview.Application
	workers sync.WaitGroup // those of worker.go
	dirty   atomic.Bool
	frames  atomic.Uint64 // drawn

	mu     sync.Mutex
	posted []func()      // results of workers, for the next frame
	fault  error         // that ends the inspector
	away   chan struct{} // closed when the terminal is back; nil while it is here

	// The fields below belong to the goroutine of app.
	began    func() // set by tests
	now      func() time.Time
	root     *root
	clip     tcell.Screen // the terminal, once it was drawn on
	quitting bool
}

// framesPerSecond bounds how often the screen is drawn anew because of traffic.
const framesPerSecond = 30

// New returns an inspector that Run shows.
func New(o Options) *Inspector {
	if o.Theme == nil {
		o.Theme = draw.Themes()[0]
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	return &Inspector{o: o, now: time.Now}
}

// Run shows the capture until the user quits or ctx ends, and returns when the
// terminal is as it was and nothing of the inspector runs any more. The error is
// that of the terminal, or a *Fault.
func (i *Inspector) Run(ctx context.Context) error {
	i.ctx, i.cancel = context.WithCancel(ctx)
	defer i.cancel()
	i.app = tview.NewApplication().EnableMouse(i.o.Mouse).EnablePaste(true)
	i.root = newRoot(i)
	i.app.SetRoot(i.root, true)
	i.app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
		if e.Key() == tcell.KeyCtrlC {
			i.quit()
			return nil
		}
		return e
	})
	if i.o.Screen != nil {
		i.app.SetScreen(i.o.Screen)
	}
	if i.began != nil {
		i.began()
	}
	paced := make(chan struct{})
	go func() {
		defer close(paced)
		i.pace()
	}()
	err := i.app.Run()
	i.cancel()
	i.root.close()
	// The pacer ends by itself, unless the terminal went away in the middle of
	// one of its frames.
	select {
	case <-paced:
	case <-time.After(time.Second):
	}
	i.workers.Wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	return errors.Join(i.fault, err)
}

// Fault is a panic in the inspector: a bug of wsluice.
type Fault struct {
	Value any
	Stack []byte
}

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("internal fault: %v", f.Value) }

// guard runs f, which is all of ours that runs in the application. A panic ends
// the inspector in order: the terminal is restored, and what records in this
// process comes to its end.
func (i *Inspector) guard(f func()) {
	defer func() {
		if value := recover(); value != nil {
			i.fail(&Fault{Value: value, Stack: debug.Stack()})
		}
	}()
	f()
}

// pace draws a frame when something has changed, and stops the application when
// the context ends. It alone asks the application for frames: who asks after the
// application has stopped waits for ever.
func (i *Inspector) pace() {
	ticker := time.NewTicker(time.Second / framesPerSecond)
	defer ticker.Stop()
	for {
		select {
		case <-i.ctx.Done():
			i.app.Stop()
			return
		case <-ticker.C:
			if i.dirty.Swap(false) {
				i.app.QueueUpdateDraw(func() { i.guard(i.frame) })
			}
		}
	}
}

// changed asks for a frame. It may be called from any goroutine.
func (i *Inspector) changed() { i.dirty.Store(true) }

// post runs f before the next frame, on the goroutine that draws. It may be
// called from any goroutine. While the terminal is lent it waits, so that what is
// posted cannot pile up.
func (i *Inspector) post(f func()) {
	i.mu.Lock()
	for i.away != nil {
		back := i.away
		i.mu.Unlock()
		select {
		case <-back:
		case <-i.ctx.Done():
			return
		}
		i.mu.Lock()
	}
	i.posted = append(i.posted, f)
	i.mu.Unlock()
	i.changed()
}

// lend gives the terminal to f until it returns, and reports whether that was
// possible. It must be called while a key is handled.
func (i *Inspector) lend(f func()) bool {
	back := make(chan struct{})
	i.mu.Lock()
	i.away = back
	i.mu.Unlock()
	defer func() {
		i.mu.Lock()
		i.away = nil
		i.mu.Unlock()
		close(back)
	}()
	lent := i.app.Suspend(f)
	i.clip.Sync()
	return lent
}

// frame takes over what workers have found.
func (i *Inspector) frame() {
	i.mu.Lock()
	posted := i.posted
	i.posted = nil
	i.mu.Unlock()
	for _, f := range posted {
		f()
	}
	i.root.update()
}

// fail ends the inspector because of a fault.
func (i *Inspector) fail(err error) {
	i.mu.Lock()
	if i.fault == nil {
		i.fault = err
	}
	i.mu.Unlock()
	i.cancel()
}

// quit ends the inspector.
func (i *Inspector) quit() {
	i.quitting = true
	i.cancel()
}

// idle reports whether all is shown that was asked for. It is for tests, on the
// goroutine that draws.
func (i *Inspector) idle() bool {
	i.mu.Lock()
	waiting := len(i.posted)
	i.mu.Unlock()
	return waiting == 0 && !i.dirty.Load() && !i.root.busy()
}
