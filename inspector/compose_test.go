package inspector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/store"
)

// wire is a proxy with one connection, which records what it sends.
type wire struct {
	*tap
	t   *testing.T
	rec *store.Recorder
	on  *tape
}

// Send implements Interventions.
func (w *wire) Send(ctx context.Context, conn uint64, d frame.Draft) (Sent, error) {
	done, err := w.tap.Send(ctx, conn, d)
	if err != nil {
		return done, err
	}
	frames, err := d.Wire()
	if err != nil {
		return done, err
	}
	w.mu.Lock()
	w.on.at = w.on.at.Add(time.Millisecond)
	done.Time = w.on.at
	w.on.Insert(frame.Passage{From: d.From, Time: done.Time, Origin: frame.Injected}, frames)
	w.mu.Unlock()
	return done, w.rec.Sync(ctx)
}

// answer records what a side sent.
func (w *wire) answer(from frame.Side, payload string) {
	w.t.Helper()
	w.mu.Lock()
	w.on.text(from, payload)
	w.mu.Unlock()
	if err := w.rec.Sync(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// fail has every call fail.
func (w *wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

// wired records a connection that is open, with a message from each side, and one
// that has ended.
func wired(t *testing.T) (*wire, Options) {
	t.Helper()
	rec, err := store.Create(filepath.Join(t.TempDir(), "live.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{tap: newTap(), t: t, rec: rec}
	c := &capture{Reader: rec.Reader(), Interventions: w, dir: t.TempDir(), marks: make(map[place]Mark)}
	t.Cleanup(func() {
		c.Reader.Close()
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	})
	w.on = open(t, rec, frame.Connection{URL: "ws://live.example/feed"})
	over := open(t, rec, frame.Connection{URL: "ws://over.example/"})
	over.text(frame.Client, "too late")
	over.end(frame.ByClient, frame.ByFIN)
	w.on.text(frame.Client, `{"op":"sub","ch":"book.BTC"}`)
	w.answer(frame.Server, `{"ok":true}`)
	return w, options(c)
}

// drafts returns what was sent.
func (p *tap) drafts() []frame.Draft {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]frame.Draft(nil), p.sent...)
}

// TestCompose would catch a message that is sent otherwise than it was written, one
// that is not told of, and a reply that is another message.
func TestCompose(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i")
	r.see("compose for #1", "[server] client", "#1 open ws://live.example/feed", "[text] binary", "0 bytes", "sent from here 0")
	r.press(`{"op":"sub"`)
	r.see("JSON error at 1:12", "not sent", "81 8b ** ** ** **  7b 22 6f 70", "17 bytes on the wire")
	r.press("}")
	r.see("12 bytes  JSON ok")
	r.press("ctrl-s")
	r.see("sent text, 12 bytes, to the server of #1, 300µs after it was asked for", "sent from here 1", "delivered after 300µs", "…")
	w.answer(frame.Server, `{"answer":42}`)
	w.answer(frame.Server, `{"later":1}`)
	shown := r.see(`{"answer":42}`, "reply after 1.0ms")
	if strings.Contains(shown, "later") || strings.Contains(shown, "not sent") {
		t.Errorf("the screen shows\n%s", shown)
	}
	r.press("tab")
	r.press("enter")
	r.see("#1 ws://live.example/feed", "[injected]", `{"op":"sub"}`)
	if got := r.selected(); len(got) != 1 || !strings.Contains(got[0], "injected") {
		t.Errorf("the message selected is %q", got)
	}
	r.press("q")
	r.see("sent from here")
	r.press("e", "x", "ctrl-s")
	r.see("sent from here 2", "sent text, 13 bytes")
	if got := w.drafts(); len(got) != 2 || string(got[0].Payload) != `{"op":"sub"}` || string(got[1].Payload) != `x{"op":"sub"}` ||
		got[0].From != frame.Client || got[0].Type != frame.Text {
		t.Errorf("what was sent is %+v", got)
	}
}

// TestCopied would catch a copy that is not the message, or goes the other way.
func TestCopied(t *testing.T) {
	w, o := wired(t)
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\xff\r\n")
	w.on.send(frame.Client, frame.Header{Fin: true, Opcode: frame.Ping}, "al\x00ive\xff")
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: 3}, "odd")
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xf3over\xff")
	w.answer(frame.Client, "a\r\nb\rc\x00\n")
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "enter")
	r.see("messages 7", "al")
	for n, want := range []frame.Draft{
		{From: frame.Client, Type: frame.Text, Payload: []byte(`{"op":"sub","ch":"book.BTC"}`)},
		{From: frame.Server, Type: frame.Text, Payload: []byte(`{"ok":true}`)},
		{From: frame.Server, Type: frame.Binary, Payload: []byte("\x00\xff\r\n")},
		{From: frame.Client, Type: frame.Ping, Payload: []byte("al\x00ive\xff")},
		{From: frame.Server, Type: frame.Binary, Payload: []byte("odd"), Header: "opcode=3"},
		{From: frame.Server, Type: frame.Close, Payload: []byte("\x03\xf3over\xff")},
		{From: frame.Client, Type: frame.Text, Payload: []byte("a\r\nb\rc\x00\n")},
	} {
		r.press(":", fmt.Sprint(n+1), "enter")
		r.see(fmt.Sprintf("─ #%d ", n+1))
		r.press("e", "ctrl-s")
		r.see(fmt.Sprintf("sent from here %d", n+1), "compose for #1")
		r.press("esc")
		r.see("messages")
		all := w.drafts()
		got := all[len(all)-1]
		if got.From != want.From || got.Type != want.Type || string(got.Payload) != string(want.Payload) || got.Header != want.Header {
			t.Errorf("the copy of message %d is %+v, want %+v", n+1, got, want)
		}
	}
}

