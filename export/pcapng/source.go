package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"time"
)

const (
	// maxBlock bounds a block, and so a packet, in bytes.
	maxBlock = 16 << 20
	// maxInterfaces bounds the interfaces of a section.
	maxInterfaces = 1 << 12
)

// errNotPackets is what a file is that is neither pcapng nor pcap.
var errNotPackets = errors.New("it is neither a pcapng nor a pcap file")

// packet is one packet of a file.
type packet struct {
	link int
	at   time.Time
	data []byte // valid until the next one
}

// source reads the packets of a file, pcapng or pcap.
type source struct {
	in    *bufio.Reader
	off   int64 // where the block or packet under way begins
	read  int64
	order binary.ByteOrder
	buf   []byte
	last  time.Time // of a packet, for those without

	interfaces []netInterface // of a pcapng section
	secrets    func([]byte)   // takes a TLS key log of its own

	pcap  bool
	link  int
	nanos int64 // in a unit of pcap's fractions
}

// netInterface is what an interface's packets need to be read.
type netInterface struct {
	link   int
	units  uint64 // of a second, in times
	offset int64  // of times, in seconds
	snap   uint32
}

// Is reports whether a file that begins with head, of 4 bytes at least, is one that
// Read may read.
func Is(head []byte) bool {
	_, _, pcap := classic(head)
	return pcap || len(head) >= 4 && binary.LittleEndian.Uint32(head) == blockSection
}

// classic tells the byte order of a pcap file that begins with head, and the
// fractions of a second in its times in nanoseconds.
func classic(head []byte) (order binary.ByteOrder, unit int64, ok bool) {
	if len(head) < 4 {
		return nil, 0, false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case 0xA1B2C3D4:
			return order, 1000, true
		case 0xA1B23C4D:
			return order, 1, true
		}
	}
	return nil, 0, false
}

func newSource(r io.Reader) (*source, error) {
	s := &source{in: bufio.NewReaderSize(r, 256<<10), last: time.Unix(0, 0).UTC()}
	magic, err := s.in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	order, unit, ok := classic(magic)
	if !ok {
		if !Is(magic) {
			return nil, errNotPackets
		}
		return s, nil
	}
	s.pcap, s.order, s.nanos = true, order, unit
	head, err := s.take(24)
	if err != nil {
		return nil, err
	}
	s.link = int(s.order.Uint32(head[20:]) & 0xFFFF)
	return s, nil
}

// next returns the next packet, or io.EOF behind the last one.
func (s *source) next() (packet, error) {
	s.off = s.read
	p, err := s.packet()
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("at byte %d: %w", s.off, err)
	}
	if !p.at.IsZero() {
		s.last = p.at
	} else {
		p.at = s.last
	}
	return p, err
}

func (s *source) packet() (packet, error) {
	if s.pcap {
		return s.record()
	}
	for {
		s.off = s.read
		p, found, err := s.block()
		if err != nil || found {
			return p, err
		}
	}
}

