// Package recorded serves captured conversations as the server they were held with.
//
// A client that connects is given the answers of one of the conversations of its
// path: by default each message of the server goes out when the client has said
// what it said before it in the capture, with the pauses of then. Frames are as
// they were captured, opcodes, fragments and illegal bits included; compression is
// agreed on anew. An id the client chose takes the place of the one that was
// captured in the answer to it.
//
// The package knows neither captures nor files: conversations come from a Source,
// what passes goes to a Tape. It bounds what it holds: payloads beyond that are
// read again when they are sent. It never makes up an answer, waits for each
// goroutine it starts, and never trusts what a client or a capture says.
package recorded
