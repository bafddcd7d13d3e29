package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// Compact writes the capture at path anew without the room that was left by what
// is gone, and erases for good what was deleted. The new file takes the place of
// the old one when it is complete and on the disk; until then the old one stays
// as it was, whatever happens. Global numbers are given anew from 1; seqs and
// connection ids stay.
//
// Progress, unless it is nil, is told the frames copied and how many there are.
// The disk must have room for both files: otherwise the error wraps
// syscall.ENOSPC. A damaged capture is left alone (ErrCorrupt); other errors are
// as those of Prune.
func Compact(ctx context.Context, path string, codec Codec, progress func(done, total int64)) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("open capture: %w", err)
	}
	k, err := openKept(path)
	if err != nil {
		return err
	}
	draft := draftPath(path)
	err = compact(ctx, k, draft, codec, progress)
	if err == nil && replaceOpen {
		// Nobody else has the file open, and who waits for it looks again.
		if err = replace(draft, path); err != nil {
			os.Remove(draft)
		}
		return k.finish("compact", err)
	}
	if err = k.finish("compact", err); err == nil {
		if err = replace(draft, path); err != nil {
			os.Remove(draft)
			err = fmt.Errorf("compact %s: %w", path, err)
		}
	}
	return err
}

// compact writes what is in k to draft.
func compact(ctx context.Context, k *kept, draft string, codec Codec, progress func(done, total int64)) error {
	used, err := k.used()
	if err != nil {
		return err
	}
	if err := CheckSpace(draft, used); err != nil {
		return err
	}
	to, err := newScribe(draft, codec)
	if err != nil {
		return err
	}
	c := &compactor{ctx: ctx, from: &local{file: k.file}, to: to, progress: progress}
	var app, created []byte
	var issued uint64
	err = c.from.view(func(tx *bolt.Tx) error {
		for _, step := range []func(*bolt.Tx) error{c.blocks, c.connections, c.marks, c.events} {
			if err := step(tx); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		app, created = bytes.Clone(meta.Get(keyApp)), bytes.Clone(meta.Get(keyCreated))
		issued, err = metaOptional(tx, keyIssued)
		return err
	})
	if err != nil {
		return errors.Join(err, to.discard())
	}
	return to.finish(app, created, issued)
}

// compactor copies a capture.
type compactor struct {
	ctx      context.Context
	from     *local
	to       *scribe
	progress func(done, total int64)
	places   []place
	b        block
}

// blocks copies the blocks, and with each the long payloads of its records.
func (c *compactor) blocks(tx *bolt.Tx) error {
	total, err := countFrames(tx)
	if err != nil {
		return err
	}
	var done uint64
	cursor := tx.Bucket(bucketBlocks).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		key, err := number("blocks", k)
		if err != nil {
			return err
		}
		var e envelope
		if c.places, e, err = blockPlaces(c.places[:0], key, v); err != nil {
			return err
		}
		if err := sound(v); err != nil {
			return inBlock(key, err)
		}
		if c.from.tombs.in(c.places) {
			err = c.sift(tx, v)
		} else {
			before := c.to.global
			if err = c.to.write(e, c.places, v); err == nil {
				err = c.payloads(tx, e.base, e.last, func(global uint64) uint64 { return global - e.base + 1 + before })
			}
		}
		if err != nil {
			return err
		}
		if done += uint64(e.count); c.progress != nil {
			c.progress(int64(min(done, total)), int64(total))
		}
	}
	return nil
}

// sift copies the records of a block that do not belong to deleted connections.
func (c *compactor) sift(tx *bolt.Tx, v []byte) error {
	if err := c.b.parse(v); err != nil {
		return err
	}
	numbers, err := c.to.sift(&c.b, func(conn uint64) bool { return c.from.tombs.ids[conn] })
	if err != nil {
		return err
	}
	return c.payloads(tx, c.b.base, c.b.last, func(global uint64) uint64 { return numbers[global] })
}

// payloads copies the long payloads of the records from base to last. Number
// gives their new numbers, 0 for one that is gone.
func (c *compactor) payloads(tx *bolt.Tx, base, last uint64, number func(uint64) uint64) error {
	cursor := tx.Bucket(bucketChunks).Cursor()
	for k, v := cursor.Seek(pair(base, 0)); k != nil; k, v = cursor.Next() {
		global, offset, err := numbers("chunks", k)
		if err != nil || global > last {
			return err
		}
		to := number(global)
		if to == 0 {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		e, err := parsePart(global, offset, v)
		if err == nil {
			err = sound(v)
		}
		if err == nil {
			err = c.to.part(e, to, v)
		}
		if err != nil {
			return fmt.Errorf("payload of frame %d at %d: %w", global, offset, err)
		}
	}
	return nil
}

// connections copies the connections, and notes which of their frames are gone.
func (c *compactor) connections(tx *bolt.Tx) error {
	cursor := tx.Bucket(bucketConns).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		id, err := number("conns", k)
		if err != nil {
			return err
		}
		if _, _, err := connectionEnd(id, v); err != nil {
			return err
		}
		if err := c.to.connection(id, v); err != nil {
			return err
		}
		if err := c.gaps(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// gaps notes the frames of a connection that are gone.
func (c *compactor) gaps(tx *bolt.Tx, id uint64) error {
	missing, err := c.from.missing(tx, id)
	if err != nil || missing == 0 {
		return err
	}
	spans, err := c.from.spans(tx, id, 1, 1, 1)
	if err != nil {
		return err
	}
	if len(spans) == 0 {
		return c.to.gap(id, gap{first: 1, count: missing})
	}
	first := spans[0].first
	if first > 1 {
		if err := c.to.gap(id, gap{first: 1, count: first - 1}); err != nil {
			return err
		}
	}
	return eachGap(tx, id, first, func(g gap) error { return c.to.gap(id, g) })
}

// marks copies the marks of messages that are there.
func (c *compactor) marks(tx *bolt.Tx) error {
	return c.from.marks(c.ctx, tx, c.to.mark)
}

// events copies the event log.
func (c *compactor) events(tx *bolt.Tx) error {
	events := tx.Bucket(bucketEvents)
	if events == nil {
		return nil
	}
	cursor := events.Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		n, err := number("events", k)
		if err == nil {
			_, err = parseEvent(n, v)
		}
		if err == nil {
			err = c.to.event(n, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