// take reads n bytes, at most maxBlock. It grows its buffer as they come.
func (s *source) take(n int) ([]byte, error) {
	const step = 64 << 10
	s.buf = s.buf[:0]
	for len(s.buf) < n {
		at := len(s.buf)
		part := min(step, n-at)
		if cap(s.buf)-at < part {
			s.buf = append(s.buf, make([]byte, part)...)
		}
		s.buf = s.buf[:at+part]
		got, err := io.ReadFull(s.in, s.buf[at:])
		s.read += int64(got)
		if err != nil {
			if errors.Is(err, io.EOF) && at+got > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return s.buf, nil
}

// record reads a packet of a pcap file.
func (s *source) record() (packet, error) {
	head, err := s.take(16)
	if err != nil {
		return packet{}, err
	}
	seconds, fraction, size := s.order.Uint32(head), s.order.Uint32(head[4:]), s.order.Uint32(head[8:])
	if size > maxBlock {
		return packet{}, fmt.Errorf("a packet of %d bytes, more than %d", size, maxBlock)
	}
	p := packet{link: s.link, at: time.Unix(int64(seconds), int64(fraction)*s.nanos).UTC()}
	if p.data, err = s.take(int(size)); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return p, err
}

// block reads a block and returns its packet when it is one.
func (s *source) block() (p packet, found bool, err error) {
	head, err := s.take(8)
	if err != nil {
		return p, false, err
	}
	if binary.LittleEndian.Uint32(head) == blockSection {
		return p, false, s.section([4]byte(head[4:]))
	}
	if s.order == nil {
		return p, false, errors.New("a block before the first section")
	}
	kind, size := s.order.Uint32(head), s.order.Uint32(head[4:])
	body, err := s.body(size)
	if err != nil {
		return p, false, err
	}
	switch kind {
	case blockInterface:
		return p, false, s.addInterface(body)
	case blockPacket, blockOldPacket:
		p, err = s.full(kind, body)
		return p, true, err
	case blockSimple:
		p, err = s.simple(body)
		return p, true, err
	case blockSecrets:
		const keyLog = 0x544C534B
		if len(body) >= 8 && s.order.Uint32(body) == keyLog && s.secrets != nil {
			s.secrets(body[8:][:min(int64(s.order.Uint32(body[4:])), int64(len(body)-8))])
		}
	}
	return p, false, nil
}

// body reads a block of size bytes but for its head, and leaves its end out.
func (s *source) body(size uint32) ([]byte, error) {
	if size < 12 || size%4 != 0 || size > maxBlock {
		return nil, fmt.Errorf("a block of %d bytes", size)
	}
	body, err := s.take(int(size) - 8)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if end := s.order.Uint32(body[len(body)-4:]); end != size {
		return nil, fmt.Errorf("a block of %d bytes that ends as one of %d", size, end)
	}
	return body[:len(body)-4], nil
}

// section reads the rest of a section header: the byte order may change with it,
// and interfaces are numbered anew.
func (s *source) section(length [4]byte) error {
	magic, err := s.in.Peek(4)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	switch byteOrder {
	case binary.LittleEndian.Uint32(magic):
		s.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic):
		s.order = binary.BigEndian
	default:
		return fmt.Errorf("a section of unknown byte order %x", magic)
	}
	s.interfaces = s.interfaces[:0]
	body, err := s.body(s.order.Uint32(length[:]))
	if err != nil {
		return err
	}
	if len(body) < 16 {
		return fmt.Errorf("a section header of %d bytes", len(body))
	}
	if major := s.order.Uint16(body[4:]); major != 1 {
		return fmt.Errorf("a section of version %d, not 1", major)
	}
	return nil
}

func (s *source) addInterface(body []byte) error {
	if len(body) < 8 {
		return fmt.Errorf("an interface of %d bytes", len(body))
	}
	if len(s.interfaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces", maxInterfaces)
	}
	n := netInterface{link: int(s.order.Uint16(body)), snap: s.order.Uint32(body[4:]), units: 1e6}
	for options := body[8:]; len(options) >= 4; {
		code, size := s.order.Uint16(options), int(s.order.Uint16(options[2:]))
		padded := (size + 3) &^ 3
		if options = options[4:]; code == optEnd || padded > len(options) {
			break
		}
		value := options[:size]
		options = options[padded:]
		switch {
		case code == optResolution && size == 1:
			n.units = resolution(value[0])
		case code == optOffset && size == 8:
			n.offset = int64(s.order.Uint64(value))
		}
	}
	s.interfaces = append(s.interfaces, n)
	return nil
}

// resolution is how many units of a time make a second, 0 when that is too many.
func resolution(b byte) uint64 {
	if b&0x80 != 0 {
		return 1 << (b & 0x7F)
	}
	if b > 19 {
		return 0
	}
	return uint64(math.Pow10(int(b)))
}

// full reads a packet block, in its present form or the one it had first.
func (s *source) full(kind uint32, body []byte) (packet, error) {
	if len(body) < 20 {
		return packet{}, fmt.Errorf("a packet block of %d bytes", len(body))
	}
	number := s.order.Uint32(body)
	if kind == blockOldPacket {
		number = uint32(s.order.Uint16(body))
	}
	if int64(number) >= int64(len(s.interfaces)) {
		return packet{}, fmt.Errorf("a packet of interface %d of %d", number, len(s.interfaces))
	}
	size := s.order.Uint32(body[12:])
	if int64(size) > int64(len(body)-20) {
		return packet{}, fmt.Errorf("a packet of %d bytes in a block of %d", size, len(body))
	}
	n := &s.interfaces[number]
	units := uint64(s.order.Uint32(body[4:]))<<32 | uint64(s.order.Uint32(body[8:]))
	return packet{link: n.link, at: n.time(units), data: body[20 : 20+size]}, nil
}

// simple reads a packet block without a time.
func (s *source) simple(body []byte) (packet, error) {
	if len(body) < 4 || len(s.interfaces) == 0 {
		return packet{}, fmt.Errorf("a simple packet block of %d bytes with %d interfaces", len(body), len(s.interfaces))
	}
	n := &s.interfaces[0]
	size := min(uint64(s.order.Uint32(body)), uint64(len(body)-4))
	if n.snap != 0 {
		size = min(size, uint64(n.snap))
	}
	return packet{link: n.link, data: body[4 : 4+size]}, nil
}

// time is units after 1970, or the zero time when that is out of range.
func (n *netInterface) time(units uint64) time.Time {
	const latest = 1 << 33 // in the year 2242
	if n.units == 0 || n.offset < -latest || n.offset > latest {
		return time.Time{}
	}
	seconds := units / n.units
	if seconds > latest {
		return time.Time{}
	}
	high, low := bits.Mul64(units%n.units, 1e9)
	nanos, _ := bits.Div64(high, low, n.units)
	return time.Unix(int64(seconds)+n.offset, int64(nanos)).UTC()
}
