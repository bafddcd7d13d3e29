package store

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

// scribe writes a capture anew, from blocks and parts of others, whose global
// numbers it replaces: they run from 1 without a gap again. It belongs to one
// goroutine.
type scribe struct {
	file    *file
	encoder // for the index
	codec   Codec
	body    []byte
	zstd    bool // a block or part has that codec
}

// Codec is how the blocks of a capture are compressed.
type Codec uint8

// The codecs.
const (
	Kept Codec = iota // as they are
	Zstd              // smaller by a fifth, and a little slower to read
)

// newScribe begins a capture at path, where there is no file.
func newScribe(path string, codec Codec) (*scribe, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	f, err := openFile(path, false, 0, nil)
	if err != nil {
		return nil, err
	}
	// Nobody reads the file before it is complete.
	f.db.NoSync, f.db.NoGrowSync, f.db.NoFreelistSync = true, true, true
	s := &scribe{file: f, codec: codec, encoder: encoder{batch: new(batch)}}
	err = f.update(func(tx *bolt.Tx) error { return initialise(tx, "", time.Now()) })
	if err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

// flush commits what was put when that is much.
func (s *scribe) flush(size int) error {
	if len(s.batch.arena) < size {
		return nil
	}
	err := s.file.update(s.batch.apply)
	s.batch.reset()
	return err
}

// write puts the sound block p with the header e and the given places.
func (s *scribe) write(e envelope, places []place, p []byte) error {
	at := len(s.batch.arena)
	directory := p[envelopeSize : envelopeSize+e.directory]
	e.base, e.last = s.global+1, s.global+uint64(e.count)
	if err := s.seal(&e, directory, p); err != nil {
		return inBlock(e.base, err)
	}
	e.put(s.batch.arena[at:])
	s.batch.add(putBlock, e.base, 0)
	s.placed(e.base, e.last, places)
	return s.flush(batchSize)
}

// sift writes the records of b but those of the connections to drop, and returns
// their new numbers.
func (s *scribe) sift(b *block, drop func(conn uint64) bool) (numbers map[uint64]uint64, err error) {
	numbers = make(map[uint64]uint64)
	spots := make(map[uint64]*spot)
	to := builder{epoch: 1}
	var w walk
	w.start(b)
	for {
		ok, err := w.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		r := &w.rec
		if drop(r.Conn) {
			continue
		}
		if spots[r.Conn] == nil {
			spots[r.Conn] = new(spot)
		}
		d := draft{Record: r.Record, at: r.time, chunked: r.chunked}
		d.Global = s.global + uint64(to.count) + 1
		numbers[r.Global] = d.Global
		to.add(&d, spots[r.Conn])
	}
	if to.count == 0 {
		return numbers, nil
	}
	sealed := to.seal(nil)
	e, err := parseEnvelope(sealed)
	if err != nil {
		return nil, err
	}
	return numbers, s.write(e, to.places, sealed)
}

// seal appends p in the codec wanted. The header e is for the caller to put.
func (s *scribe) seal(e *envelope, directory, p []byte) (err error) {
	b := s.batch
	if s.codec == Kept || e.codec == codecZstd {
		b.arena = append(b.arena, p...)
		s.zstd = s.zstd || e.codec == codecZstd
		return nil
	}
	if _, s.body, err = e.open(s.body[:0], p); err != nil {
		return err
	}
	at := len(b.arena)
	b.arena = e.sealZstd(b.arena, directory, s.body)
	e.codec = b.arena[at+1]
	s.zstd = s.zstd || e.codec == codecZstd
	return nil
}

// placed notes where the records of a block are.
func (s *scribe) placed(base, last uint64, places []place) {
	for _, p := range places {
		s.spans = append(s.spans, span{conn: p.conn, first: p.first, count: p.count, block: base})
	}
	s.global, s.indexed = last, last
	if len(s.spans) >= spanLimit {
		s.index()
	}
}

// part puts the sound part p of the payload of the record global, whose number
// is the new one.
func (s *scribe) part(e envelope, global uint64, p []byte) error {
	e.base = global
	at := len(s.batch.arena)
	if err := s.seal(&e, nil, p); err != nil {
		return fmt.Errorf("payload of frame %d: %w", global, err)
	}
	e.put(s.batch.arena[at:])
	s.batch.add(putPart, global, e.last)
	return s.flush(batchSize)
}

// connection puts the record of a connection that has ended.
func (s *scribe) connection(id uint64, record []byte) error {
	s.batch.arena = append(s.batch.arena, record...)
	s.batch.add(closeConn, id, 0)
	return s.flush(batchSize)
}

// gap notes that frames of a connection are missing.
func (s *scribe) gap(conn uint64, g gap) error {
	s.batch.arena = append(s.batch.arena, note(pair(conn, g.first), g.count)...)
	s.batch.add(putHole, conn, g.first)
	return s.flush(batchSize)
}

// mark puts a mark.
func (s *scribe) mark(m Mark) error {
	s.batch.arena = appendMark(s.batch.arena, &m)
	s.batch.add(putMark, m.Conn, m.Seq)
	return s.flush(batchSize)
}

// event puts an event.
func (s *scribe) event(number uint64, p []byte) error {
	s.batch.arena = append(s.batch.arena, p...)
	s.batch.add(putEvent, number, 0)
	return s.flush(batchSize)
}

// finish completes the file. What it was made of is given for its meta bucket:
// who began it when, and the last connection id.
func (s *scribe) finish(app, created []byte, issued uint64) error {
	s.index()
	s.batch.last, s.batch.counted = s.global, true
	err := s.flush(math.MinInt)
	if err == nil {
		s.file.db.NoFreelistSync = false
		err = s.file.update(func(tx *bolt.Tx) error {
			if s.zstd {
				if err := require(tx, featureZstd); err != nil {
					return err
				}
			}
			meta := tx.Bucket(bucketMeta)
			for _, kv := range []struct{ k, v []byte }{{keyApp, app}, {keyCreated, created}, {keyIssued, u64(issued)}} {
				if kv.v == nil {
					continue
				}
				if err := meta.Put(kv.k, kv.v); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		err = guard("write", s.file.db.Sync)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", s.file.path, err), s.discard())
	}
	if err := s.file.close(); err != nil {
		os.Remove(s.file.path)
		return fmt.Errorf("write %s: %w", s.file.path, err)
	}
	return nil
}

// discard removes what was written.
func (s *scribe) discard() error {
	s.file.db.NoFreelistSync = false
	return errors.Join(s.file.close(), os.Remove(s.file.path))
}
