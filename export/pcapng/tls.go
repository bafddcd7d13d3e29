package pcapng

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"

	"github.com/wsluice/wsluice/frame"
)

// The types of TLS records (RFC 8446 section 5.1) and of handshake messages
// (section 4).
const (
	recordCipherChange = 20
	recordHandshake    = 22
	recordData         = 23

	helloClient = 1
	helloServer = 2
)

const (
	recordHead = 5
	// maxRecord bounds the body of a record in bytes (RFC 5246 section 6.2.3).
	maxRecord = 1<<14 + 2048
	// maxSealed bounds what is held of one side before the other side's hello.
	maxSealed = 256 << 10
)

// What keeps TLS from being read.
var (
	errNoKeys = errors.New("no keys")
	errSuite  = errors.New("unreadable cipher suite")
)

// session reads the TLS 1.2 or 1.3 of one connection with the secrets of a key
// log.
type session struct {
	keys    keyLog
	buf     [2][]byte
	random  [2][]byte // of the hellos; of the server nil before it came
	version uint16
	id      uint16
	suite   *suite
	openers [2]*opener
	sealed  [2]bool    // records are encrypted, in TLS 1.2
	next    [2]*opener // what comes behind the handshake of TLS 1.3
}

// held is how many bytes the session holds.
func (s *session) held() int { return cap(s.buf[0]) + cap(s.buf[1]) }

// take takes bytes of a side and gives out the data that can be read with them, of
// either side. It fails when the records are none, or cannot be decrypted.
func (s *session) take(from frame.Side, data []byte, out func(from frame.Side, plain []byte)) error {
	s.buf[from] = append(s.buf[from], data...)
	for {
		moved := false
		for _, side := range sides {
			for {
				ok, err := s.record(side, out)
				if err != nil {
					return err
				}
				if !ok {
					break
				}
				moved = true
			}
		}
		if !moved {
			break
		}
	}
	if len(s.buf[from]) > maxSealed {
		return errRecord
	}
	return nil
}

// record takes a record off a side, and reports whether it could.
func (s *session) record(from frame.Side, out func(frame.Side, []byte)) (ok bool, err error) {
	buf := s.buf[from]
	if len(buf) < recordHead {
		return false, nil
	}
	kind, size := buf[0], int(binary.BigEndian.Uint16(buf[3:]))
	if kind < recordCipherChange || kind > recordData+1 || buf[1] != 3 || size > maxRecord {
		return false, errRecord
	}
	if len(buf) < recordHead+size || s.waits(from, kind) {
		return false, nil
	}
	head, body := buf[:recordHead], buf[recordHead:recordHead+size]
	plain, kind, err := s.open(from, kind, head, body)
	if err == nil && kind == recordHandshake && !s.sealed[from] {
		err = s.hello(from, plain)
	}
	if err != nil {
		return false, err
	}
	if kind == recordData {
		out(from, plain)
	}
	s.buf[from] = append(s.buf[from][:0], s.buf[from][recordHead+size:]...)
	return true, nil
}

// waits reports whether a record cannot be understood before the other side's
// hello.
func (s *session) waits(from frame.Side, kind byte) bool {
	if from == frame.Server {
		return s.random[frame.Client] == nil
	}
	return s.random[frame.Client] != nil && s.random[frame.Server] == nil && kind != recordHandshake
}

// open decrypts a record where it is encrypted.
func (s *session) open(from frame.Side, kind byte, head, body []byte) (plain []byte, inner byte, err error) {
	switch {
	case s.version == tls.VersionTLS13 && kind == recordData:
		return s.open13(from, head, body)
	case s.version == tls.VersionTLS12 && s.sealed[from]:
		if s.openers[from] == nil {
			if err := s.begin12(); err != nil {
				return nil, 0, err
			}
		}
		plain, err = s.openers[from].open12(head, body)
		return plain, kind, err
	case kind == recordCipherChange:
		s.sealed[from] = s.version == tls.VersionTLS12
		return nil, kind, nil
	case kind == recordData:
		return nil, 0, errRecord
	}
	return body, kind, nil
}

