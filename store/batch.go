package store

// batch is what one transaction commits. It is filled by the encoder, written
// by the committer, and used again.
type batch struct {
	puts  []put
	arena []byte // the values of puts, one after the other

	last    uint64 // the last global number it covers, 0 for none
	frames  uint64
	shed    uint64 // frames of which something was shed
	bytes   uint64 // bytes of the wire it was made of
	cost    int    // bytes to release in the queue
	through uint64 // queue total it covers
	flush   uint64 // flushes it covers
	urgent  bool   // someone waits for it
	indexed uint64 // new value of meta indexed, 0 to leave it
	counted bool   // all counters are in, so meta counted becomes last
}

// put is one change of the database.
type put struct {
	what action
	a, b uint64 // the key
	end  int    // of the value in the arena; it begins where the one before ends
}

type action uint8

const (
	putBlock  action = iota // blocks, key a
	putPart                 // chunks, key a, b
	putRun                  // cidx, key a, b
	putStat                 // cstat, key a
	openConn                // conns and cstat, key a
	putEvent                // events, key a
	putHole                 // gaps, key a, b
	putMark                 // marks, key a, b
	closeConn               // value is appended to conns, cstat forgets a
)

// add records a change whose value was appended to the arena.
func (b *batch) add(what action, key1, key2 uint64) {
	b.puts = append(b.puts, put{what: what, a: key1, b: key2, end: len(b.arena)})
}

func (b *batch) reset() {
	*b = batch{puts: b.puts[:0], arena: b.arena[:0]}
}