// TestFields would catch a field that does not do what it says.
func TestFields(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "hi", "shift-tab", "fin=0,rsv=5", "shift-tab", "backspace", "2", "shift-tab", "right", "right", "shift-tab", "shift-tab", "space")
	r.see("server [client]", "binary [ping] pong", "fin=0,rsv=5", "59 01  68", "in 2 frames")
	r.press("ctrl-s")
	r.see("sent ping, 2 bytes, to the client of #1")
	r.press("tab", "tab", "right", "right")
	r.see("[close]", "1000  normal closure", "code", "reason")
	r.press("tab", "ctrl-a", "1", "tab", "ctrl-a", "backspace", "tab", "ctrl-a", "1005")
	r.see("1005", "which the server must not send")
	r.press("tab", "so long", "ctrl-s")
	r.see("sent close, 9 bytes")
	r.press("shift-tab", "x", "ctrl-s")
	r.see(`"1005x" is no close code`)
	r.press("ctrl-a", "backspace", "ctrl-s")
	r.see("sent close, 7 bytes")
	r.press("shift-tab", "nonsense=1", "ctrl-s")
	r.see(`header field "nonsense" is not one of`)
	r.press("ctrl-a", "backspace", "shift-tab", "9", "9", "9", "9", "ctrl-s")
	r.see(`"19999" is no number of frames from 1 to 10000`)
	got := w.drafts()
	if len(got) != 3 || got[0].Header != "fin=0,rsv=5" || got[0].Fragments != 2 || got[0].From != frame.Server || got[0].Type != frame.Ping ||
		string(got[1].Payload) != "\x03\xedso long" || string(got[2].Payload) != "so long" {
		t.Errorf("what was sent is %+v", got)
	}
}

// TestUnsent would catch a text that is lost, and a send that is said to have
// happened and has not.
func TestUnsent(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "precious")
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("the proxy \x1b[2J has ended"), `not sent: the proxy \x1b[2J has ended`},
		{fmt.Errorf("inject: %w", context.DeadlineExceeded), "not sent: inject: context deadline exceeded"},
	} {
		w.fail(test.err)
		r.press("ctrl-s")
		r.see(test.want, "precious", "sent from here 0")
	}
	w.fail(nil)
	r.press("esc")
	r.see("what was not sent is kept: 4 comes back to it", "connections 2")
	r.press("4")
	r.see("compose for #1", "precious")
	r.press("esc", "enter")
	r.see("─ #2 ← text")
	r.press("e")
	r.see("Replace what was not sent yet? y/n")
	r.press("n", "i")
	r.see("what was not sent yet is still here", "precious")
	r.press("esc")
	r.see("messages 2")
	r.press("e", "y")
	r.see("compose for #1", `{"ok":true}`)
	r.press("esc", "1", "g", "i", "x")
	r.see("compose for #2", "#2 closed ws://over.example/")
	r.press("ctrl-s")
	r.see("not sent: connection #2 is not open any more but closed")
	r.press("esc", ":", "compose 1", "enter")
	r.see("compose for #1", "x")
	r.press("tab", "tab", "tab", "right")
	if len(w.drafts()) != 0 {
		t.Errorf("%+v was sent", w.drafts())
	}
}

