package proxy

import (
	"io"
	"net/http"
)

// maxKept is how much of a refusal's body is recorded.
const maxKept = 64 << 10

// body is a response's body on its way to the client.
type body struct {
	io.ReadCloser
	flush func()      // sends on what was written; nil when that can wait
	keep  int         // how many bytes are kept in head
	done  func(*body) // called once when the body ends

	head    []byte
	size    int64
	failure error
	closed  bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.size += int64(n)
	if free := b.keep - len(b.head); free > 0 {
		b.head = append(b.head, p[:min(n, free)]...)
	}
	if err != nil && err != io.EOF {
		b.failure = err
	}
	return n, err
}

// WriteTo is what io.Copy calls. It aborts the response when the server's breaks
// off, since to end it would make half a body look like a whole one.
func (b *body) WriteTo(w io.Writer) (total int64, err error) {
	if b.flush != nil {
		b.flush() // the header, before the first byte may be long in coming
	}
	buf := copyBuffers.get()
	defer copyBuffers.put(buf)
	for {
		n, err := b.Read(*buf)
		if n > 0 {
			written, err := w.Write((*buf)[:n])
			total += int64(written)
			if err != nil {
				b.failure = err
				return total, err
			}
			if b.flush != nil {
				b.flush()
			}
		}
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			panic(http.ErrAbortHandler)
		}
	}
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	if !b.closed {
		b.closed = true
		b.done(b)
	}
	return err
}
