package replay

import (
	"fmt"
	"sync"

	"github.com/wsluice/wsluice/frame"
)

// maker makes the frames of the client as they have to be this time.
type maker struct {
	extensions frame.Extensions
	deflater   *frame.Deflater // with takeover
	// The fields below are of the message under way.
	payload []byte // what its frames carry
	changed bool   // payload is to be used, not what was recorded
	rsv1    bool   // it is compressed
	why     string // it cannot be sent
}

// begin prepares the message whose first frame is next. Change returns its payload
// as it has to be.
func (k *maker) begin(m *frame.Message, change func() []byte) {
	k.payload, k.changed, k.rsv1, k.why = nil, false, false, ""
	switch {
	case m.Incomplete == frame.Shed:
		k.why = "its payload was not kept"
		return
	case m.Compressed && m.Truncated:
		k.why = fmt.Sprintf("it is too long to be compressed anew: more than %d MiB", maxMessage>>20)
		return
	case m.Truncated || m.Error != "" || m.Incomplete != frame.Whole || !m.Type.Data():
		return // goes as it went
	}
	payload := change()
	if !m.Compressed {
		k.payload, k.changed = payload, string(payload) != string(m.Payload)
		return
	}
	k.payload, k.changed = payload, true
	if k.extensions.Deflate {
		k.payload, k.rsv1 = k.deflate(payload), true
	}
}

// append appends a frame as it has to be on the wire.
func (k *maker) append(dst []byte, m *move) []byte {
	if !k.changed {
		return m.frame.AppendWire(dst)
	}
	h := m.frame.Header
	part := k.payload[scaled(m.start, m.whole, len(k.payload)):scaled(m.end, m.whole, len(k.payload))]
	if m.last {
		part = k.payload[scaled(m.start, m.whole, len(k.payload)):]
	}
	if n := uint64(len(part)); n != h.Length {
		h.Length, h.Extended = n, 0
	}
	if m.message.Compressed && m.first {
		if h.RSV &^= frame.RSV1; k.rsv1 {
			h.RSV |= frame.RSV1
		}
	}
	dst = h.Append(dst)
	at := len(dst)
	dst = append(dst, part...)
	if h.Masked {
		frame.Mask(dst[at:], h.Mask, 0)
	}
	return dst
}

// scaled returns the place in something of size to that stands for the place at in
// something of size from.
func scaled(at, from, to int) int {
	if from == 0 {
		return 0
	}
	return int(int64(at) * int64(to) / int64(from))
}

// deflaters are those of connections without context takeover, by the bits of
// their windows.
var deflaters [16]sync.Pool

// deflate compresses the next message (RFC 7692 section 7.2.1).
func (k *maker) deflate(payload []byte) []byte {
	bits, alone := k.extensions.WindowBits[frame.Client], k.extensions.NoContextTakeover[frame.Client]
	d := k.deflater
	if alone {
		d, _ = deflaters[bits&0xF].Get().(*frame.Deflater)
	}
	if d == nil {
		var err error
		if d, err = frame.NewDeflater(!alone, bits); err != nil {
			k.why = err.Error()
			return nil
		}
	}
	if alone {
		defer deflaters[bits&0xF].Put(d)
	} else {
		k.deflater = d
	}
	return d.Append(nil, payload)
}
