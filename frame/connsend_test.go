package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// sending returns a Conn of a side and what has been written by it.
func sending(as frame.Side, e frame.Extensions) (*frame.Conn, *bytes.Buffer) {
	s := new(silence)
	return frame.NewConn(s, nil, as, e), &s.written
}

// listening returns a Conn that reads what was written by the peer of as.
func listening(written *bytes.Buffer, as frame.Side, e frame.Extensions) *frame.Conn {
	return frame.NewConn(new(silence), bytes.NewReader(written.Bytes()), as, e)
}

// Whatever was negotiated, and whichever messages are compressed, the peer reads
// what was sent, and no reference goes further back than the window allows.
func TestConnSendsCompressed(t *testing.T) {
	for _, as := range []frame.Side{frame.Client, frame.Server} {
		for _, alone := range []bool{false, true} {
			for bits := uint8(8); bits <= 15; bits++ {
				t.Run(fmt.Sprintf("%s,alone=%v,bits=%d", as, alone, bits), func(t *testing.T) {
					e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
					e.WindowBits[as], e.NoContextTakeover[as] = bits, alone
					c, written := sending(as, e)
					texts := chatter(uint64(bits), 24)
					for i, p := range texts {
						d := frame.Draft{Type: frame.Text, Payload: p, Fragments: 1 + i%3}
						if err := c.Send(d, i%4 != 3); err != nil {
							t.Fatal(err)
						}
					}
					checkWindow(t, listening(written, as.Peer(), e), 1<<bits, alone)
					peer := listening(written, as.Peer(), e)
					for i, p := range texts {
						m, err := peer.Next()
						if err != nil || !bytes.Equal(m.Payload, p) || m.Error != "" || m.Violation != frame.Legal || m.Compressed != (i%4 != 3) || m.Frames != 1+i%3 {
							t.Fatalf("message %d of %d bytes: %d bytes in %d frames, compressed %v, %s%s, %v", i, len(p), len(m.Payload), m.Frames, m.Compressed, m.Error, m.Violation, err)
						}
					}
				})
			}
		}
	}
}

// checkWindow fails when a compressed message refers to more than size bytes
// before it, or alone to another message.
func checkWindow(t *testing.T, c *frame.Conn, size int, alone bool) {
	t.Helper()
	window := windowed{size: size}
	var payload []byte
	compressed := false
	for {
		r, err := c.NextFrame()
		if err != nil {
			return
		}
		if r.Type() == frame.Text {
			payload, compressed = nil, r.Header.RSV == frame.RSV1
		}
		if payload = append(payload, r.Payload...); !r.Header.Fin || !compressed {
			continue
		}
		if alone {
			window.out = nil
		}
		if err := window.inflate(append(payload, 0, 0, 0xFF, 0xFF)); err != nil {
			t.Fatalf("frame %d: %v", r.Seq, err)
		}
	}
}

// A message compressed elsewhere enters the peer's window, so what is compressed
// next must not refer to what was there before.
func TestConnSendsBehindForeignCompression(t *testing.T) {
	e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
	foreign := newSender(true).message([]byte("something of another length, sent by nobody we know"))
	deflated := frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Text}
	for name, send := range map[string]func(*frame.Conn) error{
		"frame":          func(c *frame.Conn) error { return c.Write(wire(deflated, string(foreign))) },
		"behind another": func(c *frame.Conn) error { return c.Write(append(wire(ping, "p"), wire(deflated, string(foreign))...)) },
		"in pieces": func(c *frame.Conn) error {
			w := wire(deflated, string(foreign))
			return errors.Join(c.Write(w[:1]), c.Write(w[1:]))
		},
		"draft of rsv": func(c *frame.Conn) error {
			return c.Send(frame.Draft{Type: frame.Text, Payload: foreign, Header: "rsv=4"}, false)
		},
		"draft without rsv": func(c *frame.Conn) error {
			return c.Send(frame.Draft{Type: frame.Binary, Payload: chatter(0, 12)[4], Header: "rsv=0"}, true)
		},
		"failed draft": func(c *frame.Conn) error {
			_ = c.Send(frame.Draft{Type: frame.Text, Payload: chatter(0, 12)[4], Header: "rsv=9"}, true)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, written := sending(frame.Server, e)
			// Which is compressed by references to the same before.
			say := frame.Draft{Type: frame.Text, Payload: chatter(1, 12)[10]}
			for range 2 {
				if err := c.Send(say, true); err != nil {
					t.Fatal(err)
				}
				at := written.Len()
				if err := c.Send(say, true); err != nil {
					t.Fatal(err)
				}
				if n := written.Len() - at; n > len(say.Payload)/10 {
					t.Fatalf("%d bytes: no reference was made, the test proves nothing", n)
				}
				if err := send(c); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Send(say, true); err != nil {
				t.Fatal(err)
			}
			peer := listening(written, frame.Client, e)
			said := 0
			for {
				m, err := peer.Next()
				if err != nil {
					break
				}
				if m.Error != "" {
					t.Errorf("message %d: %s", m.Seq, m.Error)
				}
				if m.Type == frame.Text && m.Compressed && string(m.Payload) == string(say.Payload) {
					said++
				}
			}
			if said != 5 {
				t.Errorf("%d of 5 messages came through", said)
			}
		})
	}
}

