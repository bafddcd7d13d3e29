package frame_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// However a connection ends, both see who ended it and how.
func TestConnEnd(t *testing.T) {
	read := func(c *frame.Conn) {
		for {
			if _, err := c.Next(); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		end          func(client, server *frame.Conn)
		near, far    frame.Party
		nearly, seen frame.How
	}{
		"nothing": {func(_, _ *frame.Conn) {}, "", "", "", ""},
		"hangup": {func(client, server *frame.Conn) {
			_ = client.Hangup()
			read(server)
		}, frame.ByClient, frame.ByClient, frame.ByFIN, frame.ByFIN},
		"abort": {func(client, server *frame.Conn) {
			_ = server.Abort()
			read(client)
		}, frame.ByServer, frame.ByServer, frame.ByReset, frame.ByReset},
		"half close": {func(client, server *frame.Conn) {
			_ = client.CloseWrite()
			read(server)
			_ = server.Hangup()
			read(client)
		}, frame.ByClient, frame.ByClient, frame.ByFIN, frame.ByFIN},
		"close frames": {func(client, server *frame.Conn) {
			server.AutoClose = true
			_ = client.Close(1000, "")
			_, _ = server.Next()
			_ = server.Hangup()
			read(client)
			_ = client.Abort()
		}, frame.ByClient, frame.ByClient, frame.ByClose, frame.ByClose},
		"one close frame": {func(client, server *frame.Conn) {
			_ = server.Close(1001, "")
			_, _ = client.Next()
			_ = client.Hangup()
			read(server)
		}, frame.ByServer, frame.ByServer, frame.ByClose, frame.ByClose},
		"close frame only": {func(client, server *frame.Conn) {
			_ = server.Close(1001, "")
			_, _ = client.Next()
		}, "", "", "", ""},
		"closed while reading": {func(client, server *frame.Conn) {
			done := make(chan struct{})
			go func() {
				read(client)
				close(done)
			}()
			_ = client.Hangup()
			<-done
			read(server)
		}, frame.ByClient, frame.ByClient, frame.ByFIN, frame.ByFIN},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := pair(t)
			client, server := frame.NewConn(near, nil, frame.Client, frame.Extensions{}), frame.NewConn(far, nil, frame.Server, frame.Extensions{})
			c.end(client, server)
			for _, got := range []struct {
				end frame.End
				by  frame.Party
				how frame.How
			}{{client.End(), c.near, c.nearly}, {server.End(), c.far, c.seen}} {
				if got.end.EndedBy != got.by || got.end.How != got.how || got.end.Error != "" || got.end.Time.IsZero() != (got.how == "") {
					t.Errorf("ended by %q with %q, %q at %v; want %q with %q", got.end.EndedBy, got.end.How, got.end.Error, got.end.Time, got.by, got.how)
				}
			}
			_, _ = client.Abort(), server.Abort()
		})
	}
}

