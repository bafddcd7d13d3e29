// Package store keeps captures: what passed through the proxy, in one bbolt
// file per capture.
//
// A Recorder takes runs of bytes from any number of connections, cuts them into
// frames off the caller's path, and commits them in compressed blocks. A Reader
// hands them out again, by connection or all together, without ever loading
// more than a few blocks. The format is described in docs/capture-format.md.
//
// What wsluice sent of its own, kept back or sent on in other bytes is inserted where
// it happened and told apart by its origin, so that the wire on either side of the
// proxy can be read from a capture.
//
// It promises: a frame a commit was acknowledged for survives a crash of the
// process, whole and in order, and no frame before it is missing; every byte
// that was appended can be rebuilt as it was on the wire; what had to be left
// out is marked in its place and counted; memory stays bounded however much
// passes; any file, however damaged, gives an error and never a panic.
//
// What is kept is cared for: a capture is pruned by age or size, also while it is
// recorded, connections are deleted, the file is compacted, and what is left of a
// damaged one is saved. A file is only ever replaced by one that is complete.
// Marks and notes of users are kept with the messages they are on, and go with
// them.
//
// Recording, it never interprets or inflates a payload, never drops a byte unless
// it was told to shed or to keep within a size, and never waits for a reader. It
// never trusts a length it reads.
package store
