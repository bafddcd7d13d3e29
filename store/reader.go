package store

import (
	"bytes"
	"fmt"
	"math"
	"sort"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// readTimeout is how long Open waits for a recorder that is just closing.
const readTimeout = 300 * time.Millisecond

// Reader reads a capture. Its methods may be called from any goroutine. What
// they return belongs to the caller.
type Reader struct {
	file *file
	live bool // the file is a recorder's

	mu     sync.Mutex
	closed bool
	tail   tail
	cache  cache
	// ended are the connections a recorder left open, known when counted is
	// set; of a live capture there are none.
	ended   map[uint64]*storedConnection
	counted bool
}

// Open opens the capture at path for reading. Any number of processes may read
// a capture, but none while it is recorded: that is ErrLocked. Other errors
// wrap ErrNotCapture, ErrVersion, ErrCorrupt or fs.ErrNotExist.
func Open(path string) (*Reader, error) {
	f, err := openFile(path, true, readTimeout, nil)
	if err != nil {
		return nil, err
	}
	if err := f.view(checkSchema); err != nil {
		f.close()
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	return newReader(f, false), nil
}

func newReader(f *file, live bool) *Reader {
	return &Reader{file: f, live: live}
}

// Close lets go of the capture.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.closed = true
	if r.live {
		return nil
	}
	return r.file.close()
}

// view runs fn in a read transaction, with the reader's lock held and its tail
// up to date.
func (r *Reader) view(fn func(*bolt.Tx) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	err := r.file.view(func(tx *bolt.Tx) error {
		if err := r.tail.refresh(tx); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("read capture %s: %w", r.file.path, err)
	}
	return nil
}

// Conns returns up to n connections with ids below before, newest first; 0
// stands for the end.
func (r *Reader) Conns(before uint64, n int) ([]frame.Connection, error) {
	var conns []frame.Connection
	err := r.view(func(tx *bolt.Tx) error {
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
			id, err := number("conns", k)
			if err != nil {
				return err
			}
			if below > 0 && id >= below {
				return corrupt("connection %d is out of order", id)
			}
			below = id
			conn, err := r.connection(tx, id, v)
			if err != nil {
				return err
			}
			conns = append(conns, conn)
		}
		return nil
	})
	return conns, err
}

// Conn returns the connection with the given id, or ErrNoConnection.
func (r *Reader) Conn(id uint64) (conn frame.Connection, err error) {
	err = r.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketConns).Get(u64(id))
		if v == nil {
			return fmt.Errorf("%w: %d", ErrNoConnection, id)
		}
		conn, err = r.connection(tx, id, v)
		return err
	})
	return conn, err
}

// connection returns a connection with the stored form v.
func (r *Reader) connection(tx *bolt.Tx, id uint64, v []byte) (frame.Connection, error) {
	c := storedConnection{Connection: frame.Connection{ID: id}}
	if err := c.merge(v); err != nil {
		return frame.Connection{}, err
	}
	stat := tx.Bucket(bucketCstat).Get(u64(id))
	if stat == nil {
		return c.Connection, nil
	}
	if r.live {
		err := c.merge(stat)
		return c.Connection, err
	}
	if !r.counted {
		ended, err := abandoned(tx)
		if err != nil {
			return frame.Connection{}, err
		}
		r.ended, r.counted = ended, true
	}
	if ended := r.ended[id]; ended != nil {
		return ended.Connection, nil
	}
	return c.Connection, nil
}

// Count returns how many frames a connection has, or with 0, the capture: the
// number of its last one. It returns ErrNoConnection for an unknown connection.
func (r *Reader) Count(conn uint64) (count uint64, err error) {
	err = r.view(func(tx *bolt.Tx) error {
		if conn == 0 {
			count, err = lastGlobal(tx)
			return err
		}
		if tx.Bucket(bucketConns).Get(u64(conn)) == nil {
			return fmt.Errorf("%w: %d", ErrNoConnection, conn)
		}
		count, err = r.last(tx, conn)
		return err
	})
	return count, err
}

// last returns the seq of the last frame of a connection.
func (r *Reader) last(tx *bolt.Tx, conn uint64) (uint64, error) {
	if spans := r.tail.spans[conn]; len(spans) > 0 {
		s := spans[len(spans)-1]
		return s.first + s.count - 1, nil
	}
	k, v := seekRun(tx.Bucket(bucketCidx).Cursor(), conn, math.MaxUint64)
	run, err := connRun(nil, conn, k, v)
	if err != nil || len(run) == 0 {
		return 0, err
	}
	s := run[len(run)-1]
	return s.first + s.count - 1, nil
}

// spans returns where the records of conn from seq on lie, in order, until they
// are at least want records in more than no spans, or limit spans.
func (r *Reader) spans(tx *bolt.Tx, conn, seq, want uint64, limit int) ([]span, error) {
	var out []span
	var have uint64
	enough := func(spans []span) bool {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].first+spans[i].count > seq })
		for _, s := range spans[i:] {
			out = append(out, s)
			if have += s.first + s.count - max(seq, s.first); have >= want || len(out) >= limit {
				return true
			}
		}
		return false
	}
	c := tx.Bucket(bucketCidx).Cursor()
	var run []span
	for k, v := seekRun(c, conn, seq); k != nil; k, v = c.Next() {
		var err error
		if run, err = connRun(run[:0], conn, k, v); err != nil {
			return nil, err
		}
		if len(run) == 0 {
			break
		}
		if enough(run) {
			return out, nil
		}
	}
	enough(r.tail.spans[conn])
	return out, nil
}

// seekRun moves c, a cursor over cidx, to the last key of conn up to seq, or if
// there is none to the first key behind it.
func seekRun(c *bolt.Cursor, conn, seq uint64) (k, v []byte) {
	key := pair(conn, seq)
	if k, v = c.Seek(key); bytes.Equal(k, key) {
		return k, v
	}
	if k == nil {
		k, v = c.Last()
	} else {
		k, v = c.Prev()
	}
	switch {
	case k == nil:
		return c.First()
	case !bytes.HasPrefix(k, key[:8]):
		return c.Next()
	}
	return k, v
}

// connRun reads a value of cidx; it returns no spans when it is not conn's.
func connRun(dst []span, conn uint64, k, v []byte) ([]span, error) {
	if k == nil {
		return nil, nil
	}
	a, first, err := numbers("cidx", k)
	if err != nil || a != conn {
		return nil, err
	}
	return parseRun(dst, conn, first, v)
}
