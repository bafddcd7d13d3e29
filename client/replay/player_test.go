package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/frame"
)

func echo(text string) []string { return []string{text} }

// Frames must go out as they were: mask keys, fragments, pings between them,
// reserved bits and lengths written longer than they need be.
func TestFramesAreSentAsTheyWere(t *testing.T) {
	c := newCapture("")
	c.client("hello")
	c.server("hello")
	c.add(frame.Client, frame.Header{Opcode: frame.Text}, "two ")
	c.add(frame.Client, frame.Header{Fin: true, Opcode: frame.Ping}, "still there")
	c.add(frame.Client, frame.Header{Fin: true, Extended: 8}, "parts")
	c.server("two parts")
	c.add(frame.Client, frame.Header{Fin: true, RSV: 5, Opcode: 11}, "odd")
	c.add(frame.Client, frame.Header{Fin: true, Opcode: frame.Binary}, "\x00\xff")
	c.close(frame.Client, 1000)
	c.close(frame.Server, 1000)
	var s stage
	s.answer(echo)
	v := s.play(t, c, replay.Options{})
	if !bytes.Equal(s.got, c.wire()) {
		t.Errorf("the server got\n%x, want\n%x", s.got, c.wire())
	}
	if !v.Passed() || v.Sent != 6 || v.Outcomes[replay.Same] != 3 {
		t.Errorf("verdict %+v", v)
	}
}

// What a capture holds compressed must reach a server without compression, and the
// reverse, and servers with another context.
func TestCompressionIsMadeAnew(t *testing.T) {
	deflate := frame.ParseExtensions("permessage-deflate")
	for name, e := range map[string]frame.Extensions{
		"none": {}, "same": deflate,
		"small and alone": frame.ParseExtensions("permessage-deflate; client_no_context_takeover; client_max_window_bits=9"),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCapture("permessage-deflate")
			var want []string
			for _, text := range []string{"again and again", "again and again and again", strings.Repeat("x", 5000)} {
				c.compressed(frame.Client, text)
				c.compressed(frame.Server, text)
				want = append(want, "text "+text)
			}
			c.client("plain")
			c.server("plain")
			want = append(want, "text plain")
			s := stage{extensions: e}
			s.answer(echo)
			if v := s.play(t, c, replay.Options{}); !v.Passed() {
				t.Errorf("verdict %+v", v)
			}
			if got := s.messages[:len(want)]; !slices.Equal(got, want) {
				t.Errorf("the server got %q", got)
			}
		})
	}
}

// Exactly what a changed server does otherwise must be reported.
func TestChangesAreReported(t *testing.T) {
	c := newCapture("")
	for _, name := range []string{"a", "b", "c", "d"} {
		c.client(`{"get":"` + name + `"}`)
		c.server(`{"type":"value","of":"` + name + `","price":100}`)
	}
	c.close(frame.Client, 1000)
	for _, test := range []struct {
		name   string
		answer func(string) []string
		want   []string
	}{
		{"other value", func(name string) []string {
			if name == "b" {
				return []string{`{"type":"value","of":"b","price":101}`}
			}
			return []string{`{"type":"value","of":"` + name + `","price":100}`}
		}, []string{`differs {"type":"value","of":"b","price":100} {"type":"value","of":"b","price":101} [changed $.price 100>101]`}},
		{"more members", func(name string) []string {
			if name == "c" {
				return []string{`{"type":"value","of":"c","price":100,"new":true}`}
			}
			return []string{`{"type":"value","of":"` + name + `","price":100}`}
		}, []string{`differs {"type":"value","of":"c","price":100} {"type":"value","of":"c","price":100,"new":true} [added $.new >true]`}},
		{"silence", func(name string) []string {
			if name == "b" {
				return nil
			}
			return []string{`{"type":"value","of":"` + name + `","price":100}`}
		}, []string{`missing {"type":"value","of":"b","price":100}`}},
		{"one more", func(name string) []string {
			answers := []string{`{"type":"value","of":"` + name + `","price":100}`}
			if name == "b" {
				return append(answers, `{"type":"news"}`)
			}
			return answers
		}, []string{`unexpected {"type":"news"}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s stage
			s.answer(func(text string) []string { return test.answer(strings.Split(text, `"`)[3]) })
			v := s.play(t, c, replay.Options{Rules: compare.Rules{Window: 8}})
			if v.Passed() || v.Sent != 5 {
				t.Errorf("verdict %+v", v)
			}
			s.events = slices.DeleteFunc(s.events, func(e string) bool { return strings.HasPrefix(e, "same") })
			s.happened(t, test.want...)
		})
	}
}

