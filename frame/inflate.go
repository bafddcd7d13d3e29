package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// maxWindow is the size in bytes of the largest LZ77 window, that of 15 bits.
const maxWindow = 32 << 10

// defaultMaxInflated is what Inflater.Max of 0 stands for.
const defaultMaxInflated = 256 << 20

// deflateTail is what RFC 7692 section 7.2.2 puts back behind a message, and an
// empty final block so that the decoder knows where to stop.
const deflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

var (
	errMissed   = errors.New("a message it builds on was not seen whole")
	errStopped  = errors.New("stopped")
	errTooLarge = errors.New("inflated size is over the limit")
)

// Inflater inflates the compressed messages of one direction (RFC 7692 section
// 7.2.2). It decodes any window size, and holds up to 32 KiB between messages
// with context takeover, nothing without.
//
// The zero value with Takeover set stands before the first message. An Inflater
// belongs to one goroutine at a time.
type Inflater struct {
	// Takeover is whether messages build on those before them: the opposite of
	// Extensions.NoContextTakeover.
	Takeover bool
	// Max is how many bytes one message may inflate to; 0 means 256 MiB.
	Max int

	window []byte // the end of what was inflated so far, with Takeover
	lost   error  // why the window is not what the sender's is
	done   <-chan struct{}
}

// Append inflates the whole payload of the next compressed message. It appends
// at most keep bytes of the result to dst, and returns the size of all of it.
//
// A payload that is corrupt, cut short or over Max is an error; out then ends
// with what could be inflated. Without Takeover the next message is not
// affected. With Takeover every later one fails, since its beginning is
// missing.
func (f *Inflater) Append(dst, payload []byte, keep int) (out []byte, size uint64, err error) {
	return f.inflate(dst, payload, keep, true)
}

// Skip tells that a compressed message was missed. With Takeover every later
// one fails.
func (f *Inflater) Skip() { f.lose(errMissed) }

// Lost returns why no later message can be inflated, nil when it can.
func (f *Inflater) Lost() error {
	if f.lost == nil {
		return nil
	}
	return fmt.Errorf("inflate: lost the context: %w", f.lost)
}

func (f *Inflater) lose(why error) {
	if f.Takeover && f.lost == nil {
		f.lost = why
		f.window = nil
	}
}

// inflate is Append, which can also take a payload whose end is known to be
// missing: then it is no error that the message ends too early.
func (f *Inflater) inflate(dst, payload []byte, keep int, whole bool) (out []byte, size uint64, err error) {
	if err := f.Lost(); err != nil {
		return dst, 0, err
	}
	if len(payload) == 0 && whole {
		// An empty message is one zero byte, but peers send and take none.
		return dst, 0, nil
	}
	d := decoders.Get().(*decoder)
	defer d.release()
	out, size, err = f.run(d, dst, payload, keep, whole)
	switch {
	case !whole:
		f.lose(errMissed)
		if err == io.ErrUnexpectedEOF {
			return out, size, nil
		}
	case err != nil:
		f.lose(err)
	}
	if err != nil {
		return out, size, fmt.Errorf("inflate: %w", err)
	}
	return out, size, nil
}

func (f *Inflater) run(d *decoder, dst, payload []byte, keep int, whole bool) (out []byte, size uint64, err error) {
	most := uint64(defaultMaxInflated)
	if f.Max > 0 {
		most = uint64(f.Max)
	}
	tail := ""
	if whole {
		tail = deflateTail
	}
	d.start(payload, tail, f.window)
	for {
		n, err := d.flate.Read(d.chunk[:])
		size += uint64(n)
		if size > most {
			return dst, size, fmt.Errorf("%w of %d bytes", errTooLarge, most)
		}
		select {
		case <-f.done:
			return dst, size, errStopped
		default:
		}
		f.slide(d.chunk[:n])
		take := min(n, keep)
		dst = append(dst, d.chunk[:take]...)
		keep -= take
		switch {
		case err == io.EOF && d.source.Len() <= len(tail):
			return dst, size, nil
		case err == io.EOF:
			// RFC 7692 section 7.2.3.4: a final block does not end the message;
			// what follows is a new stream.
			d.restart()
		case err != nil:
			return dst, size, err
		}
	}
}

// slide appends p, a chunk of output, to the window and lets its beginning go.
func (f *Inflater) slide(p []byte) {
	if !f.Takeover {
		return
	}
	if over := len(f.window) + len(p) - maxWindow; over > 0 {
		f.window = f.window[:copy(f.window, f.window[over:])]
	}
	if need := len(f.window) + len(p); need > cap(f.window) {
		grown := make([]byte, 0, min(max(need, 2*cap(f.window)), maxWindow))
		f.window = append(grown, f.window...)
	}
	f.window = append(f.window, p...)
}

// decoder is what inflating one message takes. Decoders are large, so all
// connections share a few.
type decoder struct {
	flate  io.ReadCloser
	source bytes.Reader
	input  []byte
	chunk  [maxWindow / 2]byte
}

var decoders = sync.Pool{New: func() any {
	d := new(decoder)
	d.flate = flate.NewReader(&d.source)
	return d
}}

func (d *decoder) start(payload []byte, tail string, window []byte) {
	d.input = append(append(d.input[:0], payload...), tail...)
	d.source.Reset(d.input)
	d.reset(window)
}

func (d *decoder) restart() { d.reset(nil) }

func (d *decoder) reset(window []byte) {
	// Reset of a flate reader never fails.
	_ = d.flate.(flate.Resetter).Reset(&d.source, window)
}

// release gives d back, without the memory of an unusually large message.
func (d *decoder) release() {
	if cap(d.input) > 1<<20 {
		d.input = nil
	}
	decoders.Put(d)
}
