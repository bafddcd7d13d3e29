package pcapng

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

var _ export.Writer = (*Writer)(nil)

// text is a frame of a client or a server.
func text(c *frame.Connection, from frame.Side, after time.Duration, payload string) *frame.Record {
	r := &frame.Record{Conn: c.ID, From: from, Time: c.Start.Add(after), Payload: []byte(payload), Stored: uint64(len(payload))}
	r.Header = frame.Header{Fin: true, Opcode: frame.Text, Length: r.Stored}
	return r
}

// TestWriterPasses catches a stream with what its receiver did not get, or
// without what it got, and a file that keeps silent about it.
func TestWriterPasses(t *testing.T) {
	c := upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080")
	c.State = frame.Open
	s := &script{conns: []*frame.Connection{c}}
	for i, o := range []frame.Origin{frame.Observed, frame.Dropped, frame.Dropped, frame.Edited, frame.Injected, frame.Replayed, frame.Dropped} {
		r := text(c, frame.Client, time.Duration(i)*time.Second, o.String())
		r.Origin = o
		s.frames = append(s.frames, r)
	}
	s.frames[5].Recoded = true
	got := s.write(t)
	shelf, _ := read(t, got)
	if wire, want := string(shelf.conns[0].wire[frame.Client]), "\x81\x08observed\x81\x06edited\x81\x08injected\x81\x08replayed"; wire != want {
		t.Errorf("%q, want %q", wire, want)
	}
	for _, comment := range []string{
		"ws://chat.example:8080/room?id=1: connection 1 of a capture by wsluice\x00",
		"edited; 2 frames that were dropped before this packet are left out", "injected\x00",
		"replayed; this frame and others of the client are as they were sent",
		"1 frames that were dropped last",
	} {
		if !bytes.Contains(got, []byte(comment)) {
			t.Errorf("no comment %q", comment)
		}
	}
}

