package client

import (
	"fmt"

	"github.com/wsluice/wsluice/frame"
)

// Refused is the answer of a server that did not upgrade the connection.
type Refused struct {
	URL    string
	Status int
	// Reason is what stood behind the status, which is made up by the server.
	Reason string
	Header []frame.Field
	// Body is its beginning, 64 KiB at most.
	Body []byte
}

// Error names the status.
func (e *Refused) Error() string { return fmt.Sprintf("the server answered %d %s", e.Status, e.Reason) }

// HandshakeError is an answer that no client may accept (RFC 6455 section 4.1), or
// none in HTTP.
type HandshakeError struct {
	URL string
	Err error
}

// Error says what is wrong.
func (e *HandshakeError) Error() string { return fmt.Sprintf("handshake with %s: %v", e.URL, e.Err) }

// Unwrap returns what is wrong.
func (e *HandshakeError) Unwrap() error { return e.Err }

// TLSError is a TLS handshake that failed.
type TLSError struct {
	Address string // host and port
	Err     error
}

// Error names the server.
func (e *TLSError) Error() string { return fmt.Sprintf("TLS with %s: %v", e.Address, e.Err) }

// Unwrap returns the error of crypto/tls.
func (e *TLSError) Unwrap() error { return e.Err }

// ConnectError is a server, or a proxy before it, that could not be reached.
type ConnectError struct {
	Address string // host and port of the server
	Err     error
}

// Error names the server.
func (e *ConnectError) Error() string { return fmt.Sprintf("connect to %s: %v", e.Address, e.Err) }

// Unwrap returns what went wrong.
func (e *ConnectError) Unwrap() error { return e.Err }
