package store

import (
	"context"
	"fmt"
	"math"

	bolt "go.etcd.io/bbolt"
)

// Marks returns the marks of the capture by connection and seq, at most 10,000.
// Those of messages that are gone are not among them.
func (r *Reader) Marks(ctx context.Context) ([]Mark, error) { return r.source.Marks(ctx) }

// Marks implements Source.
func (l *local) Marks(ctx context.Context) (marks []Mark, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return l.marks(ctx, tx, func(m Mark) error {
			if len(marks) < maxMarks {
				marks = append(marks, m)
			}
			return nil
		})
	})
	return marks, err
}

// marks calls fn with the marks of messages that are there.
func (l *local) marks(ctx context.Context, tx *bolt.Tx, fn func(Mark) error) error {
	var conn, first uint64
	return eachMark(tx, func(m Mark) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.Conn != conn {
			conn = m.Conn
			var err error
			if first, err = l.first(tx, conn); err != nil {
				return err
			}
		}
		if m.Seq < first {
			return nil
		}
		return fn(m)
	})
}

// eachMark calls fn with every mark there is, also of what is gone.
func eachMark(tx *bolt.Tx, fn func(Mark) error) error {
	bucket := tx.Bucket(bucketMarks)
	if bucket == nil {
		return nil
	}
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		m, err := parseMark(k, v)
		if err == nil {
			err = fn(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// first returns the seq of the first frame there is of a connection, or a number
// no frame has.
func (l *local) first(tx *bolt.Tx, conn uint64) (uint64, error) {
	if !has(tx.Bucket(bucketConns), u64(conn)) {
		return math.MaxUint64, nil
	}
	spans, err := l.spans(tx, conn, 1, 1, 1)
	if err != nil || len(spans) == 0 {
		return math.MaxUint64, err
	}
	return spans[0].first, nil
}

// SetMark keeps m in the capture that is being recorded, in place of the mark
// its message had; one without label and note takes that away. The frame must be
// there, and durable: else the error is ErrNoConnection or ErrNoFrame. A mark
// beyond its bounds, and one more than 10,000, is ErrMark. Bytes that are not
// UTF-8 are replaced, and a zero Time stands for now. All who Wait are woken.
func (r *Recorder) SetMark(ctx context.Context, m Mark) error {
	if err := setMark(ctx, r, &local{file: r.file, recorder: r}, m); err != nil {
		return fmt.Errorf("mark a message: %w", err)
	}
	return nil
}

// SetMark is as Recorder.SetMark for the capture at path, which nobody records.
// It waits up to 5 seconds for others to close the capture and then returns
// ErrLocked; other errors are as those of Open.
func SetMark(ctx context.Context, path string, m Mark) error {
	if _, err := m.checked(); err != nil {
		return fmt.Errorf("mark a message: %w", err)
	}
	k, err := openKept(path)
	if err != nil {
		return err
	}
	return k.finish("mark a message in", setMark(ctx, k, &local{file: k.file}, m))
}

// setMark keeps m in k, which l reads.
func setMark(ctx context.Context, k keeper, l *local, m Mark) error {
	m, err := m.checked()
	if err == nil && !m.empty() {
		err = l.view(func(tx *bolt.Tx) error { return l.there(tx, m.Conn, m.Seq) })
	}
	if err != nil {
		return err
	}
	return k.update(ctx, func(tx *bolt.Tx) error {
		if m.empty() {
			return unmark(tx, &m)
		}
		if !has(tx.Bucket(bucketConns), u64(m.Conn)) {
			return fmt.Errorf("%w: %d", ErrNoConnection, m.Conn)
		}
		return mark(tx, &m)
	})
}

// there returns an error unless the frame with the given seq is.
func (l *local) there(tx *bolt.Tx, conn, seq uint64) error {
	if !has(tx.Bucket(bucketConns), u64(conn)) {
		return fmt.Errorf("%w: %d", ErrNoConnection, conn)
	}
	spans, err := l.spans(tx, conn, seq, 1, 1)
	if err == nil && (len(spans) == 0 || spans[0].first > seq) {
		err = fmt.Errorf("%w: %d of connection %d", ErrNoFrame, seq, conn)
	}
	return err
}

// mark keeps m.
func mark(tx *bolt.Tx, m *Mark) error {
	marks, err := tx.CreateBucketIfNotExists(bucketMarks)
	if err != nil {
		return err
	}
	key := pair(m.Conn, m.Seq)
	if !has(marks, key) {
		n, c := 0, marks.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			n++
		}
		if n >= maxMarks {
			return fmt.Errorf("%w: the capture has %d marks already", ErrMark, maxMarks)
		}
	}
	return marks.Put(key, appendMark(nil, m))
}

// unmark takes the mark of a message away.
func unmark(tx *bolt.Tx, m *Mark) error {
	marks := tx.Bucket(bucketMarks)
	if marks == nil {
		return nil
	}
	return marks.Delete(pair(m.Conn, m.Seq))
}

// marks checks that every mark can be read.
func (v *verifier) marks() error {
	return v.r.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bucketMarks)
		if bucket == nil {
			return nil
		}
		c := bucket.Cursor()
		for k, value := c.First(); k != nil; k, value = c.Next() {
			if err := v.ctx.Err(); err != nil {
				return err
			}
			m, err := parseMark(k, value)
			if err != nil {
				v.report.problem("%v", err)
				continue
			}
			if first, err := v.r.first(tx, m.Conn); err != nil {
				return err
			} else if m.Seq >= first {
				v.report.Marks++
			}
		}
		return nil
	})
}