// TestOutside would catch an editor whose text is not taken, or changed.
func TestOutside(t *testing.T) {
	w, o := wired(t)
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\xff")
	w.answer(frame.Server, "no end")
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "ctrl-e")
	r.see("there is no editor: set VISUAL or EDITOR")
	var names []string
	edited := func(edit func(text string) string) {
		run := scripted(t, edit)
		r.inspector.app.QueueUpdate(func() {
			r.inspector.o.Editor = func(path string) error {
				names = append(names, filepath.Base(path))
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("the file is %v (%v)", info, err)
				}
				return run(path)
			}
		})
	}
	edited(func(text string) string { return text + `{"a":1}` + "\n" })
	r.press("ctrl-e")
	r.see("the line end that the editor added was left out", "7 bytes  JSON ok")
	edited(func(text string) string { return text })
	r.press("ctrl-e")
	r.see("nothing was changed")
	r.press("ctrl-z")
	r.see("0 bytes")
	r.press("ctrl-a", "backspace", "esc", "enter", ":", "3", "enter")
	r.see("00 ff")
	edited(func(text string) string { return strings.Replace(text, "ff", "fg", 1) })
	r.press("E")
	r.see(`line 1: "fg" is not hexadecimal. Edit it again? y/n`)
	edited(func(text string) string { return strings.Replace(text, "fg", "fe", 1) })
	r.press("y")
	r.see("00 fe", "compose for #1")
	r.press("ctrl-s")
	r.see("sent binary, 2 bytes, to the client of #1")
	edited(func(text string) string { return text })
	r.inspector.app.QueueUpdate(func() {
		r.inspector.o.Editor = func(string) error { return errors.New("exit status 1") }
	})
	r.press("ctrl-e")
	r.see("exit status 1")
	if got := w.drafts(); len(got) != 1 || string(got[0].Payload) != "\x00\xfe" {
		t.Errorf("%+v was sent", got)
	}
	if got, want := strings.Join(names, " "), "payload.txt payload.json payload.hex payload.hex"; got != want {
		t.Errorf("the files were %s, want %s", got, want)
	}
}

// TestLent would catch workers whose results pile up while an editor has the
// terminal, or are lost by it.
func TestLent(t *testing.T) {
	_, o := wired(t)
	posted, done := 0, make(chan struct{})
	var i *Inspector
	o.Editor = func(string) error {
		go func() {
			defer close(done)
			for range 100 {
				i.post(func() { posted++ })
			}
		}()
		select {
		case <-done:
			t.Error("the results have piled up")
		case <-time.After(50 * time.Millisecond):
		}
		return nil
	}
	r := use(t, o, 100, 30)
	i = r.inspector
	r.see("connections 2 (1 open)")
	r.press("G", "i", "ctrl-e")
	<-done
	r.until(func(string) bool { return posted == 100 }, "takes over all results")
}

// TestFile would catch a file that is read otherwise than it is.
func TestFile(t *testing.T) {
	w, o := wired(t)
	dir := o.Actions.(*capture).dir
	for name, content := range map[string]string{"text": "a\r\nb\n", "bin": "\x00\xff"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "ctrl-o", "text", "enter")
	r.see("took 5 bytes", "a␍")
	r.press("ctrl-s")
	r.see("sent text, 5 bytes")
	r.press("ctrl-o", "bin", "enter")
	r.see("took 2 bytes, which are not UTF-8: the type is binary now", "00 ff")
	r.press("ctrl-s")
	r.see("sent binary, 2 bytes")
	r.press("ctrl-o", "none", "enter")
	r.see("no such file")
	if got := w.drafts(); len(got) != 2 || string(got[0].Payload) != "a\r\nb\n" || string(got[1].Payload) != "\x00\xff" {
		t.Errorf("%+v was sent", got)
	}
}

