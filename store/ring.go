package store

import (
	bolt "go.etcd.io/bbolt"
)

const (
	// minRing is the smallest bound for the size of a capture.
	minRing = 16 << 20
	// ringShare is the part of the bound that may be recorded before the index
	// and the counters are written: only what both cover may go.
	ringShare = 16
)

// ring keeps a capture that is being recorded below a size: with the batch that
// goes beyond it the oldest blocks go, a little at a time, and what comes next
// takes their pages. It belongs to the writer. The zero value keeps all.
type ring struct {
	size int64 // bound in bytes, 0 for none
	used int64 // bytes in use after the last commit
	trimmer
}

// slack is how far below its size a ring is brought each time.
func (g *ring) slack() int64 { return max(g.size/64, 256<<10) }

// step removes what is too much when more bytes are added in tx. It returns nil
// when nothing is.
func (g *ring) step(tx *bolt.Tx, more int) (*trimming, error) {
	if used := g.used + int64(more); g.size > 0 && used > g.size {
		return g.trim(tx, min(used-g.size+g.slack(), trimSize))
	}
	return nil, nil
}

// due returns after how many bytes the index is to be written, 0 for no such
// bound.
func (g *ring) due() int { return int(g.size / ringShare) }

// batch returns at what size a batch is committed at once. What it replaces can
// be used by the next one only, so that a large one makes the file larger.
func (g *ring) batch() int {
	if due := g.due(); due > 0 {
		return min(batchSize, due)
	}
	return batchSize
}

// allocation returns in what steps the file is to grow.
func (g *ring) allocation() int { return int(min(max(g.size/ringShare, 1<<20), 16<<20)) }
