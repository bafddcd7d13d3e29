//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestHalfClose would catch a proxy that ends both directions when one ends: what
// the other side still has to say must arrive and be kept. (Pitfalls X5, X6, X8.)
func TestHalfClose(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	last := masked(0x88, 2, "", "\x03\xe8")
	flood := strings.Repeat("\x82\x7e\xff\xff"+strings.Repeat("f", 65535), 64) + plain(0x88, "\x03\xe8")
	for i, w := range ways {
		client, server := w.open(t, s, to(w), fmt.Sprint("/client", i))
		client.send(t, last)
		client.endSending(t)
		if got, err := server.rest(t); got != last || err != nil {
			t.Errorf("%s: the server received %d bytes, %v; want %d and a FIN", w.name, len(got), err, len(last))
		}
		server.send(t, flood)
		server.endSending(t)
		if got, err := client.rest(t); got != flood || err != nil {
			t.Errorf("%s: behind its FIN the client received %d bytes, %v; want %d", w.name, len(got), err, len(flood))
		}

		client, server = w.open(t, s, to(w), fmt.Sprint("/server", i))
		server.endSending(t)
		if got, err := client.rest(t); got != "" || err != nil {
			t.Errorf("%s: the client received %q, %v; want a FIN", w.name, got, err)
		}
		client.send(t, last)
		client.endSending(t)
		if got, err := server.rest(t); got != last || err != nil {
			t.Errorf("%s: behind its FIN the server received %q, %v; want %q", w.name, got, err, last)
		}
	}
	s.stop(t)
	for i, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			conn := s.conn(t, fmt.Sprint("client", i))
			frames := s.frames(t, conn.Conn)
			sameBytes(t, "wire bytes from the client", wireOf(frames, "client"), []byte(last))
			sameBytes(t, "wire bytes from the server", wireOf(frames, "server"), []byte(flood))
			if conn.How != "close" || conn.Code != 1000 || conn.EndedBy != "client" {
				t.Errorf("ended by %q, how %q, code %d; want client, close, 1000", conn.EndedBy, conn.How, conn.Code)
			}
			conn = s.conn(t, fmt.Sprint("server", i))
			sameBytes(t, "wire bytes from the client", wireOf(s.frames(t, conn.Conn), "client"), []byte(last))
		})
	}
}

// TestAbruptEnds would catch a FIN without a close frame or a reset that reaches
// the other end as something else, or is told as something else. (Pitfalls X3,
// X7.)
func TestAbruptEnds(t *testing.T) {
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	partial := masked(0x82, 126, "\xff\xff", "only the beginning")
	for i, w := range ways {
		client, server := w.open(t, s, to(w), fmt.Sprint("/fin", i))
		client.send(t, partial)
		client.endSending(t)
		if got, err := server.rest(t); got != partial || err != nil {
			t.Errorf("%s: the server received %q, %v; want the part of a frame and a FIN", w.name, got, err)
		}
		server.Close()

		client, server = w.open(t, s, to(w), fmt.Sprint("/clientreset", i))
		client.send(t, partial)
		server.expect(t, partial)
		client.reset(t)
		if got, err := server.rest(t); got != "" || err == nil {
			t.Errorf("%s: after the client's reset the server received %q, %v; want a reset", w.name, got, err)
		}

		client, server = w.open(t, s, to(w), fmt.Sprint("/serverreset", i))
		server.reset(t)
		if got, err := client.rest(t); got != "" || err == nil {
			t.Errorf("%s: after the server's reset the client received %q, %v; want a reset", w.name, got, err)
		}
	}
	s.stop(t)
	for i, w := range ways {
		for name, want := range map[string][2]string{
			"fin": {"client", "fin"}, "clientreset": {"client", "reset"}, "serverreset": {"server", "reset"},
		} {
			t.Run(w.name+", "+name, func(t *testing.T) {
				conn := s.conn(t, fmt.Sprint(name, i))
				if got := [2]string{conn.EndedBy, conn.How}; got != want || conn.Code != 0 {
					t.Errorf("ended by and how %q, code %d; want %q, none", got, conn.Code, want)
				}
				if name == "serverreset" {
					return
				}
				frames := s.frames(t, conn.Conn)
				sameBytes(t, "wire bytes from the client", wireOf(frames, "client"), []byte(partial))
				if frames[0].Incomplete != "cut" {
					t.Errorf("incomplete %q, want cut", frames[0].Incomplete)
				}
			})
		}
	}
}
