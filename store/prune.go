package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Bound says what of a capture is to be kept. A zero field is no bound.
type Bound struct {
	// Before: what was recorded before goes.
	Before time.Time
	// Size is how many bytes of the file may stay in use. The oldest frames go
	// first.
	Size int64
}

// check returns an error unless b bounds something.
func (b Bound) check() error {
	switch {
	case b.Size < 0:
		return fmt.Errorf("size %d is negative", b.Size)
	case b.Size == 0 && b.Before.IsZero():
		return errors.New("neither a time nor a size bounds what is kept")
	}
	return nil
}

// trimmer returns one that removes what is beyond b.
func (b Bound) trimmer() trimmer {
	if b.Before.IsZero() {
		return trimmer{}
	}
	return trimmer{before: b.Before.UnixNano()}
}

// Pruned is what was removed from a capture.
type Pruned struct {
	Frames      uint64 // frames, counted by their blocks
	Connections uint64 // connections of which nothing is left
	Bytes       int64  // stored bytes of both
}

func (p *Pruned) add(more Pruned) {
	p.Frames += more.Frames
	p.Connections += more.Connections
	p.Bytes += more.Bytes
}

// Prune removes the oldest frames of the capture at path until what is left is
// within b: whole blocks of 64 KiB with frames of all connections. A connection
// goes with its last frame; one that has none goes when its time has come. The
// file keeps its size, but what is recorded next takes the room; Compact makes
// it smaller.
//
// Progress, unless it is nil, is told the frames removed and how many there
// were. When ctx ends, what was removed until then stays removed. Prune waits up
// to 5 seconds for others to close the capture and then returns ErrLocked, as
// while it is recorded; other errors are as those of Open.
func Prune(ctx context.Context, path string, b Bound, progress func(done, total int64)) (Pruned, error) {
	if err := b.check(); err != nil {
		return Pruned{}, fmt.Errorf("prune %s: %w", path, err)
	}
	k, err := openKept(path)
	if err != nil {
		return Pruned{}, err
	}
	done, err := prune(ctx, k, b, progress)
	return done, k.finish("prune", err)
}

// keeper is a capture that is open for care.
type keeper interface {
	// update runs fn in a transaction.
	update(ctx context.Context, fn func(*bolt.Tx) error) error
	// used returns how many bytes of the file are in use.
	used() (int64, error)
}

// prune removes what is beyond b from k.
func prune(ctx context.Context, k keeper, b Bound, progress func(done, total int64)) (done Pruned, err error) {
	t := b.trimmer()
	var total uint64
	for {
		var need int64
		if b.Size > 0 {
			used, err := k.used()
			if err != nil {
				return done, err
			}
			need = used - b.Size
		}
		var w *trimming
		err := k.update(ctx, func(tx *bolt.Tx) (err error) {
			if total == 0 {
				if total, err = countFrames(tx); err != nil {
					return err
				}
			}
			w, err = t.trim(tx, need)
			return err
		})
		if err != nil {
			return done, err
		}
		t = w.trimmer
		done.add(w.done)
		if progress != nil {
			progress(int64(min(done.Frames, total)), int64(total))
		}
		if w.idle || need <= 0 && b.Before.IsZero() {
			return done, nil
		}
	}
}

// countFrames returns how many frames the capture has.
func countFrames(tx *bolt.Tx) (uint64, error) {
	last, err := lastGlobal(tx)
	if err != nil {
		return 0, err
	}
	pruned, err := metaOptional(tx, keyPruned)
	return last - min(pruned, last), err
}

// kept is a keeper on a file that nobody records.
type kept struct{ file *file }

// openKept opens the capture at path, which must exist, for writing, and makes
// it ready as a recorder does.
func openKept(path string) (*kept, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, fmt.Errorf("open capture: %w", err)
	case info.Size() == 0:
		return nil, fmt.Errorf("open capture %s: %w: the file is empty", path, ErrNotCapture)
	}
	f, err := openFile(path, false, lockTimeout, nil)
	if err != nil {
		return nil, err
	}
	err = f.update(func(tx *bolt.Tx) error {
		if err := checkSchema(tx); err != nil {
			return err
		}
		if err := upgrade(tx); err != nil {
			return err
		}
		_, err := recoverCapture(tx)
		return err
	})
	if err != nil {
		f.close()
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	return &kept{file: f}, nil
}

func (k *kept) update(ctx context.Context, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.file.lightenFreelist()
	return k.file.update(fn)
}

func (k *kept) used() (int64, error) { return k.file.used() }

// finish closes the capture and returns the first error, with what was done.
func (k *kept) finish(doing string, err error) error {
	if closing := k.file.close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, k.file.path, err)
	}
	return nil
}
