package frame

// Extensions are the extensions a connection uses, as negotiated.
type Extensions struct {
	// Deflate is whether permessage-deflate is in use, with the parameters
	// below (RFC 7692 section 7.1).
	Deflate bool
	// NoContextTakeover is, by the Side that compresses, whether every message
	// is compressed on its own.
	NoContextTakeover [2]bool
	// WindowBits is, by the Side that compresses, the base-2 logarithm of the
	// LZ77 window, 8 to 15.
	WindowBits [2]uint8
	// Unknown names the other extensions, in order.
	Unknown []string
}

// RSV returns the bits of Header.RSV that the extensions give a meaning:
// none, RSV1 for permessage-deflate alone, or all when any is unknown.
func (e Extensions) RSV() uint8 {
	switch {
	case len(e.Unknown) > 0:
		return RSV1 | RSV2 | RSV3
	case e.Deflate:
		return RSV1
	}
	return 0
}

// ParseExtensions reads the value of a response's Sec-WebSocket-Extensions
// field; several fields are joined by commas.
func ParseExtensions(value string) Extensions { return Extensions{} }
