package client

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/wsluice/wsluice/frame"
)

// Refused is the answer of a server that did not upgrade the connection.
type Refused struct {
	URL    string
	Status int
	// Reason is what stood behind the status.
	Reason string
	Header []frame.Field
	// Body is its beginning, 64 KiB at most.
	Body []byte
}

// Error names the status.
func (e *Refused) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the server answered %d %s", e.Status, harmless(e.Reason)))
}

// harmless quotes s, which a peer may have made, if there is more than plain text
// in it.
func harmless(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(s)
	}
	return s
}

// HandshakeError is an answer that no client may accept (RFC 6455 section 4.1), or
// that is not HTTP.
type HandshakeError struct {
	URL string
	Err error
}

// Error says what is wrong.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("handshake with %s: %s", e.URL, harmless(e.Err.Error()))
}

// Unwrap returns what is wrong.
func (e *HandshakeError) Unwrap() error { return e.Err }

// TLSError is a TLS handshake that failed.
type TLSError struct {
	Address string // host and port
	Err     error
}

// Error names the server.
func (e *TLSError) Error() string {
	return fmt.Sprintf("TLS with %s: %s", e.Address, harmless(e.Err.Error()))
}

// Unwrap returns the error of crypto/tls.
func (e *TLSError) Unwrap() error { return e.Err }

// ConnectError is a server, or a proxy before it, that could not be reached or did
// not answer.
type ConnectError struct {
	Address string // host and port of the server
	Err     error
}

// Error names the server.
func (e *ConnectError) Error() string {
	return fmt.Sprintf("connect to %s: %s", e.Address, harmless(e.Err.Error()))
}

// Unwrap returns what went wrong.
func (e *ConnectError) Unwrap() error { return e.Err }
