package recorded_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
)

// strip is a Tape that keeps what it is given.
type strip struct {
	lock  sync.Mutex
	lines []string
	done  chan struct{}
}

func (s *strip) add(format string, a ...any) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, a...))
}

func (s *strip) Append(from frame.Side, _ time.Time, wire []byte) {
	s.add("%s sent %d bytes", from, len(wire))
}
func (s *strip) Insert(p frame.Passage, wire []byte) { s.add("%s %s %q", p.From, p.Origin, wire[2:]) }
func (s *strip) Close(end frame.End) {
	s.add("ended by %s, %s", end.EndedBy, end.How)
	close(s.done)
}

// It catches what passed and is not recorded, or as another's.
func TestWhatPassesIsRecorded(t *testing.T) {
	k := newTalk(7, "ws://a.example/").server(0, "hello").client(1, "go").server(2, "gone")
	k.close(3, 1000, "")
	s := &strip{done: make(chan struct{})}
	var facts frame.Connection
	g := serve(t, recorded.Options{Pace: recorded.Fastest, Record: func(c *frame.Connection) (recorded.Tape, error) {
		facts = *c
		return s, nil
	}}, k)
	c := g.gorilla("/", plain)
	want(t, c, "hello")
	say(t, c, "go")
	want(t, c, "gone")
	if _, _, err := c.ReadMessage(); err == nil {
		t.Fatal("the connection did not end")
	}
	<-s.done
	const recordedLines = `server replayed "hello"; client sent 8 bytes; server replayed "gone"; server replayed "\x03\xe8"; client sent 8 bytes; ended by server, close`
	if got := strings.Join(s.lines, "; "); got != recordedLines {
		t.Errorf("recorded %s\nwant     %s", got, recordedLines)
	}
	if facts.Source != 7 || facts.URL != "ws://"+g.address+"/" || facts.Status != 101 || len(facts.Request) == 0 {
		t.Errorf("recorded as %+v", facts)
	}
}

// It catches messages that come earlier or later than the pace says.
func TestPaces(t *testing.T) {
	for _, c := range []struct {
		options recorded.Options
		want    string
	}{
		{recorded.Options{}, "1s a; 12s b; 15s c; 20s d"},
		{recorded.Options{Speed: 2}, "500ms a; 11s b; 12.5s c; 20s d"},
		{recorded.Options{Pace: recorded.Fastest}, "0s a; 10s b; 10s c; 16s d"},
		{recorded.Options{Pace: recorded.Recorded}, "1s a; 4s b; 7s c; 1m8s d"},
		{recorded.Options{Pace: recorded.Recorded, Speed: 2}, "500ms a; 2s b; 3.5s c; 34s d"},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newTalk(1, "ws://a.example/").
				server(1000, "a").client(2000, "one").server(4000, "b").server(7000, "c").
				client(8000, "two").server(68_000, "d").client(68_000, "three")
			c.options.Conversations = []recorded.Conversation{k.conversation()}
			end, done := pair(t, c.options, 1<<20)
			began := time.Now()
			var lines []string
			heard := make(chan struct{})
			go func() {
				defer close(heard)
				for {
					m, err := end.Next()
					if err != nil {
						return
					}
					lines = append(lines, fmt.Sprintf("%v %s", time.Since(began), m.Payload))
				}
			}()
			for _, text := range []struct {
				at   time.Duration
				text string
			}{{10, "one"}, {16, "two"}, {20, "three"}} {
				time.Sleep(time.Until(began.Add(text.at * time.Second)))
				if err := end.Send(frame.Draft{Type: frame.Text, Payload: []byte(text.text)}, false); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(2 * time.Minute)
			_ = end.Hangup()
			<-heard
			done()
			if got := strings.Join(lines, "; "); got != c.want {
				t.Errorf("%s at speed %v: got %s, want %s", c.options.Pace, c.options.Speed, got, c.want)
			}
		})
	}
}

// pair returns the client's end of a connection that is served in memory, and what
// waits for the server's.
func pair(t *testing.T, o recorded.Options, hold int) (end *frame.Conn, done func()) {
	a, b := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- recorded.Converse(t.Context(), o, b, hold) }()
	return frame.NewConn(a, nil, frame.Client, frame.Extensions{}), func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

// It catches payloads that are not held and not read again, or in another order.
func TestPayloadsAreReadAgain(t *testing.T) {
	k := newTalk(1, "ws://a.example/").server(1, "one").client(2, "go").server(3, "two").server(4, "three").client(5, "on").server(6, "four")
	opened := 0
	o := recorded.Options{Pace: recorded.Fastest, Conversations: []recorded.Conversation{{
		Connection: k.connection, Source: counted{k, &opened},
	}}}
	end, done := pair(t, o, 4)
	_ = end.SetReadDeadline(time.Now().Add(20 * time.Second))
	hear := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if m, err := end.Next(); err != nil || string(m.Payload) != text {
				t.Fatalf("got %q, %v; want %q", m.Payload, err, text)
			}
		}
	}
	for _, step := range []struct {
		say  string
		hear []string
	}{{"", []string{"one"}}, {"go", []string{"two", "three"}}, {"on", []string{"four"}}, {"go", []string{"two"}}} {
		if step.say != "" {
			if err := end.Send(frame.Draft{Type: frame.Text, Payload: []byte(step.say)}, false); err != nil {
				t.Fatal(err)
			}
		}
		hear(step.hear...)
	}
	_ = end.Hangup()
	done()
	if opened != 3 {
		t.Errorf("the source was opened %d times, not 3", opened)
	}
}

// counted counts how often a source is opened.
type counted struct {
	*talk
	opened *int
}

func (c counted) Open(ctx context.Context) (recorded.Records, error) {
	*c.opened++
	return c.talk.Open(ctx)
}
