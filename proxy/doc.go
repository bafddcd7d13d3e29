// Package proxy accepts clients, reaches servers for them, and passes what they
// say to each other while a Recorder keeps it.
//
// Clients come as to any HTTP proxy (CONNECT with TLS or plain HTTP inside,
// absolute-form requests) or, in reverse mode, as to a server. HTTP/1.1 in front
// of a WebSocket is goproxy's and net/http's business; from the 101 on a session
// owns both sockets and moves bytes with one goroutine a direction.
//
// It promises that what one end of a WebSocket receives is byte for byte what
// the other end sent, whether that is legal or not; that the bytes are given to
// the recorder in the order they pass and before they pass; that a half-close, a
// reset and a stalled reader are passed on as such; and that Serve returns only
// when every goroutine it started has ended.
//
// It never answers, re-frames, re-masks or repairs a frame, never ends an idle
// connection, and never verifies less than it was told to. What it cannot keep of
// a handshake is the order and letter case of header fields, which net/http
// sorts and unifies (the Sec-WebSocket-* names get their RFC 6455 form back, the
// Upgrade field of a refusal comes in lower case), and the reason phrase of a
// status.
package proxy