// A message of another order within the window is the same.
func TestOrderWithinTheWindow(t *testing.T) {
	c := newCapture("")
	c.client("go")
	c.server(`{"id":1}`)
	c.server(`{"id":2}`)
	c.server(`{"id":3}`)
	c.client("on")
	var s stage
	s.answer(func(text string) []string {
		if text == "go" {
			return []string{`{"id":3}`, `{"id":1}`, `{"id":2}`}
		}
		return nil
	})
	if v := s.play(t, c, replay.Options{Rules: compare.Rules{Window: 3}}); !v.Passed() {
		t.Errorf("verdict %+v: %q", v, s.events)
	}
}

// Values that the server gives anew must be those the client uses.
func TestValuesFlowOn(t *testing.T) {
	login := func() *capture {
		c := newCapture("")
		c.client("login")
		c.server(`{"session":"s-1111-old","count":7}`)
		c.client(`{"session":"s-1111-old","join":"s-1111-old/room"}`)
		c.server(`{"joined":"s-1111-old"}`)
		return c
	}
	answer := func(text string) []string {
		if text == "login" {
			return []string{`{"session":"s-2222-new","count":7}`}
		}
		if text == `{"session":"s-2222-new","join":"s-2222-new/room"}` {
			return []string{`{"joined":"s-2222-new"}`}
		}
		return []string{`{"error":"who?"}`}
	}
	first := `{"session":"s-1111-old","count":7} {"session":"s-2222-new","count":7}`
	t.Run("detected", func(t *testing.T) {
		var s stage
		s.answer(answer)
		s.play(t, login(), replay.Options{Detect: true})
		s.happened(t, "differs "+first+` [changed $.session "s-1111-old">"s-2222-new"]`,
			"used  s-1111-old>s-2222-new of 2 in 3", `same {"joined":"s-1111-old"} {"joined":"s-2222-new"}`)
	})
	path, err := replay.ParsePath("$.session")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]replay.Value{
		"path":    {Name: "s", Path: path},
		"pattern": {Name: "s", Pattern: regexp.MustCompile(`"session":"([^"]*)"`), Seq: 2},
	} {
		t.Run(name, func(t *testing.T) {
			var s stage
			s.answer(answer)
			s.play(t, login(), replay.Options{Values: []replay.Value{value}})
			s.happened(t, "same "+first, "used s s-1111-old>s-2222-new of 2 in 3", `same {"joined":"s-1111-old"} {"joined":"s-2222-new"}`)
		})
	}
	t.Run("template", func(t *testing.T) {
		c := newCapture("")
		c.client("login")
		c.server(`{"session":"s-1"}`)
		c.client("PLACE")
		var s stage
		s.answer(func(text string) []string {
			if text == "login" {
				return []string{`{"session":"s-2"}`}
			}
			return nil
		})
		s.play(t, c, replay.Options{
			Values: []replay.Value{{Name: "s", Path: path}}, Replace: []replay.Replacement{{Old: "PLACE", New: "in {{s}}"}},
		})
		if !slices.Contains(s.messages, "text in s-2") {
			t.Errorf("the server got %q", s.messages)
		}
	})
}

