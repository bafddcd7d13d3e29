package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// readTimeout is how long Open waits for a recorder that is just closing.
const readTimeout = 300 * time.Millisecond

// Reader reads a capture. Its methods may be called from any goroutine, and
// return soon after their context has ended. What they return belongs to the
// caller.
//
// It keeps the blocks that were read last, 128 of them, and up to 64 MiB of what
// lets a walk begin in the middle of a connection that is compressed with context
// takeover, once one has gone through it.
type Reader struct {
	source Source

	mu    sync.Mutex
	cache cache
	// asked holds *Blocks between calls: a page of one in a thousand connections
	// fills megabytes.
	asked sync.Pool

	bookmarks bookmarks
}

// NewReader returns a reader of what the source holds. It closes the source
// when it is closed.
func NewReader(source Source) *Reader { return &Reader{source: source} }

// Open opens the capture at path for reading. Any number of processes may read
// a capture, but none while it is recorded: that is ErrLocked. Other errors
// wrap ErrNotCapture, ErrVersion, ErrCorrupt or fs.ErrNotExist.
func Open(path string) (*Reader, error) {
	source, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	return NewReader(source), nil
}

// Close lets go of the capture.
func (r *Reader) Close() error { return r.source.Close() }

// Conns returns up to n connections with ids below before, newest first; 0
// stands for the end.
func (r *Reader) Conns(ctx context.Context, before uint64, n int) ([]frame.Connection, error) {
	return r.source.Conns(ctx, before, n)
}

// Conn returns the connection with the given id, or ErrNoConnection.
func (r *Reader) Conn(ctx context.Context, id uint64) (frame.Connection, error) {
	return r.source.Conn(ctx, id)
}

// Count returns how many frames a connection has had, or with 0, the capture:
// the number of its last one. It returns ErrNoConnection for an unknown
// connection.
func (r *Reader) Count(ctx context.Context, conn uint64) (uint64, error) {
	return r.source.Count(ctx, conn)
}

// Wait returns the version of the capture as soon as it is another than the
// given one, and the error of ctx when that ends first. A follower takes the
// version, reads to the end, and waits for another. No version is 0.
func (r *Reader) Wait(ctx context.Context, version uint64) (uint64, error) {
	return r.source.Wait(ctx, version)
}

// Events returns up to n events with numbers above after, oldest first.
func (r *Reader) Events(ctx context.Context, after uint64, n int) ([]Event, error) {
	return r.source.Events(ctx, after, n)
}

// Snapshot writes a copy of the capture to w, a consistent one also while it is
// recorded. It fails when w takes nothing for 30 seconds, but does not return
// before w does.
func (r *Reader) Snapshot(ctx context.Context, w io.Writer) error {
	return r.source.Snapshot(ctx, w)
}

// resolve sets what a record whose payload is in chunks leaves open.
func (r *Reader) resolve(ctx context.Context, d *decoded) error {
	if !d.chunked {
		return nil
	}
	size, shed, err := r.source.Stored(ctx, d.Global)
	if errors.Is(err, ErrNoFrame) {
		// It was pruned or deleted just now; its beginning is what is left.
		d.Incomplete = frame.Cut
		return nil
	}
	if err != nil {
		return err
	}
	d.Stored = size
	switch {
	case shed:
		d.Incomplete = frame.Shed
	case size < d.Header.Length:
		d.Incomplete = frame.Cut
	}
	return nil
}

// errReplaced: a block that came without its body is not the one in the cache,
// since another file has taken the place of the capture.
var errReplaced = errors.New("capture was replaced")

// load returns block i of stored, from the cache or into it. Held are the blocks
// that came without their body.
func (r *Reader) load(stored *Blocks, i int, held map[uint64]*block) (*block, error) {
	p := stored.Block(i)
	e, err := parseEnvelope(p)
	if err != nil {
		return nil, err
	}
	if b := held[e.base]; b != nil {
		if b.sum != storedSum(p) {
			return nil, errReplaced
		}
		return b, nil
	}
	b := new(block)
	if err := b.parse(p); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache.put(b)
	return b, nil
}

func (r *Reader) loadAll(ctx context.Context, to []*block, stored *Blocks, held map[uint64]*block) ([]*block, error) {
	for i := range stored.Len() {
		if err := ctx.Err(); err != nil {
			return to, err
		}
		b, err := r.load(stored, i, held)
		if err != nil {
			return to, err
		}
		to = append(to, b)
	}
	return to, nil
}

// forget empties the cache.
func (r *Reader) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache = cache{}
}

// known returns a Request.Known that answers from the cache and keeps in held
// what it says is known.
func (r *Reader) known(held map[uint64]*block) func(uint64, uint32) bool {
	return func(key uint64, records uint32) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		b := r.cache.get(key, records)
		if b != nil {
			held[key] = b
		}
		return b != nil
	}
}

// page calls fn with the blocks that hold the records of conn from the given one
// on, in order, until fn returns true or there are no more.
func (r *Reader) page(ctx context.Context, conn, from, want uint64, fn func(*block) (bool, error)) error {
	const limit = 256
	stored, ok := r.asked.Get().(*Blocks)
	if !ok {
		stored = new(Blocks)
	}
	defer r.asked.Put(stored)
	var blocks []*block
	for {
		held := make(map[uint64]*block)
		ask := Request{Conn: conn, From: from, Records: want, Limit: limit, Known: r.known(held)}
		if err := r.source.Blocks(ctx, ask, stored); err != nil || stored.Len() == 0 {
			return err
		}
		var err error
		if blocks, err = r.loadAll(ctx, blocks[:0], stored, held); errors.Is(err, errReplaced) {
			r.forget()
			continue
		}
		if err != nil {
			return fmt.Errorf("read capture: %w", err)
		}
		for _, b := range blocks {
			if done, err := fn(b); done || err != nil {
				return err
			}
		}
		if from = stored.Next; from > stored.Last {
			return nil
		}
	}
}
