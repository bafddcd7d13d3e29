package pcapng

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

const (
	ask      = "GET /x HTTP/1.1\r\nHost: h:81\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: k\r\n\r\n"
	agree    = "HTTP/1.1 101 Sure\r\nupgrade: h2c, websocket\r\nSec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n\r\n"
	hi       = "\x81\x02hi"
	clientAt = "192.0.2.1:5000"
	serverAt = "192.0.2.2:81"
)

// spoken is a file of one TCP connection in which the sides send lines in turn:
// "> " is the client's, "< " the server's, "" a FIN of both.
func spoken(cut int, lines ...string) []byte {
	b := new(blocks)
	b.head("test")
	f := &flow{blocks: b, ends: [2]netip.AddrPort{netip.MustParseAddrPort(clientAt), netip.MustParseAddrPort(serverAt)}}
	f.open(began)
	for _, line := range lines {
		if line == "" {
			f.closing = frame.End{Time: began, EndedBy: frame.ByServer}
			f.close()
			continue
		}
		side := frame.Client
		if line[0] == '<' {
			side = frame.Server
		}
		for part := range slices.Chunk([]byte(line[2:]), cut) {
			f.packet(side, began, flagACK, part)
		}
	}
	return b.buf
}

// TestTalk catches an upgrade that is not found behind other HTTP, or found where
// there is none, and a refusal that is not kept as it was.
func TestTalk(t *testing.T) {
	long := strings.Repeat("x", 3*maxHead)
	chunked := "Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nGET \r\n1\r\n/\r\n0\r\nT: v\r\n\r\n"
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"at once":       {[]string{"> " + ask, "< " + agree + hi, ""}, "open ws://h:81/x 101 [a, b] 4 0 fin"},
		"behind others": {[]string{"> GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "> " + ask, "< " + agree, ""}, "open ws://h:81/x 101 [a, b] 0 0 fin"},
		"behind bodies": {[]string{"> POST / HTTP/1.1\r\nContent-Length: " + fmt.Sprint(len(long)) + "\r\n\r\n" + long, "< HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + chunked, "> POST / HTTP/1.1\r\n" + chunked, "< HTTP/1.1 204 No\r\n\r\n", "> " + ask, "< " + agree + hi, ""}, "open ws://h:81/x 101 [a, b] 4 0 fin"},
		"through CONNECT": {[]string{"> CONNECT h:81 HTTP/1.1\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n", "> " + ask, "< " + agree + hi, "> \x88\x80abcd", ""},
			"open ws://h:81/x 101 [a, b] 4 6 close"},
		"as to a proxy": {[]string{"> " + strings.Replace(ask, "/x", "HTTPS://h/y?z", 1), "< " + agree, ""}, "open wss://h/y?z 101 [a, b] 0 0 fin"},
		"early answer":  {[]string{"< " + agree + hi, "> " + ask, ""}, "open ws://h:81/x 101 [a, b] 4 0 fin"},
		"refused": {[]string{"> " + ask, "< HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nno!", "> " + ask, "< HTTP/1.1 503\r\n\r\n" + long, ""},
			"refused ws://h:81/x 401 [] no!; refused ws://h:81/x 503 [] " + long[:maxRefusal]},
		"refused, then not": {[]string{"> " + ask, "< HTTP/1.1 401 No\r\n" + chunked, "> " + ask, "< " + agree, ""}, "refused ws://h:81/x 401 [] GET /; open ws://h:81/x 101 [a, b] 0 0 fin"},
		"no answer":         {[]string{"> " + ask, ""}, "failed ws://h:81/x 0 [] "},
		"cut off":           {[]string{"> " + ask, "< " + agree + hi}, "open ws://h:81/x 101 [a, b] 4 0 ; " + noteOpen},
		"no upgrade":        {[]string{"> GET / HTTP/1.1\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n" + agree + hi, ""}, noteOther},
		"101 to nothing":    {[]string{"> GET / HTTP/1.1\r\n\r\n", "< " + agree + hi, ""}, noteOther},
		"another upgrade":   {[]string{"> " + ask, "< HTTP/1.1 101 Ok\r\nUpgrade: h2c\r\n\r\n" + hi, ""}, noteOther},
		"TLS":               {[]string{"> \x16\x03\x01\x02\x00\x01...", "< \x16\x03\x03...", ""}, noteTLS},
		"HTTP/2":            {[]string{"> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""}, noteHTTP2},
		"SSH":               {[]string{"< SSH-2.0-x\r\n", "> SSH-2.0-y\r\n", ""}, noteOther},
		"a long head":       {[]string{"> GET / HTTP/1.1\r\nA: " + long, ""}, noteOther},
		"nothing":           {[]string{""}, ""},
	} {
		for _, cut := range []int{1, 7, 1 << 14} {
			got, tally := read(t, spoken(cut, c.lines...))
			var have []string
			for _, k := range got.conns {
				s := fmt.Sprint(k.conn.State, " ", k.conn.URL, " ", k.conn.Status, " [", k.conn.Extensions, "] ")
				if k.conn.State == frame.Open {
					s += fmt.Sprint(len(k.wire[frame.Server]), " ", len(k.wire[frame.Client]), " ", k.end.How)
				} else {
					s += string(k.conn.Body)
				}
				have = append(have, s)
				if k.over != (k.conn.State == frame.Open) {
					t.Errorf("%s: tape closed: %t", name, k.over)
				}
			}
			for _, n := range tally.Notes {
				have = append(have, n.What)
			}
			if s := strings.Join(have, "; "); s != c.want {
				t.Errorf("%s in parts of %d:\n%.200q\nwant\n%.200q", name, cut, s, c.want)
			}
		}
	}
}

// TestAgain catches a connection that is taken for the end of an earlier one
// between the same ends.
func TestAgain(t *testing.T) {
	first := packets(t, spoken(1000, "> "+ask, "< "+agree+hi))
	second := packets(t, spoken(1000, "> "+ask, "< "+agree+hi+hi, ""))
	var file []captured
	for i, p := range append(first, second...) {
		s, _ := parse(linkRaw, p.data)
		if i >= len(first) {
			s.seq += 1 << 20
			s.ack += 1 << 20
		}
		file = append(file, captured{p.at, s.append(nil)})
	}
	b := new(blocks)
	b.head("test")
	for _, p := range file {
		b.packet(p.at, "", func(dst []byte) []byte { return append(dst, p.data...) })
	}
	got, _ := read(t, b.buf)
	if len(got.conns) != 2 || len(got.conns[0].wire[frame.Server]) != 4 || len(got.conns[1].wire[frame.Server]) != 8 {
		t.Errorf("%d connections", len(got.conns))
	}
}

// TestEnds catches an import that loses what was read before an error, does not
// say that there was one, or leaves a tape open.
func TestEnds(t *testing.T) {
	file := spoken(1000, "> "+ask, "< "+agree+hi, "< "+hi)
	cases := map[string]struct {
		file []byte
		ctx  func() context.Context
		sink shelf
		want string
		end  string
	}{
		"cut off":     {file: file[:len(file)-5], want: "the file ends in the middle", end: "the import ended here"},
		"damaged":     {file: append(slices.Clone(file), 6, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4), want: "a block of 7 bytes", end: "the import ended here"},
		"not packets": {file: []byte("PK\x03\x04 and more"), want: "neither a pcapng nor a pcap file"},
		"empty":       {want: "neither a pcapng nor a pcap file"},
		"full":        {file: file, sink: shelf{full: errors.New("no room")}, want: "keep a connection: no room"},
		"interrupted": {file: file, ctx: func() context.Context {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx
		}, want: "context canceled"},
	}
	for name, c := range cases {
		ctx := t.Context()
		if c.ctx != nil {
			ctx = c.ctx()
		}
		_, err := Read(ctx, bytes.NewReader(c.file), Options{}, &c.sink)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, k := range c.sink.conns {
			if !k.over || !strings.Contains(k.end.Error, c.end) || len(k.wire[frame.Server]) < 4 {
				t.Errorf("%s: end %+v behind %d bytes", name, k.end, len(k.wire[frame.Server]))
			}
		}
		if c.end != "" && len(c.sink.conns) != 1 {
			t.Errorf("%s: %d connections", name, len(c.sink.conns))
		}
	}
	if _, err := Read(t.Context(), io.MultiReader(bytes.NewReader(file), errReader{}), Options{}, new(shelf)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an error of the file: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// FuzzRead catches a file that makes Read panic, hang, hold more than it may, or
// leave a tape open.
func FuzzRead(f *testing.F) {
	openssl, err := os.ReadFile("testdata/openssl.pcapng")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(openssl)
	f.Add(spoken(100, "> "+ask, "< "+agree+hi, ""))
	s := twoFamilies(9)
	for _, r := range s.frames {
		r.Payload = r.Payload[:min(20, len(r.Payload))]
		r.Header.Length, r.Stored = uint64(len(r.Payload)), uint64(len(r.Payload))
	}
	file := s.write(f)
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		var got shelf
		_, _ = Read(t.Context(), bytes.NewReader(file), Options{}, &got)
		for _, k := range got.conns {
			if k.conn.State == frame.Open && !k.over {
				t.Error("a tape is open")
			}
			if n := len(k.wire[0]) + len(k.wire[1]); n > len(file) {
				t.Errorf("%d bytes of frames from a file of %d", n, len(file))
			}
		}
	})
}
