// Package client speaks WebSocket as a client: it reaches a server, directly or
// through a proxy, shakes hands as it was told to, and hands over a frame.Conn
// that sends any frame, legal or not.
//
// The package promises that the request goes out with the fields it was given, in
// their order and spelling, and that what a server answers is held against
// RFC 6455 and RFC 7692 before a connection is handed out: what is wrong is named.
// It bounds what it reads and how long it waits. It never follows a redirect, and
// never trusts a certificate, that it was not told to; it never sends a frame, and
// leaves no goroutine behind.
package client