// What a draft says about its header goes on the wire as it says.
func TestConnSendsAnyHeader(t *testing.T) {
	e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
	for name, c := range map[string]struct {
		as       frame.Side
		draft    frame.Draft
		compress bool
		want     frame.Header
	}{
		"client":            {frame.Client, frame.Draft{Type: frame.Text, Payload: []byte("a"), Header: "mask=01020304"}, false, frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: 1}},
		"server":            {frame.Server, frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("a")}, false, frame.Header{Fin: true, Opcode: frame.Text, Length: 1}},
		"compressed":        {frame.Server, frame.Draft{Type: frame.Text}, true, frame.Header{Fin: true, RSV: frame.RSV1, Opcode: frame.Text, Length: 1}},
		"ping not":          {frame.Server, frame.Draft{Type: frame.Ping}, true, frame.Header{Fin: true, Opcode: frame.Ping}},
		"unmasked client":   {frame.Client, frame.Draft{Type: frame.Text, Header: "masked=0"}, false, frame.Header{Fin: true, Opcode: frame.Text}},
		"masked server":     {frame.Server, frame.Draft{Type: frame.Text, Header: "mask=00000001"}, false, frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Mask: [4]byte{0, 0, 0, 1}}},
		"bits":              {frame.Server, frame.Draft{Type: frame.Text, Header: "rsv=3,fin=0,opcode=12,extended=8"}, false, frame.Header{RSV: 3, Opcode: 12, Extended: 8}},
		"compressed, rsv":   {frame.Server, frame.Draft{Type: frame.Text, Header: "rsv=3"}, true, frame.Header{Fin: true, RSV: 3, Opcode: frame.Text, Length: 1}},
		"compressed, unfin": {frame.Server, frame.Draft{Type: frame.Text, Header: "fin=0"}, true, frame.Header{RSV: frame.RSV1, Opcode: frame.Text, Length: 1}},
	} {
		conn, written := sending(c.as, e)
		if err := conn.Send(c.draft, c.compress); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if h, _ := frame.Parse(written.Bytes()); h != c.want {
			t.Errorf("%s: %+v, not %+v", name, h, c.want)
		}
	}
}

// Without the extension, or without the wish, nothing is compressed.
func TestConnSendsPlainWithoutExtension(t *testing.T) {
	c, written := sending(frame.Server, frame.Extensions{})
	if err := c.Send(frame.Draft{Type: frame.Text, Payload: []byte("aaaa")}, true); err != nil {
		t.Fatal(err)
	}
	if got := written.String(); got != "\x81\x04aaaa" {
		t.Errorf("sent %q", got)
	}
}

// A close frame has what it is asked to have, and what cannot be sent is not.
func TestConnClose(t *testing.T) {
	for _, c := range []struct {
		code   frame.CloseCode
		reason string
		want   string // "" for an error
	}{
		{1000, "", "\x88\x02\x03\xe8"},
		{1001, "bye", "\x88\x05\x03\xe9bye"},
		{0, "", "\x88\x00"},
		{0, "bye", ""},
		{1005, "illegal", "\x88\x09\x03\xedillegal"},
		{1000, strings.Repeat("x", 123), "\x88\x7d\x03\xe8" + strings.Repeat("x", 123)},
		{1000, strings.Repeat("x", 124), ""},
	} {
		conn, written := sending(frame.Server, frame.Extensions{})
		if err := conn.Close(c.code, c.reason); (err == nil) != (c.want != "") || written.String() != c.want {
			t.Errorf("%d %q: sent %q, %v", c.code, c.reason, written, err)
		}
	}
}

