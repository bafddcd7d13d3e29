package pcapng

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// endpoints returns the addresses of client and server for c, both of one family,
// and notes on those that are not as they were. No two connections get the same:
// taken tells which pairs are gone.
func endpoints(c *frame.Connection, taken func([2]netip.AddrPort) bool) (ends [2]netip.AddrPort, notes []string) {
	id := uint16(c.ID)
	client, known := address(c.Client)
	if !known {
		client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(c.ID >> 8), byte(c.ID)}), 49152+id%16384)
		notes = append(notes, "the address of the client is made up")
	}
	server, known := address(c.Server)
	if !known {
		server = named(c.URL)
		if server.Addr() == madeServer {
			notes = append(notes, "the address of the server is made up")
		}
	}
	if c.TLS != nil || strings.HasPrefix(c.URL, "wss:") {
		notes = append(notes, "shown without TLS")
	}
	if port := server.Port(); !readable(port) {
		server = netip.AddrPortFrom(server.Addr(), 80)
		notes = append(notes, "port 80 of the server stands for "+strconv.Itoa(int(port)))
	}
	if port := client.Port(); !readable(port) {
		client = netip.AddrPortFrom(client.Addr(), 49152+id%16384)
		notes = append(notes, "the port of the client stands for "+strconv.Itoa(int(port)))
	}
	if client.Addr().Is4() != server.Addr().Is4() {
		client = netip.AddrPortFrom(netip.AddrFrom16(client.Addr().As16()), client.Port())
		server = netip.AddrPortFrom(netip.AddrFrom16(server.Addr().As16()), server.Port())
	}
	ends = [2]netip.AddrPort{frame.Client: client, frame.Server: server}
	port := client.Port()
	for n := 0; n < 1<<16 && taken(ends); n++ {
		// The ports for this purpose (RFC 6335 section 6) first, from where the
		// search is short.
		next := 49152 + (id+uint16(n))%16384
		ends[frame.Client] = netip.AddrPortFrom(client.Addr(), next)
	}
	if now := ends[frame.Client].Port(); now != port {
		notes = append(notes, "the port of the client stands for "+strconv.Itoa(int(port))+", which another connection had")
	}
	return ends, notes
}

// madeServer is the address of servers that have none.
var madeServer = netip.AddrFrom4([4]byte{10, 255, 255, 1})

// address reads s, as host:port with an IP address.
func address(s string) (netip.AddrPort, bool) {
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Port() == 0 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port()), true
}

// named is where a URL leads, at madeServer when its host is a name.
func named(raw string) netip.AddrPort {
	u, err := url.Parse(raw)
	if err != nil {
		u = new(url.URL)
	}
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "wss" {
			port = "443"
		}
	}
	if a, ok := address(net.JoinHostPort(u.Hostname(), port)); ok {
		return a
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		n = 80
	}
	return netip.AddrPortFrom(madeServer, uint16(n))
}
