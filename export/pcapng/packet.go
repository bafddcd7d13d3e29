package pcapng

import (
	"encoding/binary"
	"net/netip"
)

// What a packet is that holds no segment, for export.Note.What.
const (
	noteLink      = "packets of a network that is not known are left out"
	noteNotTCP    = "packets that are not TCP are left out"
	noteFragments = "fragments of IP packets are left out"
	noteDamaged   = "packets that are damaged or cut off in their headers are left out"
)

// The link types that are read (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcaplinktype-10.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRawBSD   = 12
	linkRawOpen  = 14
	linkLoop     = 108
	linkCooked   = 113
	linkIP4      = 228
	linkIP6      = 229
	linkCooked2  = 276
)

// The protocols within, as in an Ethernet header.
const (
	typeIP4   = 0x0800
	typeIP6   = 0x86DD
	typeVLAN  = 0x8100
	typeQinQ  = 0x88A8
	typePPPoE = 0x8864
)

// parse returns the TCP segment in a packet, whose data it aliases; or a note on
// why there is none.
func parse(link int, p []byte) (s segment, note string) {
	p, kind, note := network(link, p)
	if note != "" {
		return s, note
	}
	switch kind {
	case typeIP4:
		return parseIP4(p)
	case typeIP6:
		return parseIP6(p)
	}
	return s, noteNotTCP
}

// network takes the headers before the one of IP off.
func network(link int, p []byte) (rest []byte, kind uint16, note string) {
	header := 0
	switch link {
	case linkRaw, linkRawBSD, linkRawOpen, linkIP4, linkIP6, linkNull, linkLoop:
		if link == linkNull || link == linkLoop {
			header = 4
		}
		if len(p) <= header {
			return nil, 0, noteDamaged
		}
		switch p[header] >> 4 {
		case 4:
			kind = typeIP4
		case 6:
			kind = typeIP6
		}
		return p[header:], kind, ""
	case linkEthernet:
		header = 14
	case linkCooked:
		header = 16
	case linkCooked2:
		if len(p) < 20 {
			return nil, 0, noteDamaged
		}
		return tagged(p[20:], binary.BigEndian.Uint16(p))
	default:
		return nil, 0, noteLink
	}
	if len(p) < header {
		return nil, 0, noteDamaged
	}
	return tagged(p[header:], binary.BigEndian.Uint16(p[header-2:]))
}

// tagged takes off the tags of virtual networks, and PPPoE.
func tagged(p []byte, kind uint16) (rest []byte, inner uint16, note string) {
	for kind == typeVLAN || kind == typeQinQ {
		if len(p) < 4 {
			return nil, 0, noteDamaged
		}
		p, kind = p[4:], binary.BigEndian.Uint16(p[2:])
	}
	if kind == typePPPoE {
		if len(p) < 8 {
			return nil, 0, noteDamaged
		}
		switch binary.BigEndian.Uint16(p[6:]) {
		case 0x21:
			kind = typeIP4
		case 0x57:
			kind = typeIP6
		}
		p = p[8:]
	}
	return p, kind, ""
}

func parseIP4(p []byte) (s segment, note string) {
	if len(p) < ip4Header {
		return s, noteDamaged
	}
	header, total := int(p[0]&0xF)*4, int(binary.BigEndian.Uint16(p[2:]))
	if total == 0 {
		total = len(p) // made by the network card behind the capture
	}
	if header < ip4Header || total < header || header > len(p) {
		return s, noteDamaged
	}
	if p[9] != protocolTCP {
		return s, noteNotTCP
	}
	if binary.BigEndian.Uint16(p[6:])&0x3FFF != 0 {
		return s, noteFragments
	}
	from, to := netip.AddrFrom4([4]byte(p[12:])), netip.AddrFrom4([4]byte(p[16:]))
	return parseTCP(from, to, p[header:min(total, len(p))])
}

// The extension headers of IPv6 that are passed over (RFC 8200 section 4.1).
const (
	ip6HopByHop     = 0
	ip6Routing      = 43
	ip6Fragment     = 44
	ip6Destinations = 60
)

func parseIP6(p []byte) (s segment, note string) {
	if len(p) < ip6Header {
		return s, noteDamaged
	}
	size, next := int(binary.BigEndian.Uint16(p[4:])), p[6]
	from, to := netip.AddrFrom16([16]byte(p[8:])).Unmap(), netip.AddrFrom16([16]byte(p[24:])).Unmap()
	if p = p[ip6Header:]; size > 0 && size < len(p) {
		p = p[:size]
	}
	for next == ip6HopByHop || next == ip6Routing || next == ip6Destinations {
		if len(p) < 8 {
			return s, noteDamaged
		}
		header := int(p[1])*8 + 8
		if len(p) < header {
			return s, noteDamaged
		}
		next, p = p[0], p[header:]
	}
	switch next {
	case protocolTCP:
		return parseTCP(from, to, p)
	case ip6Fragment:
		return s, noteFragments
	}
	return s, noteNotTCP
}

func parseTCP(from, to netip.Addr, p []byte) (s segment, note string) {
	if len(p) < tcpHeader {
		return s, noteDamaged
	}
	header := int(p[12]>>4) * 4
	if header < tcpHeader || header > len(p) {
		return s, noteDamaged
	}
	return segment{
		from:  netip.AddrPortFrom(from, binary.BigEndian.Uint16(p)),
		to:    netip.AddrPortFrom(to, binary.BigEndian.Uint16(p[2:])),
		seq:   binary.BigEndian.Uint32(p[4:]),
		ack:   binary.BigEndian.Uint32(p[8:]),
		flags: p[13],
		data:  p[header:],
	}, ""
}
