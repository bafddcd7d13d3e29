package frame

// Checker finds the rules the frames of one direction break. It keeps apart
// from parsing: a frame that breaks a rule is a frame all the same. It
// allocates nothing and belongs to one goroutine at a time.
//
// The zero value with From and RSV set stands before the first frame.
type Checker struct {
	// From is the side whose frames these are.
	From Side
	// RSV holds the bits of Header.RSV that were given a meaning, see
	// Extensions.RSV. RSV1 alone means permessage-deflate.
	RSV uint8

	within bool // within a fragmented message
	closed bool // a close frame has passed
}

// Check returns the first rule the next frame breaks. The payload is unmasked;
// that of a control frame must be whole, that of a data frame is not looked at
// and may be absent.
func (c *Checker) Check(h *Header, payload []byte) Violation { return Legal }
