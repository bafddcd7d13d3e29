package store

import (
	"context"
	"fmt"
	"math"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// local is a Source on a file in this process.
type local struct {
	file *file
	// recorder is set when the file is one that is recorded.
	recorder *Recorder

	mu     sync.Mutex
	closed bool
	tail   tail
	tombs  tombs
	pruned uint64  // the last global number that was removed
	places []place // scratch
	// ended are the connections a recorder left open, known when settled is
	// set; of a live capture there are none.
	ended   map[uint64]*storedConnection
	settled bool
}

// OpenFile returns the capture at path as a Source. Errors are as those of Open.
func OpenFile(path string) (Source, error) {
	l, err := openLocal(path)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func openLocal(path string) (*local, error) {
	f, err := openFile(path, true, readTimeout, nil)
	if err != nil {
		return nil, err
	}
	if err := f.view(checkSchema); err != nil {
		f.close()
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	return &local{file: f}, nil
}

// Close implements Source.
func (l *local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.closed = true
	if l.recorder != nil {
		return nil
	}
	return l.file.close()
}

// view runs fn in a read transaction, with the lock held and the tail up to
// date.
func (l *local) view(fn func(*bolt.Tx) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	err := l.file.view(func(tx *bolt.Tx) error {
		if err := l.refresh(tx); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("read capture %s: %w", l.file.path, err)
	}
	return nil
}

// refresh brings what is kept besides the file up to what tx sees.
func (l *local) refresh(tx *bolt.Tx) (err error) {
	if l.pruned, err = metaOptional(tx, keyPruned); err != nil {
		return err
	}
	if err := l.tombs.refresh(tx); err != nil {
		return err
	}
	return l.tail.refresh(tx)
}

// Conns implements Source.
func (l *local) Conns(ctx context.Context, before uint64, n int) ([]frame.Connection, error) {
	var conns []frame.Connection
	err := l.view(func(tx *bolt.Tx) error {
		c, below := tx.Bucket(bucketConns).Cursor(), before
		var next, k, v []byte
		if before > 0 {
			next, _ = c.Seek(u64(before))
		}
		if next == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
		for ; k != nil && len(conns) < n; k, v = c.Prev() {
			if err := ctx.Err(); err != nil {
				return err
			}
			id, err := number("conns", k)
			if err != nil {
				return err
			}
			if below > 0 && id >= below {
				return corrupt("connection %d is out of order", id)
			}
			below = id
			conn, err := l.connection(tx, id, v)
			if err != nil {
				return err
			}
			conns = append(conns, conn)
		}
		return nil
	})
	return conns, err
}

// Conn implements Source.
func (l *local) Conn(_ context.Context, id uint64) (conn frame.Connection, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketConns).Get(u64(id))
		if v == nil {
			return fmt.Errorf("%w: %d", ErrNoConnection, id)
		}
		conn, err = l.connection(tx, id, v)
		return err
	})
	return conn, err
}

// connection returns a connection with the stored form v.
func (l *local) connection(tx *bolt.Tx, id uint64, v []byte) (frame.Connection, error) {
	c, err := l.counted(tx, id, v)
	if err == nil {
		c.Missing, err = l.missing(tx, id)
	}
	return c, err
}

// counted returns a connection with the stored form v and its present counters.
func (l *local) counted(tx *bolt.Tx, id uint64, v []byte) (frame.Connection, error) {
	c := storedConnection{Connection: frame.Connection{ID: id}}
	if err := c.merge(v); err != nil {
		return frame.Connection{}, err
	}
	stat := tx.Bucket(bucketCstat).Get(u64(id))
	if stat == nil {
		return c.Connection, nil
	}
	if l.recorder != nil {
		err := c.merge(stat)
		return c.Connection, err
	}
	if !l.settled {
		ended, err := abandoned(tx)
		if err != nil {
			return frame.Connection{}, err
		}
		l.ended, l.settled = ended, true
	}
	if ended := l.ended[id]; ended != nil {
		return ended.Connection, nil
	}
	return c.Connection, nil
}

// Count implements Source.
func (l *local) Count(_ context.Context, conn uint64) (count uint64, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		if conn == 0 {
			count, err = lastGlobal(tx)
			return err
		}
		if tx.Bucket(bucketConns).Get(u64(conn)) == nil {
			return fmt.Errorf("%w: %d", ErrNoConnection, conn)
		}
		count, err = l.last(tx, conn)
		return err
	})
	return count, err
}

// Blocks implements Source. The blocks are copied, so that they can be inflated
// without holding a transaction.
func (l *local) Blocks(ctx context.Context, ask Request, out *Blocks) error {
	out.Reset()
	out.First, out.Next = ask.From, ask.From
	return l.view(func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if ask.Conn == 0 {
			return l.all(tx, ask, out)
		}
		return l.ofConn(tx, ask, out)
	})
}

