package pcapng

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// The flags of a TCP segment (RFC 9293 section 3.1).
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagPSH = 8
	flagACK = 16
)

const (
	protocolTCP = 6
	tcpHeader   = 20
	ip4Header   = 20
	ip6Header   = 40
	mtu         = 1500
	window      = 65535
)

// segment is a TCP segment and the addresses it goes between.
type segment struct {
	from, to netip.AddrPort // both of one family
	seq, ack uint32
	flags    byte
	mss      uint16 // announced unless 0
	id       uint16 // of the IPv4 packet
	data     []byte
}

// maxSegment is how many bytes of data a segment to or from a holds.
func maxSegment(a netip.Addr) int {
	if a.Is4() {
		return mtu - ip4Header - tcpHeader
	}
	return mtu - ip6Header - tcpHeader
}

// append appends s as an IP packet (RFC 791 section 3.1, RFC 8200 section 3).
func (s *segment) append(dst []byte) []byte {
	from, to := s.from.Addr(), s.to.Addr()
	size := tcpHeader + len(s.data)
	if s.mss != 0 {
		size += 4
	}
	start := len(dst)
	var addresses []byte
	if from.Is4() {
		dst = append(dst, 0x45, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(ip4Header+size))
		dst = binary.BigEndian.AppendUint16(dst, s.id)
		dst = append(dst, 0x40, 0, 64, protocolTCP, 0, 0)
		a, b := from.As4(), to.As4()
		dst = append(append(dst, a[:]...), b[:]...)
		addresses = dst[len(dst)-8:]
		binary.BigEndian.PutUint16(dst[start+10:], ^fold(sum(0, dst[start:])))
	} else {
		dst = append(dst, 0x60, 0, 0, 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(size))
		dst = append(dst, protocolTCP, 64)
		a, b := from.As16(), to.As16()
		dst = append(append(dst, a[:]...), b[:]...)
		addresses = dst[len(dst)-32:]
	}
	pseudo := sum(uint64(protocolTCP)+uint64(size), addresses)

	start = len(dst)
	dst = binary.BigEndian.AppendUint16(dst, s.from.Port())
	dst = binary.BigEndian.AppendUint16(dst, s.to.Port())
	dst = binary.BigEndian.AppendUint32(dst, s.seq)
	dst = binary.BigEndian.AppendUint32(dst, s.ack)
	dst = append(dst, byte(size-len(s.data))/4<<4, s.flags)
	dst = binary.BigEndian.AppendUint16(dst, window)
	dst = append(dst, 0, 0, 0, 0)
	if s.mss != 0 {
		dst = append(dst, 2, 4)
		dst = binary.BigEndian.AppendUint16(dst, s.mss)
	}
	dst = append(dst, s.data...)
	binary.BigEndian.PutUint16(dst[start+16:], ^fold(sum(pseudo, dst[start:])))
	return dst
}

// sum adds the 16-bit words of p to s (RFC 1071). It takes eight bytes at a time,
// as the sum of ones' complements does not care about the width of words.
func sum(s uint64, p []byte) uint64 {
	for ; len(p) >= 8; p = p[8:] {
		var carry uint64
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(p), 0)
		s += carry
	}
	var rest [8]byte
	copy(rest[:], p)
	s, carry := bits.Add64(s, binary.BigEndian.Uint64(rest[:]), 0)
	return s + carry
}

func fold(s uint64) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}
