package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Tape keeps the bytes of one connection.
type Tape struct {
	rec  *Recorder
	id   uint64
	shed *[2]shedder // with the policy Shed only

	takeover [2]bool // each side's messages build on those before them

	mu     sync.Mutex
	probes []*probe // not answered yet

	opening []byte // the connection as stored, until it is encoded
	state   frame.State
	closing atomic.Bool
	end     *frame.End // set by the first Close before its run is put

	// The fields below belong to the encoder.
	sides   [2]track
	inserts [2]*track // what is being inserted, or nil
	seq     uint64
	sent    [2]uint64 // frames each side sent itself
	counters
	spot
	dirty bool // counters differ from what is stored
}

// Append keeps a run of bytes one side sent, in the order of the calls; at is
// when they were read. It copies wire. While the recorder's queue is full it
// waits, or sheds, as Options say. Its two sides may be called concurrently.
// After the recorder has failed or was closed, the bytes are counted and
// discarded.
func (t *Tape) Append(from frame.Side, at time.Time, wire []byte) {
	if len(wire) == 0 {
		return
	}
	r := run{tape: t, at: at.UnixNano(), kind: runBytes, from: from}
	if t.shed != nil {
		t.shed[from].append(t.rec.queue, r, wire)
		return
	}
	t.rec.queue.put(r, wire)
}

// Close ends the tape after the last Append of both sides. What came of a frame
// that is not complete is kept and marked. The tape of a connection that was
// not open is closed by Recorder.Open; only the first Close counts.
func (t *Tape) Close(end frame.End) {
	if t.closing.Swap(true) {
		return
	}
	if t.shed != nil {
		for side := range t.shed {
			t.shed[side].close(t.rec.queue, run{tape: t, at: end.Time.UnixNano(), from: frame.Side(side)})
		}
	}
	t.end = &end
	t.rec.queue.put(run{tape: t, kind: runClosed}, nil)
}

// track is where the encoder stands in the bytes of one side, or in what is being
// inserted there.
type track struct {
	cutter  frame.Cutter
	checker frame.Checker
	began   int64  // time of the first byte of the current frame
	message uint64 // seq of the first frame of a fragmented message under way
	pending []byte // unmasked payload of an unfinished frame, not yet kept
	long    uint64 // global number of a frame whose payload goes to chunks
	offset  uint64 // payload bytes of that frame already in chunks
	shed    bool   // bytes of the current frame were shed
	broken  bool   // an impossible header was recorded

	// The fields below are those of what is inserted.
	origin  frame.Origin
	recoded bool
	open    uint32 // frames up to the one that leaves its message unfinished
}

// from returns whose bytes they are.
func (s *track) from() frame.Side { return s.checker.From }
