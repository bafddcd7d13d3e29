//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
)

var invitation = regexp.MustCompile(`point an app at the proxy http://(\S+)`)

// alone starts wsluice without a command on a terminal, where it records and shows
// what it records.
func alone(t testing.TB, flags ...string) (*terminal, *sluice) {
	t.Helper()
	s := &sluice{home: t.TempDir()}
	s.capture = filepath.Join(s.home, "capture.db")
	p := onTerminal(t, s.env(), append([]string{"--listen", "127.0.0.1:0"}, flags...)...)
	p.until(t, "address of the proxy", func(shown *screen) bool {
		found := invitation.FindStringSubmatch(shown.text())
		if found != nil {
			s.addr = found[1]
		}
		return found != nil
	})
	return p, s
}

// inspect starts wsluice inspect on a terminal.
func (s *sluice) inspect(t testing.TB, flags ...string) *terminal {
	t.Helper()
	return onTerminal(t, s.env(), append([]string{"inspect", s.capture}, flags...)...)
}

// echoed is a connection through a proxy to a server that sends all back.
type echoed struct{ *websocket.Conn }

func (s *sluice) dial(t testing.TB, srv *server, way, name string) echoed {
	t.Helper()
	dialer := door{proxy: s.url(), authority: s.authority()}.dialer(t)
	ws, _, err := dialer.Dial(address(srv.base[way], name, echo()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return echoed{ws}
}

// say sends texts and takes each back.
func (e echoed) say(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := e.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatalf("send %q: %v", text, err)
		}
		if _, back, err := e.ReadMessage(); err != nil || string(back) != text {
			t.Fatalf("sent %q, got back %q, %v", text, back, err)
		}
	}
}

// TestInspectorAlone would catch messages that are recorded and not shown, and an
// inspector that ends a recording without a question, or not whole.
func TestInspectorAlone(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	p, s := alone(t, "--upstream-ca", pki.file)
	ws := s.dial(t, srv, "wss/fresh", "alone")
	ws.say(t, "the first words")
	p.see(t, "wss://localhost", "alone", "1 open")
	p.press(t, "<enter>")
	p.see(t, "the first words", "FOLLOW", "messages 2")
	ws.say(t, "more of them", "and more")
	p.see(t, "messages 6", "and more")

	streams, done := traffic(t, s, pki, 4)
	p.press(t, "q")
	p.see(t, "5 open")
	p.until(t, "rate of the traffic", func(shown *screen) bool { return busy.MatchString(shown.text()) })
	p.press(t, "q")
	p.see(t, "5 connections will end with the recording. Quit? y/n")
	p.press(t, "n")
	p.until(t, "way back", func(shown *screen) bool { return !strings.Contains(shown.text(), "Quit?") })
	ws.say(t, "still here")
	p.press(t, "q")
	p.see(t, "Quit? y/n")
	p.press(t, "y")
	p.leaves(t, 0, "wsluice: recorded ", " frames into "+s.capture)
	done.Wait()
	s.verify(t)
	for i, one := range streams {
		one.compare(t, s, s.conn(t, fmt.Sprint("s", i)), one.done.Load())
	}
	conn := s.conn(t, "alone")
	if conn.EndedBy != "proxy" || conn.How != "shutdown" || conn.Messages != (sides{4, 4}) {
		t.Errorf("ended by %q, how %q, messages %v; want proxy, shutdown, 4 of each side", conn.EndedBy, conn.How, conn.Messages)
	}
}

// busy finds a rate in the bar that is not 0.
var busy = regexp.MustCompile(` [1-9][0-9.,]*[kM]?/s`)

// TestInspectorFollowsRecorders would catch an inspector that does not show what is
// recorded meanwhile, that a recorder's death ends, that does not find the next
// recorder, or that takes a recorder with it when it ends.
func TestInspectorFollowsRecorders(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	ws := s.dial(t, srv, "wss/fresh", "killed")
	ws.say(t, "before")
	p := s.inspect(t)
	p.see(t, "killed", "● REC")
	p.press(t, "<enter>")
	p.see(t, "messages 2", "before")
	ws.say(t, "while it looks")
	p.see(t, "messages 4", "while it looks")
	s.signal(t, syscall.SIGKILL)
	s.wait(t)
	p.see(t, "at rest", "while it looks")
	p.press(t, "q")
	p.see(t, "killed")

	again := recordIn(t, s.home, "--upstream-ca", pki.file)
	next := again.dial(t, srv, "ws/off", "again")
	next.say(t, "of the next recorder")
	p.see(t, "again", "● REC")
	p.press(t, "G", "<enter>")
	p.see(t, "messages")
	p.press(t, "2")
	p.see(t, "of the next recorder", "while it looks")
	next.say(t, "and on it goes")
	p.see(t, "and on it goes")
	p.press(t, "q", "q")
	p.leaves(t, 0)
	next.say(t, "after it has gone")
	again.stop(t)
	if got := again.conn(t, "again").Messages; got != (sides{3, 3}) {
		t.Errorf("messages %v, want 3 of each side", got)
	}
}

// TestInspectorAttaches would catch a wsluice that does not look at the recording
// there is, does not say so, or ends it.
func TestInspectorAttaches(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	ws := s.dial(t, srv, "wss/off", "attached")
	p := onTerminal(t, s.env())
	p.see(t, "the wsluice on "+s.addr+" records this capture already; this only shows it", "attached")
	ws.say(t, "seen by both")
	p.press(t, "<enter>")
	p.see(t, "seen by both")
	p.press(t, "q", "q")
	p.leaves(t, 0)
	ws.say(t, "seen by one")
	s.stop(t)
	if got := s.conn(t, "attached").Messages; got != (sides{2, 2}) {
		t.Errorf("messages %v, want 2 of each side", got)
	}
}

// TestInspectorSizes would catch a change of the terminal's size that loses the
// selection or breaks the screen.
func TestInspectorSizes(t *testing.T) {
	pki := newAuthority(t)
	srv := gorillaServer(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	ws := s.dial(t, srv, "ws/off", "sizes")
	for i := range 100 {
		ws.say(t, fmt.Sprint("message ", i))
	}
	ws.Close()
	s.stop(t)
	p := s.inspect(t, "--theme", "mono")
	p.see(t, "sizes")
	p.press(t, "<enter>")
	p.see(t, "messages 200", "message 99")
	p.press(t, ":")
	p.see(t, "enter:")
	p.press(t, "121", "<enter>")
	p.see(t, "#121 →")
	selected := func(shown *screen) bool {
		rows := shown.reversed()
		return len(rows) == 1 && strings.HasPrefix(rows[0], "121 ")
	}
	for _, size := range [][2]int{{200, 60}, {80, 24}, {60, 16}, {40, 10}, {20, 5}, {40, 10}, {60, 16}, {80, 24}, {200, 60}, {100, 30}} {
		p.size(t, size[0], size[1])
		if size[0] < 40 {
			p.see(t, "too small")
			continue
		}
		p.until(t, fmt.Sprintf("message 121 selected at %v", size), selected)
	}
	p.press(t, "q", "q")
	p.leaves(t, 0)
}
