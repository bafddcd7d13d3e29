package store

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// Report is what Verify found.
type Report struct {
	Connections uint64
	Frames      uint64
	Blocks      uint64
	Parts       uint64 // of payloads over 128 KiB
	// Incomplete counts frames of which not all bytes are kept: cut off by the
	// end of their stream, shed, or under way when the recorder was killed.
	Incomplete uint64
	// Unfinished counts connections whose end was not recorded.
	Unfinished uint64
	// Missing counts frames between others that a repair did not find.
	Missing uint64
	// Marks counts the marks of messages that are there.
	Marks uint64
	// Pruned is the number of the last frame that was pruned, Deleted counts
	// connections whose frames are still in the file.
	Pruned, Deleted uint64
	// Problems says what is wrong, at most 100 of them; Found counts all.
	Problems []string
	Found    uint64
}

// maxProblems bounds Report.Problems.
const maxProblems = 100

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return r.Found == 0 }

func (r *Report) problem(format string, args ...any) {
	if r.Found++; len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Verify reads all of the capture at path and checks that every block is whole,
// that no frame is missing between the first and the last of the capture and of
// each connection but those a repair gave up, and that index, counters and long
// payloads agree with the blocks. It calls progress, unless that is nil, with the frames checked and
// their total. What is wrong with the content is in the report; an error means
// that the file could not be read at all, as of Open.
func Verify(ctx context.Context, path string, progress func(done, total int64)) (Report, error) {
	r, err := openLocal(path)
	if err != nil {
		return Report{}, err
	}
	defer r.Close()
	v := &verifier{
		ctx: ctx, r: r, progress: progress, seqs: make(map[uint64]seqs),
		long: make(map[uint64]uint64), sizes: make(map[uint64]uint64), hidden: make(map[uint64]bool),
	}
	for _, check := range []func() error{v.blocks, v.index, v.chunks, v.gaps, v.connections, v.marks} {
		if err := check(); err != nil {
			if ctx.Err() != nil {
				return v.report, fmt.Errorf("verify %s: %w", path, ctx.Err())
			}
			v.report.problem("%v", err)
		}
	}
	return v.report, nil
}

// verifier checks one capture. Each check reads in transactions of bounded
// size, so a fault ends one check only.
type verifier struct {
	ctx      context.Context
	r        *local
	progress func(done, total int64)
	report   Report
	seqs     map[uint64]seqs   // by connection
	long     map[uint64]uint64 // global number of a record in chunks -> its declared length
	sizes    map[uint64]uint64 // the same, of those whose payload was seen -> its size
	hidden   map[uint64]bool   // global numbers of records in chunks of deleted connections
	known    uint64            // gaps met that are noted
}

// seqs are those of the first and the last record of a connection.
type seqs struct{ first, last uint64 }

// blocks checks every record of every block.
func (v *verifier) blocks() error {
	var total, next uint64
	err := v.r.view(func(tx *bolt.Tx) (err error) {
		total, err = lastGlobal(tx)
		v.report.Pruned, v.report.Deleted = v.r.pruned, uint64(len(v.r.tombs.ids))
		next = v.r.pruned + 1
		return err
	})
	var b block
	var w walk
	for more := true; more && err == nil; {
		if err = v.ctx.Err(); err != nil {
			break
		}
		err = v.r.view(func(tx *bolt.Tx) error {
			c := tx.Bucket(bucketBlocks).Cursor()
			n := 0
			for k, value := c.Seek(u64(next)); ; k, value = c.Next() {
				if more = k != nil; !more {
					return nil
				}
				if n++; n > scanStep {
					return nil
				}
				key, err := number("blocks", k)
				if err != nil {
					return err
				}
				if key < next {
					return corrupt("block %d is out of order", key)
				}
				if key > next {
					v.report.problem("frames %d to %d are missing", next, key-1)
				}
				next = key + 1
				if _, err = storedBlock(k, value); err == nil {
					err = b.parse(value)
				}
				if err != nil {
					v.report.problem("%v", err)
					continue
				}
				next = b.last + 1
				v.report.Blocks++
				w.start(&b)
				if err := v.records(tx, &w); err != nil {
					v.report.problem("%v", err)
				}
			}
		})
		if v.progress != nil && err == nil {
			v.progress(int64(min(next, total)), int64(total))
		}
	}
	return err
}

// records checks the records of one block.
func (v *verifier) records(tx *bolt.Tx, w *walk) error {
	for {
		ok, err := w.any()
		if !ok || err != nil {
			return err
		}
		d := &w.rec
		switch {
		case d.Conn == hiddenConn:
			return corrupt("block %d: directory lists connection 0", w.b.base)
		case v.r.tombs.ids[d.Conn]:
			if d.chunked {
				v.hidden[d.Global] = true
			}
			continue
		}
		v.report.Frames++
		v.order(tx, d)
		switch {
		case d.chunked:
			v.long[d.Global] = d.Header.Length
		case d.Incomplete == frame.Cut || d.Incomplete == frame.Shed:
			v.report.Incomplete++
		case d.Stored != d.Header.Length:
			v.report.problem("frame %d: %d bytes of %d are kept", d.Global, d.Stored, d.Header.Length)
		}
	}
}

// index checks that the index leads to every record.
func (v *verifier) index() error {
	for conn, s := range v.seqs {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		next, last := s.first, s.last
		for next <= last {
			err := v.r.view(func(tx *bolt.Tx) error {
				spans, err := v.r.spans(tx, conn, next, ^uint64(0), 1024)
				if err != nil {
					return err
				}
				if len(spans) == 0 {
					return corrupt("index of connection %d ends before frame %d", conn, next)
				}
				for _, s := range spans {
					if s.first != next && v.noted(tx, conn, next) != s.first {
						return corrupt("index of connection %d goes on with frame %d where %d is due", conn, s.first, next)
					}
					if err := checkSpan(tx, s); err != nil {
						return err
					}
					next = s.first + s.count
				}
				return nil
			})
			if err != nil {
				v.report.problem("%v", err)
				break
			}
		}
		if next > last+1 {
			v.report.problem("index of connection %d lists frame %d, the last one is %d", conn, next-1, last)
		}
	}
	return nil
}

// checkSpan checks that a block holds what the index says.
func checkSpan(tx *bolt.Tx, s span) error {
	value := tx.Bucket(bucketBlocks).Get(u64(s.block))
	if value == nil {
		return corrupt("index of connection %d names block %d, which is missing", s.conn, s.block)
	}
	places, _, err := blockPlaces(nil, s.block, value)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p == (place{conn: s.conn, first: s.first, count: s.count}) {
			return nil
		}
	}
	return corrupt("block %d does not hold %d frames of connection %d from %d", s.block, s.count, s.conn, s.first)
}