// Messages sent at once by many, in fragments and compressed, come whole and in
// the order in which each sent them.
func TestConnConcurrentSenders(t *testing.T) {
	const senders, each = 8, 40
	e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
	near, far := pair(t)
	c, peer := frame.NewConn(near, nil, frame.Client, e), frame.NewConn(far, nil, frame.Server, e)
	c.AutoPong = true
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			for i := range each {
				d := frame.Draft{Type: frame.Text, Payload: fmt.Appendf(nil, "%d %d %s", s, i, strings.Repeat("ab", i)), Fragments: 1 + i%4}
				if err := c.Send(d, (s+i)%3 != 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range each {
			if err := peer.Send(frame.Draft{Type: frame.Ping, Payload: []byte("p")}, false); err != nil {
				t.Error(err)
			}
		}
		_ = peer.Close(0, "")
	})
	group.Go(func() {
		for {
			if m, err := c.Next(); err != nil || m.Type == frame.Close {
				return
			}
		}
	})
	next := make([]int, senders)
	for n := 0; n < senders*each; {
		m, err := peer.Next()
		if err != nil || m.Error != "" || m.Violation != frame.Legal {
			t.Fatalf("message %d: %s%s, %v", n, m.Error, m.Violation, err)
		}
		if m.Type != frame.Text {
			continue
		}
		n++
		var s, i int
		if _, err := fmt.Sscanf(string(m.Payload), "%d %d", &s, &i); err != nil || next[s] != i {
			t.Fatalf("got %.20q, %d of sender %d was next", m.Payload, next[s], s)
		}
		next[s]++
	}
	group.Wait()
	_, _ = c.Hangup(), peer.Hangup()
}

// All that passes is shown, as it passed: each side's bytes in order, and what is
// sent before the peer can answer it.
func TestConnShowsTheWire(t *testing.T) {
	e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
	near, far := pair(t)
	c, peer := frame.NewConn(near, nil, frame.Client, e), frame.NewConn(far, nil, frame.Server, e)
	var lock sync.Mutex
	var seen, peers [2][]byte
	var sends int
	keep := func(to *[2][]byte) func(frame.Side, time.Time, []byte) {
		return func(from frame.Side, at time.Time, wire []byte) {
			lock.Lock()
			defer lock.Unlock()
			if time.Since(at) > time.Minute {
				t.Errorf("%d bytes at %v", len(wire), at)
			}
			to[from] = append(to[from], wire...)
			if to == &seen && from == frame.Client {
				sends++
			}
		}
	}
	c.OnWire, peer.OnWire = keep(&seen), keep(&peers)
	c.AutoPong, c.AutoClose = true, true
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Send(frame.Draft{Type: frame.Text, Payload: []byte("hello"), Fragments: 3}, true))
	must(c.Write([]byte("\x8b\x80\x00\x00\x00\x00\x8c\x80\x00\x00\x00\x00")))
	must(peer.Send(frame.Draft{Type: frame.Ping, Payload: []byte("p")}, false))
	if m, err := c.Next(); err != nil || m.Type != frame.Ping {
		t.Fatalf("%s, %v", m.Type, err)
	}
	for _, want := range []frame.Opcode{frame.Text, 11, 12, frame.Pong} {
		if m, err := peer.Next(); err != nil || m.Type != want {
			t.Fatalf("%s instead of %s, %v", m.Type, want, err)
		}
	}
	must(peer.Close(1000, ""))
	if m, err := c.Next(); err != nil || m.Code != 1000 {
		t.Fatalf("%d, %v", m.Code, err)
	}
	must(c.Hangup())
	if lines := messages(t, peer); len(lines) != 2 {
		t.Errorf("behind that: %q", lines)
	}
	if !bytes.Equal(seen[0], peers[0]) || !bytes.Equal(seen[1], peers[1]) || len(seen[1]) != 3+4 {
		t.Errorf("one saw %x, the other %x", seen, peers)
	}
	if sends != 4 {
		t.Errorf("%d calls for two messages, a pong and a close frame", sends)
	}
}

// When a write has failed in the midst, nothing is sent behind it.
func TestConnSendsNothingBehindAFailure(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := frame.NewConn(near, nil, frame.Client, frame.Extensions{})
	_ = c.SetWriteDeadline(time.Unix(1, 0))
	if err := c.Send(frame.Draft{Type: frame.Text}, false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	_ = c.SetWriteDeadline(time.Time{})
	for _, err := range []error{c.Send(frame.Draft{Type: frame.Text}, false), c.Write([]byte("\x81\x00")), c.Close(1000, "")} {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
	if err := c.Hangup(); err != nil {
		t.Error(err)
	}
}