// Both ways to end can be taken twice and after each other.
func TestConnEndsTwice(t *testing.T) {
	near, _ := pair(t)
	c := frame.NewConn(near, nil, frame.Client, frame.Extensions{})
	for i, err := range []error{c.Hangup(), c.Hangup(), c.Abort(), c.Abort(), c.Hangup()} {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if err := c.Close(1000, ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("sent after that: %v", err)
	}
	if _, err := c.Next(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after that: %v", err)
	}
}

// A close frame is answered with its code, by one that the side may send, and
// once; a peer that got an answer already gets no other.
func TestConnAutoClose(t *testing.T) {
	for name, c := range map[string]struct {
		as   frame.Side
		came string
		want string
	}{
		"code":           {frame.Server, "\x88\x82\x00\x00\x00\x00\x03\xe9", "\x88\x02\x03\xe9"},
		"reason":         {frame.Server, "\x88\x85\x00\x00\x00\x00\x0f\xa0bye", "\x88\x02\x0f\xa0"},
		"empty":          {frame.Server, "\x88\x80\x00\x00\x00\x00", "\x88\x00"},
		"one byte":       {frame.Server, "\x88\x81\x00\x00\x00\x00\x03", "\x88\x02\x03\xea"},
		"illegal code":   {frame.Server, "\x88\x82\x00\x00\x00\x00\x03\xed", "\x88\x02\x03\xea"},
		"illegal reason": {frame.Server, "\x88\x83\x00\x00\x00\x00\x03\xe8\xff", "\x88\x02\x03\xea"},
		"client's code":  {frame.Server, "\x88\x82\x00\x00\x00\x00\x03\xf2", "\x88\x02\x03\xe8"},
		"too long":       {frame.Server, "\x88\xfe\x00\x80\x00\x00\x00\x00" + "\x03\xe8" + strings.Repeat("x", 126), "\x88\x02\x03\xea"},
		"twice":          {frame.Server, "\x88\x80\x00\x00\x00\x00\x88\x80\x00\x00\x00\x00", "\x88\x00"},
		"cut":            {frame.Server, "\x88\x82\x00\x00\x00\x00\x03", ""},
	} {
		s := new(silence)
		conn := frame.NewConn(s, strings.NewReader(c.came), c.as, frame.Extensions{})
		conn.AutoClose = true
		messages(t, conn)
		if got := s.written.String(); got != c.want {
			t.Errorf("%s: answered %q, not %q", name, got, c.want)
		}
	}
	for name, before := range map[string]func(*frame.Conn) error{
		"own close frame": func(c *frame.Conn) error { return c.Close(1001, "") },
		"half a frame":    func(c *frame.Conn) error { return c.Write([]byte("\x81\x05hel")) },
	} {
		s := new(silence)
		conn := frame.NewConn(s, strings.NewReader("\x88\x80\x00\x00\x00\x00"), frame.Server, frame.Extensions{})
		conn.AutoClose = true
		if err := before(conn); err != nil {
			t.Fatal(err)
		}
		n := s.written.Len()
		messages(t, conn)
		if s.written.Len() > n {
			t.Errorf("behind %s: answered %q", name, s.written.Bytes()[n:])
		}
	}
}

// By itself a Conn answers nothing.
func TestConnAnswersNothingUnasked(t *testing.T) {
	s := new(silence)
	c := frame.NewConn(s, strings.NewReader("\x89\x00\x88\x00"), frame.Client, frame.Extensions{})
	messages(t, c)
	_ = c.Hangup()
	if s.written.Len() > 0 {
		t.Errorf("answered %q", s.written.String())
	}
}

// A ping is answered, also while its sender reads nothing: then with the latest
// one. What it sends in the meantime is read.
func TestConnAutoPong(t *testing.T) {
	near, far := net.Pipe() // which holds nothing
	c := frame.NewConn(near, nil, frame.Server, frame.Extensions{})
	c.AutoPong = true
	peer := frame.NewConn(far, nil, frame.Client, frame.Extensions{})
	for _, p := range []string{"1", "2", "", "3"} {
		read := make(chan frame.Message)
		go func() {
			m, _ := c.Next()
			read <- m
		}()
		if err := peer.Send(frame.Draft{Type: frame.Ping, Payload: []byte(p)}, false); err != nil {
			t.Fatal(err)
		}
		if m := <-read; m.Type != frame.Ping || string(m.Payload) != p {
			t.Fatalf("read %s %q", m.Type, m.Payload)
		}
	}
	var got []string
	for len(got) == 0 || got[len(got)-1] != "3" {
		m, err := peer.Next()
		if err != nil || m.Type != frame.Pong || m.Violation != frame.Legal {
			t.Fatalf("%s, %s, %v", m.Type, m.Violation, err)
		}
		got = append(got, string(m.Payload))
	}
	if len(got) > 2 {
		t.Errorf("answered %q", got)
	}
	_, _ = c.Hangup(), peer.Hangup()
}

// Who hangs up does not wait for a peer that reads nothing, but for what is still
// at work.
func TestConnHangupWhileAnswering(t *testing.T) {
	for _, end := range []func(*frame.Conn) error{(*frame.Conn).Hangup, (*frame.Conn).Abort} {
		near, far := net.Pipe()
		c := frame.NewConn(near, strings.NewReader("\x89\x00"), frame.Client, frame.Extensions{})
		c.AutoPong = true
		answering, release := make(chan struct{}), make(chan struct{})
		var answered atomic.Bool
		c.OnWire = func(from frame.Side, _ time.Time, _ []byte) {
			if from == frame.Client {
				close(answering)
				<-release
				answered.Store(true)
			}
		}
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		<-answering
		go func() {
			if _, err := far.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the peer reads %v", err)
			}
			close(release)
		}()
		if err := end(c); err != nil {
			t.Error(err)
		}
		if !answered.Load() {
			t.Error("did not wait")
		}
	}
}