// chunks checks the parts of long payloads.
func (v *verifier) chunks() error {
	var p payloadCheck
	var from [2]uint64 // key of the next part
	var buf []byte
	for more := true; more; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		err := v.r.view(func(tx *bolt.Tx) error {
			c := tx.Bucket(bucketChunks).Cursor()
			n := 0
			for k, value := c.Seek(pair(from[0], from[1])); ; k, value = c.Next() {
				if more = k != nil; !more {
					return nil
				}
				if n++; n > scanStep {
					return nil
				}
				global, offset, err := numbers("chunks", k)
				if err != nil {
					return err
				}
				if global < from[0] || global == from[0] && offset < from[1] {
					return corrupt("payload of frame %d at %d is out of order", global, offset)
				}
				from = [2]uint64{global, offset + 1}
				if global <= v.r.pruned {
					continue // not removed yet
				}
				if global != p.global {
					v.payload(&p)
					p = payloadCheck{global: global}
				}
				e, err := parsePart(global, offset, value)
				if err == nil {
					_, buf, err = e.open(buf[:0], value)
				}
				if err != nil {
					v.report.problem("%v", err)
					p.broken = true
					continue
				}
				v.report.Parts++
				if offset != p.size || p.ended {
					p.broken = true
				}
				p.size, p.ended = offset+uint64(e.rawSize), e.flags&flagEnd != 0
			}
		})
		if err != nil {
			return err
		}
	}
	v.payload(&p)
	for global := range v.long {
		v.report.problem("frame %d has no payload", global)
	}
	return v.findPayloads()
}

// findPayloads checks that every payload is also found by its number.
func (v *verifier) findPayloads() error {
	for global, want := range v.sizes {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		err := v.r.view(func(tx *bolt.Tx) error {
			size, _, err := storedSize(tx, global)
			if err == nil && size != want {
				err = corrupt("payload of frame %d has %d bytes, found are %d", global, want, size)
			}
			return err
		})
		if err != nil {
			v.report.problem("%v", err)
		}
	}
	return nil
}

// payloadCheck is what was seen of one long payload.
type payloadCheck struct {
	global, size  uint64
	ended, broken bool
}

// payload checks a payload whose parts were all seen.
func (v *verifier) payload(p *payloadCheck) {
	if p.global == 0 {
		return
	}
	length, known := v.long[p.global]
	delete(v.long, p.global)
	v.sizes[p.global] = p.size
	switch {
	case v.hidden[p.global]: // the same
	case !known:
		v.report.problem("payload %d belongs to no frame", p.global)
	case p.broken || p.size > length:
		v.report.problem("payload of frame %d has gaps", p.global)
	case !p.ended || p.size < length:
		v.report.Incomplete++
	}
}

// connections checks that every connection can be read, and that its counts
// are those of its frames.
func (v *verifier) connections() error {
	known := make(map[uint64]bool, len(v.seqs))
	for before, more := uint64(0), true; more; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		conns, err := v.r.Conns(v.ctx, before, 256)
		if err != nil {
			return err
		}
		for i := range conns {
			c := &conns[i]
			before, known[c.ID] = c.ID, true
			v.report.Connections++
			last, err := v.last(c.ID)
			if err != nil {
				return err
			}
			if frames := c.Frames[0] + c.Frames[1]; frames > last {
				v.report.problem("connection %d counts %d frames, has %d", c.ID, frames, last)
			}
		}
		more = len(conns) > 0 && before > 1
	}
	v.report.Unfinished = uint64(len(v.r.ended))
	for id := range v.seqs {
		if !known[id] {
			v.report.problem("connection %d has frames but no record", id)
		}
	}
	return nil
}

// last returns the seq of the last record a connection had.
func (v *verifier) last(id uint64) (last uint64, err error) {
	s, met := v.seqs[id]
	if !met && v.r.pruned > 0 {
		return v.r.Count(v.ctx, id)
	}
	err = v.r.view(func(tx *bolt.Tx) error {
		if last = s.last; v.noted(tx, id, last+1) > 0 {
			last = v.noted(tx, id, last+1) - 1
		}
		return nil
	})
	return last, err
}