// open13 decrypts a record with the keys it was made with: those of the handshake
// first, then those of the data, then the ones each update brings (RFC 8446
// section 4.6.3). What fits tells where they change.
func (s *session) open13(from frame.Side, head, body []byte) (plain []byte, inner byte, err error) {
	if s.openers[from] == nil {
		if err := s.begin13(from); err != nil {
			return nil, 0, err
		}
	}
	if plain, inner, err = s.openers[from].open13(head, body); err == nil {
		return plain, inner, nil
	}
	next := s.next[from]
	if next == nil {
		if next, err = s.openers[from].update(); err != nil {
			return nil, 0, err
		}
	}
	if plain, inner, err = next.open13(head, body); err == nil {
		s.openers[from], s.next[from] = next, nil
	}
	return plain, inner, err
}

func (s *session) secret(label string) []byte {
	return s.keys[secretName{label, [32]byte(s.random[frame.Client])}]
}

func (s *session) begin13(from frame.Side) (err error) {
	names := [2][2]string{
		frame.Client: {labelClientHandshake, labelClientTraffic},
		frame.Server: {labelServerHandshake, labelServerTraffic},
	}[from]
	first, then := s.secret(names[0]), s.secret(names[1])
	if first == nil || then == nil {
		return errNoKeys
	}
	if s.openers[from], err = s.suite.opener13(first); err != nil {
		return err
	}
	s.next[from], err = s.suite.opener13(then)
	return err
}

func (s *session) begin12() (err error) {
	master := s.secret(labelMaster)
	if master == nil {
		return errNoKeys
	}
	s.openers, err = s.suite.openers12(master, s.random[frame.Client], s.random[frame.Server])
	return err
}

// retry is the random of a hello with which a server asks for another one (RFC
// 8446 section 4.1.3).
var retry = []byte("\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91\xC2\xA2\x11\x67\xAB\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C")

// hello learns what a hello at the start of p tells. Its random stands in the
// first record, however long the hello is.
func (s *session) hello(from frame.Side, p []byte) error {
	const random = 4 + 2
	if s.random[from] != nil || len(p) < random+32 {
		if s.random[from] == nil {
			return errRecord
		}
		return nil
	}
	switch {
	case from == frame.Client && p[0] == helloClient:
		s.random[from] = bytes.Clone(p[random : random+32])
		return nil
	case from == frame.Server && p[0] == helloServer:
		if bytes.Equal(p[random:random+32], retry) {
			return nil
		}
		s.random[from] = bytes.Clone(p[random : random+32])
		return s.choose(p[4:])
	}
	return errRecord
}

// choose learns version and cipher suite from the body of the server's hello
// (RFC 8446 section 4.1.3).
func (s *session) choose(p []byte) error {
	s.version = binary.BigEndian.Uint16(p)
	p = p[2+32:]
	if len(p) < 1 || len(p) < 1+int(p[0])+3 {
		return errRecord
	}
	p = p[1+int(p[0]):]
	s.id = binary.BigEndian.Uint16(p)
	if p = p[3:]; len(p) >= 2 {
		p = p[2:]
	}
	for len(p) >= 4 {
		kind, size := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		if p = p[4:]; size > len(p) {
			break
		}
		const supportedVersions = 43
		if kind == supportedVersions && size == 2 {
			s.version = binary.BigEndian.Uint16(p)
		}
		p = p[size:]
	}
	if s.suite = suites[s.id]; s.suite == nil || s.version != tls.VersionTLS12 && s.version != tls.VersionTLS13 {
		return errSuite
	}
	return nil
}

// leg is what is known of the TLS of a connection.
func (s *session) leg() *frame.TLSLeg {
	return &frame.TLSLeg{Version: tls.VersionName(s.version), Cipher: tls.CipherSuiteName(s.id)}
}
