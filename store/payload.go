package store

import (
	"bytes"
	"context"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"
)

// storedSize returns how much of the payload of a record is in chunks, and the
// flags of its last part.
func storedSize(tx *bolt.Tx, global uint64) (uint64, uint8, error) {
	c := tx.Bucket(bucketChunks).Cursor()
	var k, v []byte
	if next, _ := c.Seek(pair(global+1, 0)); next == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	if k == nil {
		return 0, 0, corrupt("frame %d has no payload", global)
	}
	owner, offset, err := numbers("chunks", k)
	if err != nil {
		return 0, 0, err
	}
	if owner != global {
		return 0, 0, corrupt("frame %d has no payload", global)
	}
	e, err := parsePart(global, offset, v)
	return offset + uint64(e.rawSize), e.flags, err
}

// parsePart reads the header of the part of a payload at the given offset.
func parsePart(global, offset uint64, v []byte) (envelope, error) {
	e, err := parseEnvelope(v)
	switch {
	case err != nil:
	case e.count != 0 || e.directory != 0 || e.base != global || e.last != offset || offset+uint64(e.rawSize) < offset:
		err = corrupt("header belongs to another part")
	}
	if err != nil {
		return envelope{}, fmt.Errorf("payload of frame %d at %d: %w", global, offset, err)
	}
	return e, nil
}

// Payload returns the whole stored payload of the frame with the given global
// number, unmasked, as a stream that holds at most 128 KiB at a time. It
// returns ErrNoFrame when there is no such frame.
func (r *Reader) Payload(ctx context.Context, global uint64) (io.ReadCloser, error) {
	var chunked, found bool
	var payload []byte
	err := r.page(ctx, 0, global, 1, func(b *block) (bool, error) {
		var w walk
		w.start(b)
		ok, err := w.seek(0, global)
		found = ok && w.rec.Global == global
		chunked, payload = w.rec.chunked, w.rec.Payload
		return true, err
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("%w: %d", ErrNoFrame, global)
	case !chunked:
		return io.NopCloser(bytes.NewReader(payload)), nil
	}
	return &payloadReader{ctx: ctx, source: r.source, global: global}, nil
}

// payloadReader streams a payload out of chunks. Every read asks anew, so it
// holds nothing up.
type payloadReader struct {
	ctx    context.Context
	source Source
	global uint64
	offset uint64 // of the part behind the one in buf
	buf    []byte
	rest   []byte // of buf
	end    bool
}

func (p *payloadReader) Read(dst []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.end {
			return 0, io.EOF
		}
		if err := p.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// fetch reads the next part; where there is none, the payload ends.
func (p *payloadReader) fetch() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	v, err := p.source.Part(p.ctx, p.global, p.offset)
	if err != nil {
		return err
	}
	if v == nil {
		p.end = true
		return nil
	}
	e, err := parsePart(p.global, p.offset, v)
	if err != nil {
		return err
	}
	if _, p.buf, err = e.open(p.buf[:0], v); err != nil {
		return fmt.Errorf("payload of frame %d at %d: %w", p.global, p.offset, err)
	}
	p.rest = p.buf
	p.offset += uint64(len(p.rest))
	p.end = e.flags&flagEnd != 0 || len(p.rest) == 0
	return nil
}

func (p *payloadReader) Close() error {
	p.end, p.rest = true, nil
	return nil
}
