// Package frame is the vocabulary of wsluice: what RFC 6455 and RFC 7692 put on
// the wire, and how wsluice names what it saw.
//
// It holds the frame header codec, opcodes, close codes, the boundary scanner
// used while bytes pass, the cutter used when they are recorded, legality
// checks, message assembly, permessage-deflate, and the values every other
// room talks about: Record (one frame), Message (one message) and Connection
// (one connection), with their one JSON form.
//
// It promises to keep every distinction the wire makes, also illegal ones: a
// header that was parsed is written back byte for byte. It never rejects bytes
// it was given to look at, never touches a socket, a file or a clock, and never
// starts a goroutine.
package frame