// TestWriterGap catches bytes that are not in the capture but in the stream, or
// shift those behind, and a Close that does not tell.
func TestWriterGap(t *testing.T) {
	c := upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080")
	shed := text(c, frame.Server, time.Second, "")
	shed.Header.Length, shed.Incomplete = 70_000, frame.Shed
	cut := text(c, frame.Client, time.Second, "ab")
	cut.Header.Length, cut.Incomplete = 1000, frame.Cut
	var b bytes.Buffer
	w := NewWriter(&b, "test")
	frames := []*frame.Record{text(c, frame.Server, 0, "one"), shed, text(c, frame.Server, 2*time.Second, "two"), cut}
	for _, r := range frames {
		c.Bytes[r.From] += r.WireSize()
	}
	if err := w.Connection(c); err != nil {
		t.Fatal(err)
	}
	for _, r := range frames {
		if err := w.Frame(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err == nil || err.Error() != "1 frames are not whole" {
		t.Errorf("close: %v", err)
	}
	var next uint32
	for _, p := range packets(t, b.Bytes()) {
		s, _ := parse(linkRaw, p.data)
		if s.from.Port() != 8080 || len(s.data) == 0 {
			continue
		}
		switch gap := s.seq - next; string(s.data) {
		case "\x81\x03two":
			if gap != 70_000 {
				t.Errorf("a gap of %d bytes", gap)
			}
		default:
			if next != 0 && gap != 0 {
				t.Errorf("a gap of %d bytes before %q", gap, s.data)
			}
		}
		next = s.seq + uint32(len(s.data))
	}
	if !bytes.Contains(b.Bytes(), []byte("70000 bytes of the server before this packet are not in the capture")) {
		t.Error("no comment on the gap")
	}
}

// TestWriterOrder catches streams that end at the end of the file instead of when
// they ended, or before their last frame, when frames of others come first.
func TestWriterOrder(t *testing.T) {
	conns := []*frame.Connection{upgraded(1, "192.0.2.7:1001", "198.51.100.2:8080"), upgraded(2, "192.0.2.7:1002", "198.51.100.2:8080"), upgraded(3, "192.0.2.7:1003", "198.51.100.2:8080")}
	s := random(rand.New(rand.NewPCG(6, 6)), conns, 300)
	seen := make(map[uint64]int)
	s.frames = slices.DeleteFunc(s.frames, func(r *frame.Record) bool {
		seen[r.Conn]++
		return r.Conn == 1 && seen[1] > 20 || r.Conn == 2 && seen[2] > 40
	})
	for _, c := range conns {
		c.Bytes = [2]uint64{}
		for _, r := range s.frames {
			if r.Conn == c.ID {
				c.Bytes[r.From] += r.WireSize()
				c.End = r.Time.Add(time.Millisecond)
			}
		}
	}
	file := s.write(t)
	got, _ := read(t, file)
	s.same(t, got)
	all := packets(t, file)
	for i := 15; i < len(all); i++ {
		if all[i].at.Before(all[i-1].at) {
			t.Fatalf("packet %d is %s before the one before it", i, all[i-1].at.Sub(all[i].at))
		}
	}
}

// TestWriterHostile catches header fields that end a line or a comment that
// breaks its block, and frames of connections that are not there.
func TestWriterHostile(t *testing.T) {
	c := upgraded(1, "", "")
	c.URL = "wss://h/" + strings.Repeat("é\x1b[2J", 20_000)
	c.Request = append(c.Request, frame.Field{Name: "X\r\nY:", Value: "a\r\n\r\nGET / HTTP/1.1"}, frame.Field{Name: ":path", Value: "/"})
	c.Error = strings.Repeat("\xff", 100_000)
	s := &script{conns: []*frame.Connection{c}, frames: []*frame.Record{text(c, frame.Server, 0, "hi")}}
	c.Bytes = [2]uint64{frame.Server: 4}
	var b bytes.Buffer
	w := NewWriter(&b, "test")
	if err := w.Frame(s.frames[0]); err == nil {
		t.Error("a frame without a connection was taken")
	}
	if err := w.Connection(&frame.Connection{ID: 2, State: frame.Bypassed}); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil || len(packets(t, b.Bytes())) != 0 {
		t.Errorf("close: %v", err)
	}
	if n := len(packets(t, s.write(t))); n < 6 {
		t.Errorf("%d packets", n)
	}
	c.URL = c.URL[:2000]
	got, _ := read(t, s.write(t))
	if len(got.conns) != 1 || string(got.conns[0].wire[frame.Server]) != "\x81\x02hi" {
		t.Fatalf("%d connections", len(got.conns))
	}
	if fields := got.conns[0].conn.Request; len(fields) != len(c.Request)-1 || fields[len(fields)-1].Value != "a    GET / HTTP/1.1" {
		t.Errorf("fields %q", fields)
	}
}

// TestChecksums catches checksums that are wrong, for some sizes or families only.
func TestChecksums(t *testing.T) {
	for _, host := range []string{"192.0.2.1", "2001:db8::1"} {
		for size := range 40 {
			s := segment{from: netip.AddrPortFrom(netip.MustParseAddr(host), 1), to: netip.AddrPortFrom(netip.MustParseAddr(host), 65535), seq: 1 << 31, flags: flagACK}
			for i := range size {
				s.data = append(s.data, byte(0xFF-i))
			}
			p := s.append([]byte("before"))[len("before"):]
			header, addresses := ip4Header, p[12:20]
			if p[0]>>4 == 6 {
				header, addresses = ip6Header, p[8:40]
			} else if got := plainSum(p[:header]); got != 0xFFFF {
				t.Errorf("%s, %d bytes: the header adds up to %x", host, size, got)
			}
			pseudo := append(bytes.Clone(addresses), 0, protocolTCP, byte((len(p)-header)>>8), byte(len(p)-header))
			if got := plainSum(append(pseudo, p[header:]...)); got != 0xFFFF {
				t.Errorf("%s, %d bytes: the segment adds up to %x", host, size, got)
			}
		}
	}
}

// plainSum is the sum of RFC 1071, word by word.
func plainSum(p []byte) (s uint32) {
	for i, b := range p {
		s += uint32(b) << (8 * (1 - i%2))
		s = s>>16 + s&0xFFFF
	}
	return s
}
