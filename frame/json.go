package frame

// AppendJSON appends the one JSON form of m to dst.
func (m *Message) AppendJSON(dst []byte) []byte { return dst }

// AppendJSON appends the one JSON form of r to dst, with wire also the whole
// frame as it was on the wire.
func (r *Record) AppendJSON(dst []byte, wire bool) []byte { return dst }

// AppendJSON appends the one JSON form of c to dst.
func (c *Connection) AppendJSON(dst []byte) []byte { return dst }
