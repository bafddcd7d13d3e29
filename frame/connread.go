package frame

// Next returns the next message: the frames of a data message put together and
// inflated, or a control frame, in the order they ended. Payloads are bounded by
// Limit; rules that are broken are marked as Checker and Assembler do, and bytes
// that make no frame come as messages of the type Opaque.
//
// When the stream has ended, what it left unfinished comes first and then the
// error: io.EOF when the peer ended it, also within a frame. The payload is valid
// until the next call.
func (c *Conn) Next() (Message, error) { return Message{}, errUnwritten }

// NextFrame returns the next frame as it came: unmasked, not inflated, cut to
// Limit. It is numbered from 1 by Seq, among what c has read. Errors are those of
// Next, and what the stream left of a frame comes before them. The payload is
// valid until the next call. A Conn that is read by NextFrame is not to be read
// by Next.
func (c *Conn) NextFrame() (Record, error) { return Record{}, errUnwritten }
