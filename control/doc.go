// Package control is the door of a capture that is being recorded: other
// processes read the capture and act on the recording through it.
//
// The recorder's process runs a Server, which speaks HTTP on a Unix socket that
// only the capture's owner can reach. Dial finds the socket by the capture's
// path and returns a Client, which is a store.Source like a file. Open is how a
// capture is read wherever it is: it moves between file and socket, in both
// directions and at any time, as recorders come and go.
//
// A reader costs the recorder nothing but the reader's own connection: what it
// asks for is copied before it is sent, so that one which is slow, stopped or
// dead holds neither a transaction nor memory that grows, and is dropped when
// it takes nothing for a minute. A reader at rest holds no lock that keeps a
// recorder from starting.
//
// What intervenes in live connections goes the same way. Messages are held for a
// client only as long as it takes what is said of them: they are released when it
// leaves, dies, or is stopped.
//
// The package never listens on a network, and never trusts a folder or a socket
// that another user could have put there.
package control
