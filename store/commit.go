package store

import (
	"encoding/binary"
	"log/slog"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	retryDelay = time.Second            // between two attempts to write to a full disk
	hangDelay  = 100 * time.Millisecond // after which a commit counts as hanging
)

// write commits batches, and runs chores between them, until there are no more
// batches.
func (r *Recorder) write() {
	for {
		select {
		case b, ok := <-r.batches:
			if !ok {
				return
			}
			r.settle(b, r.store(b))
			b.reset()
			r.free <- b
			r.queue.nudge()
		case c := <-r.chores:
			r.run(c)
		}
	}
}

// store commits b, again and again while the disk is full. After any other
// error the recorder has failed and stores nothing more.
func (r *Recorder) store(b *batch) error {
	if err := r.failure(); err != nil {
		return err
	}
	if len(b.puts) == 0 {
		return nil
	}
	for {
		start := time.Now()
		hang := time.AfterFunc(hangDelay, func() { r.queue.setHang(true) })
		err := r.commit(r, b)
		if err == nil {
			// A timer that fires only now is one late word; the next commit
			// takes it back.
			if !hang.Stop() {
				r.queue.setHang(false)
			}
			r.measure()
			r.committed(time.Since(start))
			return nil
		}
		if !diskFull(err) || r.closing.Load() {
			r.fail(err)
			return err
		}
		r.full(err)
		r.hold()
	}
}

// hold waits until it is time to try again: a chore may have made room.
func (r *Recorder) hold() {
	select {
	case c := <-r.chores:
		r.run(c)
	case <-time.After(retryDelay):
	case <-r.quit:
	}
}

func (r *Recorder) transact(b *batch) error {
	var trimmed *trimming
	r.file.lightenFreelist()
	err := r.file.update(func(tx *bolt.Tx) (err error) {
		if err := b.apply(tx); err != nil {
			return err
		}
		trimmed, err = r.ring.step(tx, len(b.arena))
		return err
	})
	if err == nil && trimmed != nil {
		r.ring.trimmer = trimmed.trimmer
		r.pruned(trimmed.done)
	}
	return err
}

// pruned counts what was removed.
func (r *Recorder) pruned(done Pruned) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Pruned += done.Frames
}

// measure looks at the file after a commit.
func (r *Recorder) measure() {
	var used, oldest int64
	err := r.file.view(func(tx *bolt.Tx) (err error) {
		used = r.file.usedBy(tx)
		oldest, err = oldestTime(tx)
		return err
	})
	if err != nil {
		return // a damaged file stops the next commit
	}
	r.ring.used = used
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Used, r.stats.Oldest = used, time.Time{}
	if oldest < math.MaxInt64 {
		r.stats.Oldest = instant(oldest)
	}
}

// apply makes the changes of b. The values must stay as they are until the
// transaction ends.
func (b *batch) apply(tx *bolt.Tx) error {
	blocks, chunks := tx.Bucket(bucketBlocks), tx.Bucket(bucketChunks)
	conns, stats, index := tx.Bucket(bucketConns), tx.Bucket(bucketCstat), tx.Bucket(bucketCidx)
	// Their keys only grow, so pages need no room for more in between.
	blocks.FillPercent, chunks.FillPercent, conns.FillPercent = 0.95, 0.95, 0.95
	pruned, err := metaOptional(tx, keyPruned)
	if err != nil {
		return err
	}
	var buf [16]byte
	start, event := 0, uint64(0)
	for i := range b.puts {
		p := &b.puts[i]
		value := b.arena[start:p.end:p.end]
		start = p.end
		binary.BigEndian.PutUint64(buf[:], p.a)
		binary.BigEndian.PutUint64(buf[8:], p.b)
		one, two := buf[:8], buf[:]
		var err error
		switch p.what {
		case putBlock:
			err = blocks.Put(one, value)
		case putPart:
			// The ring may have overtaken a frame that still arrives.
			if p.a > pruned {
				err = chunks.Put(two, value)
			}
		case putRun:
			err = index.Put(two, value)
		case putStat:
			err = stats.Put(one, value)
		case putEvent:
			var events *bolt.Bucket
			if events, err = eventsBucket(tx); err == nil {
				err = events.Put(one, value)
			}
			event = p.a
		case putHole:
			var gaps *bolt.Bucket
			if gaps, err = gapsBucket(tx); err == nil {
				err = gaps.Put(two, value)
			}
		case putMark:
			var marks *bolt.Bucket
			if marks, err = tx.CreateBucketIfNotExists(bucketMarks); err == nil {
				err = marks.Put(two, value)
			}
		case openConn:
			if err = conns.Put(one, value); err == nil {
				err = stats.Put(one, nil)
			}
		case closeConn:
			old := conns.Get(one)
			whole := append(append(make([]byte, 0, len(old)+len(value)), old...), value...)
			if err = conns.Put(one, whole); err == nil {
				err = stats.Delete(one)
			}
		}
		if err != nil {
			return err
		}
	}
	if err := trimEvents(tx, event); err != nil {
		return err
	}
	meta := tx.Bucket(bucketMeta)
	if b.indexed > 0 {
		if err := meta.Put(keyIndexed, u64(b.indexed)); err != nil {
			return err
		}
	}
	if b.counted {
		return meta.Put(keyCounted, u64(b.last))
	}
	return nil
}

// settle tells everyone what became of b.
func (r *Recorder) settle(b *batch, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Shed += b.shed
	if err == nil {
		r.stats.Frames += b.frames
		r.stats.Bytes += b.bytes
		r.flushed = max(r.flushed, b.flush)
		r.acked.Store(b.last)
		r.through = max(r.through, b.through)
	} else {
		r.stats.Lost += b.frames
	}
	r.queue.release(b.cost)
	r.announce()
}

// announce wakes all who wait for something new. It is called with r.mu held.
func (r *Recorder) announce() {
	close(r.changed)
	r.changed = make(chan struct{})
	for c := range r.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (r *Recorder) committed(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Commits++
	r.stats.Slowest = max(r.stats.Slowest, took)
	if r.stats.Full != nil {
		r.stats.Full = nil
		r.log.Info("disk has room again, recording goes on")
	}
}

func (r *Recorder) full(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stats.Full == nil {
		r.log.Error("disk is full, recording waits", slog.Any("error", err))
		defer r.announce()
	}
	r.stats.Full = err
}

func (r *Recorder) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats.Err
}

// fail ends recording for good; whoever appends goes on without.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	r.stats.Err = err
	r.mu.Unlock()
	r.log.Error("recording has failed, traffic passes unrecorded", slog.Any("error", err))
	r.queue.close()
}
