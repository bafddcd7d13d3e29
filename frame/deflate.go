package frame

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/flate"
)

// Deflater compresses the messages of one direction (RFC 7692 section 7.2.1).
// It holds about 1 MiB and belongs to one goroutine at a time.
type Deflater struct {
	writer   *flate.Writer
	out      bytes.Buffer
	takeover bool
}

// NewDeflater returns a Deflater that makes no reference further back than a
// window of 2^windowBits bytes, 8 to 15, and with takeover builds each message
// on those before it.
func NewDeflater(takeover bool, windowBits uint8) (*Deflater, error) {
	if windowBits < 8 || windowBits > 15 {
		return nil, fmt.Errorf("deflate: window of %d bits is not one of 8 to 15", windowBits)
	}
	d := &Deflater{takeover: takeover}
	var err error
	if d.writer, err = flate.NewWriterWindow(&d.out, 1<<windowBits); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	return d, nil
}

// Append appends the compressed form of the next message to dst.
func (d *Deflater) Append(dst, message []byte) []byte {
	d.out.Reset()
	if !d.takeover {
		d.restart()
	}
	// The writer fails only when its destination does, and a buffer does not.
	_, _ = d.writer.Write(message)
	_ = d.writer.Flush()
	// Section 7.2.1 leaves out the four bytes every flush ends with.
	return append(dst, d.out.Bytes()[:d.out.Len()-4]...)
}

// restart has the next message refer to none before it.
func (d *Deflater) restart() { d.writer.Reset(&d.out) }
