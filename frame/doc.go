// Package frame is the vocabulary of wsluice: what RFC 6455 and RFC 7692 put on
// the wire, and how wsluice names what it saw.
//
// Bytes of one direction become messages in this order. While they pass, a
// Scanner finds where frames and messages end. When they are kept, a Cutter cuts
// them into frames, a Checker names the rule a frame breaks, and the frame
// becomes a Record. When they are read, an Assembler makes a Message of the
// records: fragments put together, payload inflated as the Extensions say. A
// Connection tells what is known besides. Record, Message and Connection each
// have one JSON form, the same wherever wsluice writes JSON. A Conn does it all for
// who speaks as one side of a connection, and sends Drafts.
//
// The package promises to keep every distinction the wire makes, also illegal
// ones: a header that was parsed is written back byte for byte. It never rejects
// bytes it was given to look at, never reserves memory because a peer announced
// something. Nothing but a Conn touches a socket or a clock or starts a goroutine,
// and that on the connection it was given.
package frame
