package frame

// Assembler makes messages of the records of one connection, both directions
// together. The zero value with the exported fields set is ready for the
// connection's first record; an Assembler belongs to one goroutine at a time.
//
// Nothing pushed is lost: a message that another one interrupts comes out as
// Unfinished, a continuation of nothing and opaque bytes are messages of their
// own.
type Assembler struct {
	// Extensions are those of the connection.
	Extensions Extensions
	// Limit is how many payload bytes a message holds at most; 0 means 64 MiB.
	Limit int
	// Load returns the whole payload of a record that came with only the
	// beginning of it (len(r.Payload) < r.Stored). It is not called for
	// payloads over the limit. Without it messages hold what the records held.
	Load func(r *Record) ([]byte, error)
}

// Push takes the next record of the connection and returns the messages it
// completes, none to two, in the order they ended. Control frames come out at
// once, also between the fragments of a message. The slice and the payloads,
// which may alias r.Payload, are valid until the next call.
func (a *Assembler) Push(r *Record) []Message { return nil }

// Flush returns the messages that were not finished when the connection ended.
// The result is valid until the next call.
func (a *Assembler) Flush() []Message { return nil }
