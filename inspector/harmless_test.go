package inspector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/store"
)

// tty is a terminal that keeps what is written to it.
type tty struct {
	mu      sync.Mutex
	written bytes.Buffer
	typed   chan []byte
	stopped chan struct{}
	once    sync.Once
}

func newTTY() *tty { return &tty{typed: make(chan []byte, 100), stopped: make(chan struct{})} }

func (y *tty) Start() error { return nil }
func (y *tty) Stop() error  { return nil }
func (y *tty) Drain() error {
	y.once.Do(func() { close(y.stopped) })
	return nil
}
func (y *tty) NotifyResize(func()) {}
func (y *tty) Close() error        { return nil }
func (y *tty) WindowSize() (tcell.WindowSize, error) {
	return tcell.WindowSize{Width: 120, Height: 40}, nil
}

func (y *tty) Read(p []byte) (int, error) {
	select {
	case keys := <-y.typed:
		return copy(p, keys), nil
	case <-y.stopped:
		return 0, io.EOF
	}
}

func (y *tty) Write(p []byte) (int, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.written.Write(p)
}

// hostile are texts a peer could send to act on the terminal.
var hostile = []string{
	"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;ZXZpbA==\a", "\x1b]0;title\a", "\x9b31m", "\x1b[2J",
	"[:::https://evil.example/x]LINK[:::-]", "[red]red[-]", "\u202egpj.exe", "\x1bP$q\x1b\\", "\r\n\x1b[A", "\x7f\x08\x08",
}

// allowed is what tcell itself writes: colours and attributes, the cursor, modes
// that it sets and resets.
var allowed = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\[[0-9] q|\x1b\\[[0-9;?]*\\$[a-z]|\x1b[()][A-Z0-9]|\x1b[=>78M]|\x1b\\[>[0-9;]*[a-z]|\x1b\\[<[0-9]*[a-z]|[\x0e\x0f\r\n]|\x1b\\]22;[^\x1b\a]*(\x1b\\\\|\a)|\x1b\\]12;[^\x1b\a]*(\x1b\\\\|\a)|\x1b\\]112\a")

// TestHarmless shows a capture full of hostile texts on a real terminal's
// encoder, on every screen. It would catch anything captured that reaches the
// terminal as a control sequence or a hyperlink.
func TestHarmless(t *testing.T) {
	c := record(t, func(r *store.Recorder) {
		for _, evil := range hostile {
			on := open(t, r, frame.Connection{
				URL: "ws://x.example/" + evil, Client: evil, Server: evil, Subprotocol: evil, Extensions: evil,
				Request: []frame.Field{{Name: evil, Value: evil}}, Response: []frame.Field{{Name: evil, Value: evil}},
				TLS: &frame.TLS{Server: &frame.TLSLeg{Version: evil, Subject: evil, Issuer: evil, ALPN: evil}},
			})
			on.text(frame.Server, evil)
			on.text(frame.Server, `{"`+evil+`":"`+evil+`"}`)
			on.send(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, evil)
			on.send(frame.Client, frame.Header{Fin: true, Opcode: frame.Ping}, evil)
			on.send(frame.Client, frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8"+evil)
			on.Close(frame.End{Time: epoch, EndedBy: frame.ByProxy, How: frame.ByError, Error: evil})
			open(t, r, frame.Connection{State: frame.Refused, URL: evil, Status: 400, Body: []byte(evil), Error: evil, End: epoch})
		}
	})
	c.status = Status{Recording: true, Address: hostile[0], Reverse: hostile[1], Warnings: hostile, Held: 1}
	p := c.Interventions.(*tap)
	p.book = RuleBook{Source: hostile[0], Error: hostile[1], Text: strings.Join(hostile, "\n")}
	for n, evil := range hostile {
		p.book.Rules = append(p.book.Rules, Rule{Name: evil, When: evil, From: evil, Does: evil, Line: n})
		p.arrive(text(1, frame.Client, evil))
		p.held[n].Why = evil
	}
	for n, evil := range hostile {
		c.marks[place{uint64(2*n + 1), 1}] = Mark{Conn: uint64(2*n + 1), Seq: 1, Label: evil, Note: evil}
	}
	info, err := terminfo.LookupTerminfo("xterm-256color")
	if err != nil {
		t.Fatal(err)
	}
	at := newTTY()
	to, err := tcell.NewTerminfoScreenFromTtyTerminfo(at, info)
	if err != nil {
		t.Fatal(err)
	}
	i := New(Options{Source: c, Actions: c, Keys: keys.Default(), Name: hostile[0], Notice: "hello", Zone: time.UTC, Screen: to})
	ended := make(chan error, 1)
	began := make(chan struct{})
	handled := 0 // keys, on the goroutine that draws
	i.began = func() {
		capture := i.app.GetInputCapture()
		i.app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
			handled++
			return capture(e)
		})
		close(began)
	}
	go func() { ended <- i.Run(t.Context()) }()
	<-began
	typed := 0
	wait := func(is func() bool, what string) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for still := true; still; {
			i.app.QueueUpdate(func() { still = !is() })
			if time.Now().After(deadline) {
				t.Fatal("the inspector never " + what)
			}
			if still {
				time.Sleep(time.Millisecond)
			}
		}
	}
	// press has each key drawn, and behind the last one what is read for it.
	press := func(all ...string) {
		t.Helper()
		for _, keys := range all {
			at.typed <- []byte(keys)
			typed += len(keys)
			wait(func() bool { return handled >= typed }, fmt.Sprintf("takes %q", keys))
		}
		wait(i.idle, fmt.Sprintf("rests after %q", all))
	}
	for range 2 * len(hostile) {
		press("j", "\t", "/e\r", "n", "\t")
	}
	for n := range hostile {
		press(fmt.Sprintf(":messages %d\r", 2*n+1), "g")
		press("e", "\x13")
		wait(func() bool { return i.root.top() == screen(i.root.composed) }, "composes a copy")
		press("\x1b", "v", "v", "v", "j")
		press("v", "j")
		press("j", "\t", "/e\r", "n", "\t")
		press("G")
		press("e", "\x1b", "1")
	}
	press("2", "\t")
	press("v", "1", "6")
	press("?", "\x1b", "7")
	for range hostile {
		press("j", " ")
		press("\r", "\x1b")
	}
	press(":diff 1 3\r", "n", "\r", "\t", "\t", "v", "\x1b", "n", "\r", "\x1b", "G", "n")
	press("i\t\r")
	press("ibad\r")
	press("x\x1b", "\x1b", "1", "gx\t\t\t\t", "\x1b")
	// The tap ends it with an error of its own.
	p.mu.Lock()
	p.err = errors.New(strings.Join(hostile, ""))
	p.mu.Unlock()
	press("3")
	for range hostile {
		press("e", "x", "\x1b", "v", "v", "v", "j")
	}
	press("g", "a", "d", "A", "Iconn\r")
	press("7", " ")
	i.app.QueueUpdate(i.quit)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	left := allowed.ReplaceAllString(at.written.String(), "")
	for _, r := range left {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r == '\u202e' {
			n := bytes.IndexRune([]byte(left), r)
			t.Fatalf("%q reached the terminal: %q", r, left[max(0, n-60):min(len(left), n+60)])
		}
	}
	if bytes.Contains(at.written.Bytes(), []byte("\x1b]8;")) || bytes.Contains(at.written.Bytes(), []byte("\x1b]52;")) {
		t.Error("a hyperlink or a clipboard sequence reached the terminal")
	}
}