// all answers a request for the records of all connections.
func (l *local) all(tx *bolt.Tx, ask Request, out *Blocks) (err error) {
	if out.Last, err = lastGlobal(tx); err != nil || ask.From > out.Last {
		return err
	}
	c := tx.Bucket(bucketBlocks).Cursor()
	var have uint64
	k, v, err := seekBlock(c, ask.From)
	for ; k != nil && err == nil && have < ask.Records && out.Len() < ask.Limit; k, v = c.Next() {
		var e envelope
		if e, err = storedBlock(k, v); err != nil {
			break
		}
		if e.last < out.Next {
			return corrupt("block %d is out of order", e.base)
		}
		if out.Len() == 0 {
			out.First = max(out.First, e.base)
		}
		have += e.last - max(e.base, ask.From) + 1
		if err = l.add(out, ask, &e, v); err != nil {
			break
		}
		out.Next = e.last + 1
	}
	return err
}

// ofConn answers a request for the records of one connection.
func (l *local) ofConn(tx *bolt.Tx, ask Request, out *Blocks) (err error) {
	if out.Last, err = l.last(tx, ask.Conn); err != nil || ask.From > out.Last {
		return err
	}
	spans, err := l.spans(tx, ask.Conn, ask.From, ask.Records, ask.Limit)
	if err != nil {
		return err
	}
	bucket := tx.Bucket(bucketBlocks)
	for _, s := range spans {
		key := u64(s.block)
		v := bucket.Get(key)
		if v == nil {
			return corrupt("index of connection %d names block %d, which is missing", ask.Conn, s.block)
		}
		e, err := storedBlock(key, v)
		if err != nil {
			return err
		}
		if out.Next >= s.first+s.count {
			return corrupt("index of connection %d is out of order at frame %d", ask.Conn, s.first)
		}
		if out.Len() == 0 {
			out.First = max(out.First, s.first)
		}
		if err := l.add(out, ask, &e, v); err != nil {
			return err
		}
		out.Next = s.first + s.count
	}
	return nil
}

// storedBlock reads the header of a block as it is stored.
func storedBlock(k, v []byte) (envelope, error) {
	key, err := number("blocks", k)
	if err != nil {
		return envelope{}, err
	}
	e, err := parseEnvelope(v)
	if err != nil {
		return e, inBlock(key, err)
	}
	if e.base != key || e.count == 0 {
		return e, corrupt("block %d: header claims %d records from %d", key, e.count, e.base)
	}
	return e, nil
}

// add appends the block v to out, without its body when the caller knows it.
// The records of deleted connections in it are hidden.
func (l *local) add(out *Blocks, ask Request, e *envelope, v []byte) error {
	if len(l.tombs.ids) > 0 {
		var err error
		if l.places, err = parseDirectory(l.places[:0], e, v[envelopeSize:envelopeSize+e.directory]); err != nil {
			return err
		}
		if l.tombs.in(l.places) {
			// The caller may know it as it was before.
			out.Add(v)
			l.tombs.hide(out.Block(out.Len()-1), e)
			return nil
		}
	}
	if ask.Known != nil && ask.Known(e.base, e.count) {
		v = v[:envelopeSize+e.directory]
	}
	out.Add(v)
	return nil
}

// Stored implements Source.
func (l *local) Stored(_ context.Context, global uint64) (size uint64, shed bool, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		var flags uint8
		size, flags, err = storedSize(tx, global)
		shed = flags&flagShed != 0
		if err != nil && (global <= l.pruned || len(l.tombs.ids) > 0) {
			err = noFrame(global)
		}
		return err
	})
	return size, shed, err
}

func noFrame(global uint64) error { return fmt.Errorf("%w: %d", ErrNoFrame, global) }

// Part implements Source.
func (l *local) Part(_ context.Context, global, offset uint64) (part []byte, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketChunks).Get(pair(global, offset))
		if part = append(part, v...); v == nil && global <= l.pruned {
			return noFrame(global)
		}
		return nil
	})
	return part, err
}

// Wait implements Source. A file at rest does not change.
func (l *local) Wait(ctx context.Context, version uint64) (uint64, error) {
	var changed <-chan struct{}
	if l.recorder != nil {
		watch, stop := l.recorder.Watch()
		defer stop()
		changed = watch
	}
	for {
		now := uint64(math.MaxUint64)
		err := l.view(func(tx *bolt.Tx) error {
			now = uint64(tx.ID())
			return nil
		})
		if err != nil || now != version {
			return now, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return version, ctx.Err()
		}
	}
}