// A server that says goodbye early leaves messages unsent, and is told goodbye.
func TestServerClosesEarly(t *testing.T) {
	c := newCapture("")
	c.client("one")
	c.server("1")
	c.client("two")
	c.close(frame.Client, 1000)
	var s stage
	s.serve = func(conn *frame.Conn) {
		s.next(conn)
		_ = conn.Close(1011, "no more")
		s.next(conn)
	}
	v := s.play(t, c, replay.Options{})
	if v.Passed() || v.Skipped == 0 || v.Broken == "" {
		t.Errorf("verdict %+v", v)
	}
	if want := []string{"text one", "close \x03\xe8"}; !slices.Equal(s.messages, want) {
		t.Errorf("the server got %q", s.messages)
	}
}

// What the user dropped, edited or injected reached the server as it did; what the
// client itself sent is played when it is asked for.
func TestWhatIsPlayed(t *testing.T) {
	c := newCapture("")
	c.client("passed")
	c.origin = frame.Dropped
	c.client("original")
	c.origin = frame.Edited
	c.client("edited")
	c.origin = frame.Injected
	c.client("injected")
	c.server("not the server's")
	c.origin = frame.Observed
	for asSent, want := range map[bool][]string{
		false: {"text passed", "text edited", "text injected"},
		true:  {"text passed", "text original"},
	} {
		var s stage
		s.answer(func(string) []string { return nil })
		script, err := replay.NewScript(t.Context(), c.conn, c, asSent)
		if err != nil {
			t.Fatal(err)
		}
		v, err := replay.Play(t.Context(), script, replay.Options{Dial: s.dial(t), Pace: replay.Fastest})
		if err != nil || !v.Passed() {
			t.Errorf("verdict %+v, %v", v, err)
		}
		if got := s.messages[:len(s.messages)-1]; !slices.Equal(got, want) {
			t.Errorf("the server got %q, want %q", got, want)
		}
	}
}

// A server that is far ahead of the recorded pace must not be taken for another, nor
// one whose messages come in bulk hold up what is sent.
func TestServerIsAhead(t *testing.T) {
	const n = 6000
	c := newCapture("")
	c.client("go")
	for i := range n {
		c.server(fmt.Sprintf(`{"tick":%d}`, i))
	}
	c.client("thanks")
	var s stage
	s.answer(func(text string) (ticks []string) {
		if text == "go" {
			for i := range n {
				ticks = append(ticks, fmt.Sprintf(`{"tick":%d}`, i))
			}
		}
		return ticks
	})
	for _, pace := range []replay.Pace{replay.Reactive, replay.Recorded, replay.Fastest} {
		v := s.play(t, c, replay.Options{Pace: pace, Speed: 50, Timeout: 10 * time.Second, Rules: compare.Rules{Window: 4}})
		if !v.Passed() || v.Outcomes[replay.Same] != n || v.Sent != 2 {
			t.Errorf("%s: verdict %+v", pace, v)
		}
	}
}

// A message that is left out must not make those behind it wait or differ.
func TestMissingAmongMany(t *testing.T) {
	c := newCapture("")
	c.client("go")
	var ticks []string
	for i := range 40 {
		c.server(fmt.Sprintf(`{"tick":%d}`, i))
		if i != 7 {
			ticks = append(ticks, fmt.Sprintf(`{"tick":%d}`, i))
		}
	}
	c.client("thanks")
	var s stage
	s.answer(func(text string) []string {
		if text == "go" {
			return ticks
		}
		return nil
	})
	v := s.play(t, c, replay.Options{Rules: compare.Rules{Window: 4}})
	if v.Outcomes != [5]uint64{replay.Same: 39, replay.Missing: 1} || v.Sent != 2 {
		t.Errorf("verdict %+v\n%q", v, s.events)
	}
}

// A message that came before its turn must be the one it is when its turn comes, not
// that which is missing.
func TestEarlierThanTheWindow(t *testing.T) {
	c := newCapture("")
	c.client("go")
	for _, text := range []string{`{"a":1}`, `{"b":1}`, `{"c":1}`} {
		c.server(text)
	}
	c.client("thanks")
	var s stage
	s.answer(func(text string) []string {
		if text == "go" {
			return []string{`{"c":1}`, `{"a":1}`}
		}
		return nil
	})
	s.play(t, c, replay.Options{Rules: compare.Rules{Window: 2}})
	s.happened(t, `same {"a":1} {"a":1}`, `same {"c":1} {"c":1}`, `missing {"b":1}`)
}