// TestComposeSizes draws the screen at the sizes terminals have.
func TestComposeSizes(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", `{"op":"sub"}`, "ctrl-s")
	r.see("sent from here 1")
	w.answer(frame.Server, "reply \x1b[31m\u202e"+strings.Repeat(" long", 50))
	r.see("reply after")
	r.press("enter", "second line \u202e")
	for _, size := range [][2]int{{100, 30}, {80, 24}, {60, 16}, {40, 10}, {39, 9}} {
		r.resize(size[0], size[1])
		goldenText(t, fmt.Sprintf("compose-%dx%d", size[0], size[1]), r.shown())
	}
	r.resize(80, 24)
	r.press("shift-tab", "shift-tab", "shift-tab", "right", "right", "right", "right")
	r.see("[close]")
	for _, size := range [][2]int{{80, 24}, {60, 16}, {40, 10}} {
		r.resize(size[0], size[1])
		goldenText(t, fmt.Sprintf("compose-close-%dx%d", size[0], size[1]), r.shown())
	}
}

// TestEveryComposeKey presses every key there is where messages are composed, as
// TestEveryKey does elsewhere.
func TestEveryComposeKey(t *testing.T) {
	for of, open := range map[keys.Screen][]string{keys.Compose: nil, keys.Sent: {"tab"}} {
		t.Run(of.Names()[0], func(t *testing.T) {
			t.Parallel()
			_, o := wired(t)
			o.Editor = scripted(t, func(text string) string { return text + "!" })
			r := use(t, o, 100, 30)
			r.see("connections 2 (1 open)")
			r.press("G")
			for _, b := range keys.Table() {
				if b.On&of == 0 {
					continue
				}
				r.press("i", "text", "ctrl-s")
				r.see("delivered after")
				r.press(open...)
				for _, k := range b.Keys {
					r.press(string(k))
				}
				r.press("esc", "esc", "esc", "esc", "esc", "esc")
				r.see("connections 2")
			}
		})
	}
}

// TestPasted would catch pasted text that is taken for keys, or loses its lines.
func TestPasted(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "()", "left")
	paste := func(text string) {
		r.inspector.app.QueueUpdate(func() { r.inspector.root.PasteHandler()(text, nil) })
	}
	paste("q\n[red]\x1b[2J")
	r.press("ctrl-s")
	r.see("sent text, 13 bytes")
	r.press("ctrl-z", "ctrl-s")
	r.see("sent text, 2 bytes")
	r.press("shift-tab")
	paste("fin=0")
	r.see("fin=0")
	if got := w.drafts(); len(got) != 2 || string(got[0].Payload) != "(q\n[red]\x1b[2J)" || string(got[1].Payload) != "()" {
		t.Errorf("%+v was sent", got)
	}
}

// TestComposeMouse would catch a click that lands elsewhere.
func TestComposeMouse(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "one", "enter", "two", "ctrl-s")
	r.see("sent from here 1")
	click := func(action tview.MouseAction, on string, by int) {
		r.t.Helper()
		r.inspector.app.QueueUpdateDraw(func() {
			for y, line := range strings.Split(r.text(), "\n") {
				if before, _, ok := strings.Cut(line, on); ok {
					r.inspector.root.top().mouse(action, draw.Width(before)+by, y)
					return
				}
			}
			r.t.Errorf("%q is not on the screen", on)
		})
		r.rest()
	}
	click(tview.MouseLeftClick, "client", 1)
	click(tview.MouseLeftClick, "binary", 1)
	r.see("server [client]", "[binary]", "6f 6e 65 0a")
	click(tview.MouseLeftClick, "text", 0)
	click(tview.MouseLeftClick, "one", 1)
	r.press("x")
	r.see("oxne")
	click(tview.MouseScrollDown, "two", 0)
	r.press("y")
	r.see("twyo")
	click(tview.MouseLeftDoubleClick, "delivered", 0)
	r.see("messages", "[injected]")
	if got := w.drafts(); len(got) != 1 {
		t.Errorf("%+v was sent", got)
	}
}

