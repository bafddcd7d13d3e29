package proxy

import "github.com/wsluice/wsluice/frame"

// recoder is transcode mode: it compresses the messages of a direction anew
// after their receiver has got something else than was sent, or nothing, because
// with context takeover what follows may refer to that (RFC 7692 section 7.1.1).
//
// What the receiver has inflated and what the sender has compressed agree again
// when a whole window of the same bytes has gone through.
type recoder struct {
	deflater *frame.Deflater
	window   int // in bytes
	same     int // bytes since the last difference
	buffer   []byte
}

func newRecoder(windowBits uint8) *recoder {
	// Extensions never hold other than 8 to 15 bits.
	deflater, err := frame.NewDeflater(true, windowBits)
	if err != nil {
		panic(err)
	}
	return &recoder{deflater: deflater, window: 1 << windowBits}
}

// differ takes note that sender and receiver do not agree from here on.
func (r *recoder) differ() { r.same = 0 }

// agrees reports whether what comes next can be passed as it is.
func (r *recoder) agrees() bool { return r.same >= r.window }

// wire returns a message in one frame, compressed anew. The bytes it came in tell
// its type and its key. The result is valid until the next call.
func (r *recoder) wire(came, payload []byte) []byte {
	h, _ := frame.Parse(came)
	body := r.deflater.Append(nil, payload)
	r.same += len(payload)
	h.Fin, h.Extended, h.Length = true, 0, uint64(len(body))
	if h.Masked {
		frame.Mask(body, h.Mask, 0)
	}
	r.buffer = append(h.Append(r.buffer[:0]), body...)
	return r.buffer
}