// Answers belong to their requests by id, in whatever order they come.
func TestAnswersById(t *testing.T) {
	c := newCapture("")
	c.client("go")
	c.server(`{"id":1,"value":"one"}`)
	c.server(`{"id":2,"value":"two"}`)
	var s stage
	s.answer(func(string) []string { return []string{`{"id":2,"value":"2"}`, `{"id":1,"value":"one"}`} })
	s.play(t, c, replay.Options{Rules: compare.Rules{Window: 8}})
	s.happened(t, `differs {"id":2,"value":"two"} {"id":2,"value":"2"} [changed $.value "two">"2"]`,
		`same {"id":1,"value":"one"} {"id":1,"value":"one"}`)
}

// What cannot be sent is told, and what follows is sent.
func TestWhatWasNotKept(t *testing.T) {
	c := newCapture("")
	c.client("one")
	c.client("")
	lost := &c.records[1]
	lost.Header.Length, lost.Incomplete = 3, frame.Shed
	c.client("three")
	var s stage
	s.answer(func(string) []string { return nil })
	v := s.play(t, c, replay.Options{})
	if v.Passed() || v.Sent != 2 || v.Skipped != 1 || v.Broken != "" {
		t.Errorf("verdict %+v", v)
	}
	if got := s.messages[:2]; !slices.Equal(got, []string{"text one", "text three"}) {
		t.Errorf("the server got %q", got)
	}
	s.happened(t, "skipped : its payload was not kept")
}

// A message that the server sends by itself a while later is not missing before.
func TestPushesAreWaitedFor(t *testing.T) {
	c := newCapture("")
	c.client("go")
	c.server("soon")
	c.at += 400 * time.Millisecond
	c.server("later")
	c.client("thanks")
	var s stage
	s.serve = func(conn *frame.Conn) {
		s.next(conn)
		for text, wait := range map[string]time.Duration{"soon": 0, "later": 300 * time.Millisecond} {
			time.AfterFunc(wait, func() { _ = conn.Send(frame.Draft{Type: frame.Text, Payload: []byte(text)}, false) })
		}
		s.next(conn)
		s.next(conn)
	}
	if v := s.play(t, c, replay.Options{Timeout: 200 * time.Millisecond}); !v.Passed() {
		t.Errorf("verdict %+v", v)
	}
}

// An answer that takes longer than it was recorded to take is late.
func TestLate(t *testing.T) {
	c := newCapture("")
	c.client("go")
	c.server("gone")
	var s stage
	s.answer(func(string) []string {
		time.Sleep(60 * time.Millisecond) // the server takes its time
		return []string{"gone"}
	})
	v := s.play(t, c, replay.Options{Late: 50 * time.Millisecond, Timeout: 10 * time.Second})
	if v.Passed() || v.Outcomes[replay.Late] != 1 {
		t.Errorf("verdict %+v", v)
	}
}

// A conversation too large to be held must be played as well, from its source.
func TestLongConversation(t *testing.T) {
	c := newCapture("permessage-deflate")
	big := strings.Repeat("all work and no play ", 400_000) // 8 MB
	for range 9 {
		c.compressed(frame.Client, big)
		c.server("ok")
	}
	s := stage{extensions: frame.ParseExtensions("permessage-deflate")}
	s.answer(func(text string) []string {
		if text != big {
			return []string{"what?"}
		}
		return []string{"ok"}
	})
	if v := s.play(t, c, replay.Options{Timeout: 20 * time.Second}); !v.Passed() || v.Sent != 9 {
		t.Errorf("verdict %+v", v)
	}
}

