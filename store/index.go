package store

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// span says that a block holds count records of a connection, beginning with
// seq first.
type span struct {
	conn, first, count uint64
	block              uint64 // its key
}

// appendRuns sorts spans by connection and hands out the values of cidx that
// hold them. The value is only valid during the call.
func appendRuns(spans []span, scratch []byte, put func(conn, first uint64, value []byte)) []byte {
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.conn, b.conn) })
	for len(spans) > 0 {
		n := 1
		for n < len(spans) && n < maxRunEntries && spans[n].conn == spans[0].conn {
			n++
		}
		scratch = appendRun(scratch[:0], spans[:n])
		put(spans[0].conn, spans[0].first, scratch)
		spans = spans[n:]
	}
	return scratch
}

// appendRun appends the value of cidx for spans of one connection: for each,
// how many seqs lie between it and the one before, its count, and how far its
// block's key is from the one before.
func appendRun(dst []byte, spans []span) []byte {
	next, block := spans[0].first, uint64(0)
	for _, s := range spans {
		dst = binary.AppendUvarint(dst, s.first-next)
		dst = binary.AppendUvarint(dst, s.count)
		dst = binary.AppendUvarint(dst, s.block-block)
		next, block = s.first+s.count, s.block
	}
	return dst
}

// parseRun reads a value of cidx whose key is conn and first.
func parseRun(dst []span, conn, first uint64, p []byte) ([]span, error) {
	next, block := first, uint64(0)
	for len(p) > 0 {
		var v [3]uint64
		for i := range v {
			n, w := binary.Uvarint(p)
			if w <= 0 {
				return nil, corrupt("index of connection %d from %d is broken", conn, first)
			}
			v[i], p = n, p[w:]
		}
		next += v[0]
		block += v[2]
		if next == 0 || v[1] == 0 || next+v[1] <= next {
			return nil, corrupt("index of connection %d from %d is broken", conn, first)
		}
		dst = append(dst, span{conn: conn, first: next, count: v[1], block: block})
		next += v[1]
	}
	return dst, nil
}
