package main

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/wsluice/wsluice/frame"
)

// The measures of a block file, those of a capture.
const (
	blockSize  = 64 << 10 // of records in a block before compression
	blockHead  = 64       // before each block: checksum, sizes and room for more
	runsSize   = 256 << 10
	runsQueue  = (64 << 20) / runsSize
	batchSize  = 4 << 20
	commitTime = 25 * time.Millisecond
)

// blockFile is the ceiling for a capture: the same work on the frames, and the
// same blocks, in a plain file. Appended runs are copied into a bounded queue;
// one goroutine cuts them into frames, unmasks and encodes these and packs
// blocks; another appends the blocks to the file and syncs it, every 25 ms or
// 4 MiB. What it has not is a tree of pages, an index, and legality checks.
type blockFile struct {
	file    *os.File
	mu      sync.Mutex
	runs    *runs
	filled  chan *runs
	empty   sync.Pool
	batches chan []byte
	spare   chan []byte
	working sync.WaitGroup
	err     error // of the writer, read after it has ended
}

// runs is a piece of the queue.
type runs struct {
	bytes []byte
	ends  []int
	times []int64
}

func newBlockFile(path string) (*blockFile, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	f := &blockFile{
		file: file, filled: make(chan *runs, runsQueue), batches: make(chan []byte), spare: make(chan []byte, 2),
		empty: sync.Pool{New: func() any { return &runs{bytes: make([]byte, 0, runsSize)} }},
	}
	f.spare <- nil
	f.spare <- nil
	f.runs = f.empty.Get().(*runs)
	f.working.Go(f.encode)
	f.working.Go(f.write)
	return f, nil
}

// append keeps a run of bytes of a client.
func (f *blockFile) append(at time.Time, wire []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(wire) > 0 {
		n := min(len(wire), runsSize-len(f.runs.bytes))
		f.runs.bytes = append(f.runs.bytes, wire[:n]...)
		f.runs.ends = append(f.runs.ends, len(f.runs.bytes))
		f.runs.times = append(f.runs.times, at.UnixNano())
		if wire = wire[n:]; len(f.runs.bytes) == runsSize {
			f.filled <- f.runs
			f.runs = f.empty.Get().(*runs)
		}
	}
}

// close waits until all is in the file and synced.
func (f *blockFile) close() error {
	f.filled <- f.runs
	close(f.filled)
	f.working.Wait()
	if err := f.file.Close(); f.err == nil {
		f.err = err
	}
	return f.err
}

// blocks packs records into blocks.
type blocks struct {
	records, batch []byte
	last           int64 // time of the record before
	partial        []byte
}

func (f *blockFile) encode() {
	defer close(f.batches)
	b := blocks{batch: <-f.spare}
	begun := time.Now()
	for r := range f.filled {
		start := 0
		for i, end := range r.ends {
			b.run(r.bytes[start:end], r.times[i])
			start = end
		}
		r.bytes, r.ends, r.times = r.bytes[:0], r.ends[:0], r.times[:0]
		f.empty.Put(r)
		if len(b.batch) >= batchSize || time.Since(begun) >= commitTime {
			f.batches <- b.batch
			b.batch, begun = (<-f.spare)[:0], time.Now()
		}
	}
	b.seal()
	f.batches <- b.batch
}

// run encodes the frames that became whole with p.
func (b *blocks) run(p []byte, at int64) {
	if len(b.partial) > 0 {
		b.partial = append(b.partial, p...)
		p = b.partial
	}
	for {
		h, size := frame.Parse(p)
		whole := size + int(h.Length)
		if size == 0 || len(p) < whole {
			break
		}
		b.record(h, p[size:whole], at)
		p = p[whole:]
	}
	b.partial = append(b.partial[:0], p...)
}

// record appends a record much as a capture holds it: size, time since the one
// before, mask and payload, each with a tag.
func (b *blocks) record(h frame.Header, payload []byte, at int64) {
	var scratch [40]byte
	head := scratch[:0]
	if at != b.last {
		head = binary.AppendVarint(append(head, 2<<3), at-b.last)
		b.last = at
	}
	head = append(append(head, 4<<3|5), h.Mask[:]...)
	head = binary.AppendUvarint(append(head, 5<<3|2), h.Length)
	b.records = binary.AppendUvarint(b.records, uint64(len(head)+len(payload)))
	b.records = append(b.records, head...)
	n := len(b.records)
	b.records = append(b.records, payload...)
	frame.Mask(b.records[n:], h.Mask, 0)
	if len(b.records) >= blockSize {
		b.seal()
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends the block to the batch.
func (b *blocks) seal() {
	start := len(b.batch)
	need := blockHead + s2.MaxEncodedLen(len(b.records))
	if cap(b.batch)-start < need {
		b.batch = append(make([]byte, 0, 2*cap(b.batch)+need), b.batch...)
	}
	block := b.batch[start : start+need]
	packed := s2.Encode(block[blockHead:], b.records)
	block = block[:blockHead+len(packed)]
	clear(block[:blockHead])
	binary.BigEndian.PutUint32(block[4:], uint32(len(block)))
	binary.BigEndian.PutUint32(block[8:], uint32(len(b.records)))
	binary.BigEndian.PutUint32(block, crc32.Checksum(block[4:], castagnoli))
	b.batch = b.batch[:start+len(block)]
	b.records = b.records[:0]
}

func (f *blockFile) write() {
	for batch := range f.batches {
		if f.err == nil {
			_, f.err = f.file.Write(batch)
		}
		if f.err == nil {
			f.err = f.file.Sync()
		}
		f.spare <- batch
	}
}
