package pcapng

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

// TestRoundTrip catches anything that a capture loses on its way into packets and
// back: bytes, times, handshakes, addresses, ends.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		conns := []*frame.Connection{
			upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080"),
			upgraded(2, "192.0.2.7:50002", "198.51.100.2:8080"),
			upgraded(3, "[2001:db8::7]:50001", "[2001:db8::2]:9001"),
		}
		conns[1].How, conns[1].EndedBy = frame.ByReset, frame.ByClient
		conns[2].EndedBy = frame.ByClient
		s := random(rnd, conns, 60)
		got, tally := read(t, s.write(t))
		s.same(t, got)
		if tally.Connections != 3 || len(tally.Notes) > 0 {
			t.Errorf("seed %d: tally %+v", seed, tally)
		}
	}
}

// TestEndpoints catches two connections that share a stream, families that mix,
// and ports that Wireshark reads as something else.
func TestEndpoints(t *testing.T) {
	seen := make(map[[2]netip.AddrPort]bool)
	taken := func(e [2]netip.AddrPort) bool {
		was := seen[e]
		seen[e] = true
		return was
	}
	for i, c := range []struct{ client, server, url, want, to string }{
		{"192.0.2.7:50001", "198.51.100.2:8080", "ws://a/", "192.0.2.7:50001", "198.51.100.2:8080"},
		{"192.0.2.7:50001", "198.51.100.2:8080", "ws://a/", "192.0.2.7:49154", "198.51.100.2:8080"},
		{"192.0.2.7:50001", "198.51.100.2:443", "wss://a/", "192.0.2.7:50001", "198.51.100.2:80"},
		{"192.0.2.7:50001", "[2001:db8::2]:8080", "ws://a/", "[::ffff:192.0.2.7]:50001", "[2001:db8::2]:8080"},
		{"", "", "wss://a:8443/", "10.0.0.5:49157", "10.255.255.1:8443"},
		{"@", "/run/x.sock", "ws://192.0.2.9/", "10.0.0.6:49158", "192.0.2.9:80"},
		{"[fe80::1%eth0]:6000", "[fe80::2%eth0]:80", "ws://a/", "[fe80::1]:49159", "[fe80::2]:80"},
		{"192.0.2.7:0", "198.51.100.2:70000", "://", "10.0.0.8:49160", "10.255.255.1:80"},
	} {
		ends, _ := endpoints(&frame.Connection{ID: uint64(i + 1), Client: c.client, Server: c.server, URL: c.url}, taken)
		if got, to := ends[0].String(), ends[1].String(); got != c.want || to != c.to {
			t.Errorf("%q to %q: %s to %s, want %s to %s", c.client, c.server, got, to, c.want, c.to)
		}
	}
}

// TestBounds catches memory that grows with connections that never end, or with
// segments that wait for one that never comes.
func TestBounds(t *testing.T) {
	const more = 10
	b := new(blocks)
	b.head("test")
	put := func(n int, seq uint32, data string) {
		s := segment{
			from: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 5000), to: netip.MustParseAddrPort(serverAt),
			seq: seq, flags: flagACK, data: []byte(data),
		}
		b.packet(began, "", s.append)
	}
	for n := range maxConversations + more {
		put(n, 1, "GET")
	}
	_, tally := read(t, b.buf)
	if n := counted(tally, noteTooMany); n != more {
		t.Errorf("%d connections were given up, want %d", n, more)
	}

	*b = blocks{}
	b.head("test")
	const each = 100
	for n := range maxHeld/each/(1<<10) + 1 {
		put(n, 1, "GET")
		for i := range each {
			put(n, uint32(10+i*(1<<10)), string(make([]byte, 1<<10)))
		}
	}
	if _, tally = read(t, b.buf); counted(tally, noteTooMany) == 0 {
		t.Errorf("%d bytes were held, tally %+v", maxHeld, tally)
	}

	*b = blocks{}
	b.head("test")
	put(1, 1, "GET")
	for i := range maxPieces + 2 {
		put(1, uint32(10+i*2), "x")
	}
	if _, tally = read(t, b.buf); counted(tally, noteHole) != 1 {
		t.Errorf("%d pieces wait, tally %+v", maxPieces, tally)
	}
}

func counted(tally export.Tally, what string) uint64 {
	for _, n := range tally.Notes {
		if n.What == what {
			return n.Count
		}
	}
	return 0
}