// TestReplies would catch a reply that is of another side or kind, or was sent by
// somebody else than the peer.
func TestReplies(t *testing.T) {
	w, o := wired(t)
	r := use(t, o, 100, 30)
	r.see("connections 2 (1 open)")
	r.press("G", "i", "ask", "ctrl-s")
	r.see("delivered after")
	w.answer(frame.Client, "mine")
	w.mu.Lock()
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Ping}, "none")
	w.on.at = w.on.at.Add(time.Millisecond)
	w.on.Insert(frame.Passage{From: frame.Server, Time: w.on.at, Origin: frame.Injected}, []byte("\x81\x04fake"))
	w.on.at = w.on.at.Add(time.Millisecond)
	w.on.Insert(frame.Passage{From: frame.Server, Time: w.on.at, Origin: frame.Dropped}, []byte("\x81\x07dropped"))
	w.mu.Unlock()
	w.answer(frame.Server, "late")
	shown := r.see("[dropped] dropped", "reply after 4.0ms")
	for _, wrong := range []string{"mine", "none", "fake", "late"} {
		if strings.Contains(shown, wrong) {
			t.Errorf("%q is shown as a reply:\n%s", wrong, shown)
		}
	}
	r.press("shift-tab", "shift-tab", "shift-tab", "right", "right", "ctrl-s")
	r.see("sent ping")
	w.mu.Lock()
	w.on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Pong}, "ask")
	w.mu.Unlock()
	w.answer(frame.Server, "more")
	r.see("pong       3  ask", "reply after 1.0ms")
}

// TestLocate would catch a frame that is taken for the one that was sent because it
// came at the same time, and one that is not found among others out of order.
func TestLocate(t *testing.T) {
	w, o := wired(t)
	ctx := t.Context()
	at := w.on.at.Add(time.Hour)
	text := func(from frame.Side, time time.Time) { w.on.Append(from, time, []byte("\x81\x01x")) }
	for n := range 500 {
		text(frame.Server, epoch.Add(time.Duration(n)*time.Second))
	}
	text(frame.Client, at)
	text(frame.Server, at.Add(time.Millisecond))
	w.on.Insert(frame.Passage{From: frame.Server, Time: at, Origin: frame.Injected}, []byte("\x81\x01y"))
	w.on.Insert(frame.Passage{From: frame.Client, Time: at, Origin: frame.Injected}, []byte("\x81\x01z"))
	w.answer(frame.Server, "more")
	for from, want := range map[frame.Side]uint64{frame.Server: 505, frame.Client: 506} {
		if got, err := locate(ctx, o.Source, 1, from, at); err != nil || got != want {
			t.Errorf("what the %s was said to send is %d (%v), want %d", from, got, err, want)
		}
	}
	for _, other := range []time.Time{epoch, at.Add(time.Nanosecond), at.Add(time.Hour)} {
		if got, err := locate(ctx, o.Source, 1, frame.Server, other); err != nil || got != 0 {
			t.Errorf("at %s there is %d (%v)", other, got, err)
		}
	}
}

// TestSentList would catch a list of what was sent that grows without end, or a
// selection that moves to another entry.
func TestSentList(t *testing.T) {
	var l sentList
	for n := range 3 * sentMost {
		l.add(&sent{conn: uint64(n)})
		if n == 10 {
			l.move(5)
		}
	}
	if len(l.list) != sentMost || l.current().conn != 2*sentMost {
		t.Errorf("%d entries, the selected is %+v", len(l.list), l.current())
	}
	l.move(-sentMost)
	if l.current().conn != 3*sentMost-1 {
		t.Errorf("the newest is %+v", l.current())
	}
	for range 5 {
		l.add(&sent{draft: frame.Draft{Payload: make([]byte, sentBytes/2)}})
	}
	if len(l.list) != 2 {
		t.Errorf("%d entries of half of what may be kept", len(l.list))
	}
	l.add(&sent{draft: frame.Draft{Payload: make([]byte, sentBytes+1)}})
	if len(l.list) != 1 {
		t.Errorf("%d entries beside one that is too large", len(l.list))
	}
}