// A context that ends must end a replay at once, whatever it waits for.
func TestReplayIsEnded(t *testing.T) {
	c := newCapture("")
	c.client("go")
	c.server("never")
	c.client("on")
	for _, pace := range []replay.Pace{replay.Reactive, replay.Recorded, replay.Fastest, replay.Stepwise} {
		ctx, cancel := context.WithCancel(t.Context())
		var s stage
		s.serve = func(conn *frame.Conn) {
			s.next(conn)
			cancel()
			s.next(conn)
		}
		step := make(chan struct{}, 1)
		step <- struct{}{}
		script, err := replay.NewScript(t.Context(), c.conn, c, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Play(ctx, script, replay.Options{Dial: s.dial(t), Pace: pace, Speed: 1e-3, Step: step}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", pace, err)
		}
	}
}

// A connection must end as its client ended it: with a FIN, or a reset, after part
// of a frame too.
func TestEnds(t *testing.T) {
	for how, want := range map[frame.How]error{frame.ByFIN: io.EOF, frame.ByReset: syscall.ECONNRESET} {
		c := newCapture("")
		c.client("hello")
		c.server("hello")
		c.add(frame.Client, frame.Header{Fin: true, Opcode: frame.Text}, "par")
		last := &c.records[2]
		last.Header.Length, last.Incomplete = 7, frame.Cut
		c.conn.EndedBy, c.conn.How = frame.ByClient, how
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			there, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			server := frame.NewConn(there, nil, frame.Server, frame.Extensions{})
			defer server.Hangup()
			for {
				m, err := server.Next()
				if err != nil {
					ended <- err
					return
				}
				if m.Incomplete == frame.Whole {
					_ = server.Send(frame.Draft{Type: m.Type, Payload: m.Payload}, false)
				} else if string(m.Payload) != "par" && how == frame.ByFIN {
					t.Errorf("part of a frame came as %q", m.Payload)
				}
			}
		}()
		script, err := replay.NewScript(t.Context(), c.conn, c, false)
		if err != nil {
			t.Fatal(err)
		}
		v, err := replay.Play(t.Context(), script, replay.Options{Dial: func(context.Context) (*frame.Conn, *frame.Connection, error) {
			here, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return nil, nil, err
			}
			return frame.NewConn(here, nil, frame.Client, frame.Extensions{}), &frame.Connection{State: frame.Open}, nil
		}})
		if err != nil || !v.Passed() {
			t.Errorf("%s: %+v, %v", how, v, err)
		}
		if err := <-ended; !errors.Is(err, want) && !(runtime.GOOS == "windows" && how == frame.ByReset && err != io.EOF) {
			t.Errorf("%s: the server saw %v", how, err)
		}
		listener.Close()
	}
}

// What no peer sends must not break a replay.
func FuzzScript(f *testing.F) {
	f.Add([]byte{0x81, 1, 'a', 0x01, 1, 'b', 0x89, 0, 0x80, 1, 'c', 0x88, 2, 3, 0xe8}, uint16(7))
	f.Add([]byte{0xc1, 3, 1, 2, 3, 0x80, 0x7f, 0xff, 0xff}, uint16(0xffff))
	f.Fuzz(func(t *testing.T, wire []byte, sides uint16) {
		c := newCapture("permessage-deflate")
		var cutter frame.Cutter
		for i := 0; len(wire) > 0; i++ {
			piece, n, ok := cutter.Next(wire)
			wire = wire[n:]
			if !ok {
				continue
			}
			from := frame.Side(sides >> (i % 16) & 1)
			if piece.Opaque {
				c.add(from, frame.Header{}, string(piece.Data))
				c.records[len(c.records)-1].Opaque = true
				continue
			}
			c.add(from, piece.Header, string(piece.Data))
			if r := &c.records[len(c.records)-1]; r.Stored < piece.Header.Length {
				r.Header.Length, r.Incomplete = piece.Header.Length, frame.Cut
			}
		}
		var s stage
		s.serve = func(conn *frame.Conn) {
			for m, ok := s.next(conn); ok && m.Type != frame.Close; m, ok = s.next(conn) {
			}
		}
		script, err := replay.NewScript(t.Context(), c.conn, c, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Play(t.Context(), script, replay.Options{Dial: s.dial(t), Pace: replay.Fastest, Timeout: 5 * time.Millisecond, Detect: true}); err != nil {
			t.Fatal(err)
		}
	})
}
