// Package pcapng writes captures as the packets that would have been seen on a
// network without TLS, for Wireshark and its relatives, and finds WebSocket
// connections in packets that were captured elsewhere.
//
// It promises that every frame in a file it wrote is byte for byte what its
// receiver got, masks and compression included, in TCP streams without flaws: what
// a capture does not hold is a gap in the stream and never filled in. Only frames
// that were compressed anew on their way are as they were sent, and say so. Of what it
// reads nothing is reserved because a file announces it, and what it cannot make
// a connection of is counted by its kind. It never guesses bytes, opens no files
// and starts no goroutines.
//
// Blocks (draft-ietf-opsawg-pcapng) and packets are made and taken apart here:
// there are few kinds, and each length in them has to be doubted.
package pcapng
