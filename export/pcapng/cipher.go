package pcapng

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	_ "crypto/sha256" // for the suites
	_ "crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/wsluice/wsluice/frame"
)

// suite is what a cipher suite with an AEAD is made of.
type suite struct {
	hash   crypto.Hash
	key    int // bytes of a key
	fixed  int // bytes of the nonce that stand for a connection, in TLS 1.2
	cipher func(key []byte) (cipher.AEAD, error)
}

var (
	aes128 = suite{crypto.SHA256, 16, 4, newGCM}
	aes256 = suite{crypto.SHA384, 32, 4, newGCM}
	chacha = suite{crypto.SHA256, chacha20poly1305.KeySize, 12, chacha20poly1305.New}
)

// suites are the ones that can be read: all of TLS 1.3 that are in use, and of TLS
// 1.2 those with an AEAD (RFC 5288, RFC 5289, RFC 7905).
var suites = map[uint16]*suite{
	tls.TLS_AES_128_GCM_SHA256:          &aes128,
	tls.TLS_AES_256_GCM_SHA384:          &aes256,
	tls.TLS_CHACHA20_POLY1305_SHA256:    &chacha,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256: &aes128,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384: &aes256,
	0x009E:                              &aes128, // with DHE and RSA
	0x009F:                              &aes256,
	0xCCAA:                              &chacha,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:       &aes128,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:       &aes256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:         &aes128,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:         &aes256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:   &chacha,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: &chacha,
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// opener decrypts the records of one direction.
type opener struct {
	suite  *suite
	secret []byte // of TLS 1.3, what the next keys are made of
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

var errRecord = errors.New("a record cannot be decrypted")

// expand is HKDF-Expand-Label without a context (RFC 8446 section 7.1).
func (s *suite) expand(secret []byte, label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(append(append(info, byte(len("tls13 ")+len(label))), "tls13 "+label...), 0)
	return hkdf.Expand(s.hash.New, secret, string(info), n)
}

// opener13 returns the opener of a traffic secret (RFC 8446 section 7.3).
func (s *suite) opener13(secret []byte) (*opener, error) {
	key, err := s.expand(secret, "key", s.key)
	if err != nil {
		return nil, err
	}
	iv, err := s.expand(secret, "iv", 12)
	if err != nil {
		return nil, err
	}
	aead, err := s.cipher(key)
	return &opener{suite: s, secret: secret, aead: aead, iv: iv}, err
}

// update returns the opener that follows o (RFC 8446 section 7.2).
func (o *opener) update() (*opener, error) {
	secret, err := o.suite.expand(o.secret, "traffic upd", o.suite.hash.Size())
	if err != nil {
		return nil, err
	}
	return o.suite.opener13(secret)
}

// open13 decrypts a record of TLS 1.3 and returns its content and its type
// (RFC 8446 section 5.2).
func (o *opener) open13(head, body []byte) (plain []byte, kind byte, err error) {
	plain, err = o.aead.Open(nil, o.nonce(o.iv), body, head)
	if err != nil {
		return nil, 0, errRecord
	}
	o.seq++
	for n := len(plain) - 1; n >= 0; n-- {
		if plain[n] != 0 {
			return plain[:n], plain[n], nil
		}
	}
	return nil, 0, errRecord
}

// nonce is the number of a record over iv.
func (o *opener) nonce(iv []byte) []byte {
	nonce := append([]byte(nil), iv...)
	binary.BigEndian.PutUint64(nonce[len(nonce)-8:], binary.BigEndian.Uint64(nonce[len(nonce)-8:])^o.seq)
	return nonce
}

// openers12 returns the openers of a master secret (RFC 5246 section 6.3).
func (s *suite) openers12(master, clientRandom, serverRandom []byte) (o [2]*opener, err error) {
	block := s.prf(master, "key expansion", append(append([]byte(nil), serverRandom...), clientRandom...), 2*(s.key+s.fixed))
	take := func(n int) []byte {
		part := block[:n:n]
		block = block[n:]
		return part
	}
	for side := range o {
		o[side] = &opener{suite: s}
		if o[side].aead, err = s.cipher(take(s.key)); err != nil {
			return o, err
		}
	}
	for _, side := range [2]frame.Side{frame.Client, frame.Server} {
		o[side].iv = take(s.fixed)
	}
	return o, nil
}

// prf makes n bytes of secret (RFC 5246 section 5).
func (s *suite) prf(secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	sum := func(p ...[]byte) []byte {
		h := hmac.New(s.hash.New, secret)
		for _, p := range p {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// open12 decrypts a record of TLS 1.2 (RFC 5246 section 6.2.3.3).
func (o *opener) open12(head, body []byte) (plain []byte, err error) {
	var nonce []byte
	if o.suite.fixed == 4 {
		if len(body) < 8 {
			return nil, errRecord
		}
		nonce = append(append([]byte(nil), o.iv...), body[:8]...)
		body = body[8:]
	} else {
		nonce = o.nonce(o.iv)
	}
	if len(body) < o.aead.Overhead() {
		return nil, errRecord
	}
	with := binary.BigEndian.AppendUint64(nil, o.seq)
	with = append(with, head[:3]...)
	with = binary.BigEndian.AppendUint16(with, uint16(len(body)-o.aead.Overhead()))
	if plain, err = o.aead.Open(nil, nonce, body, with); err != nil {
		return nil, errRecord
	}
	o.seq++
	return plain, nil
}
