package pcapng

import (
	"net/netip"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// flow is one connection as a TCP stream.
type flow struct {
	blocks   *blocks
	ends     [2]netip.AddrPort
	next     [2]uint32 // sequence number of the next byte
	acked    [2]uint32 // what the peer acknowledged of it
	ids      [2]uint16
	comment  string // for the next packet
	closing  frame.End
	ended    bool // closing is how, and last is set when nothing comes before it
	last     bool
	id       uint64
	left     uint64 // bytes of frames to come
	omitted  uint64 // frames left out since the last packet
	recoding bool   // the comment on recoded frames was written
}

// unacked is how many bytes are sent before their receiver acknowledges them.
const unacked = 32 << 10

// packet writes one segment.
func (f *flow) packet(from frame.Side, at time.Time, flags byte, data []byte) {
	s := segment{
		from: f.ends[from], to: f.ends[from.Peer()],
		seq: f.next[from], flags: flags, id: f.ids[from], data: data,
	}
	f.ids[from]++
	if flags&flagACK != 0 {
		s.ack = f.next[from.Peer()]
		f.acked[from.Peer()] = s.ack
	}
	if flags&flagSYN != 0 {
		s.mss = uint16(maxSegment(s.from.Addr()))
	}
	f.blocks.packet(at, f.comment, s.append)
	f.comment = ""
	f.next[from] += uint32(len(data))
	if flags&(flagSYN|flagFIN) != 0 {
		f.next[from]++
	}
}

// open writes the three-way handshake (RFC 9293 section 3.5).
func (f *flow) open(at time.Time) {
	f.packet(frame.Client, at, flagSYN, nil)
	f.packet(frame.Server, at, flagSYN|flagACK, nil)
	f.packet(frame.Client, at, flagACK, nil)
}

// send writes data, in as many segments as it takes. flush writes out what was
// made so far.
func (f *flow) send(from frame.Side, at time.Time, data []byte, flush func() error) error {
	most := maxSegment(f.ends[from].Addr())
	for len(data) > 0 {
		part := data[:min(most, len(data))]
		data = data[len(part):]
		flags := byte(flagACK)
		if len(data) == 0 {
			flags |= flagPSH
		}
		f.packet(from, at, flags, part)
		f.acknowledge(from, at)
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// acknowledge has the receiver acknowledge what from sent when that is due.
func (f *flow) acknowledge(from frame.Side, at time.Time) {
	if f.next[from]-f.acked[from] >= unacked {
		f.packet(from.Peer(), at, flagACK, nil)
	}
}

// skip leaves n bytes of from out of the stream, as if their packets had not been
// captured.
//
// Sequence numbers that are further ahead than half their range are behind.
func (f *flow) skip(from frame.Side, n uint64) { f.next[from] += uint32(min(n, 1<<30)) }

// close ends the stream in the way the connection ended: with a reset, or with a
// FIN of each side (RFC 9293 section 3.6).
func (f *flow) close() {
	first := frame.Client
	if f.closing.EndedBy == frame.ByServer {
		first = frame.Server
	}
	at := f.closing.Time
	if f.closing.How == frame.ByReset || f.closing.How == frame.ByError {
		f.packet(first, at, flagRST|flagACK, nil)
		return
	}
	f.packet(first, at, flagFIN|flagACK, nil)
	f.packet(first.Peer(), at, flagFIN|flagACK, nil)
	f.packet(first, at, flagACK, nil)
}

// ending is a queue of the flows that end, the next one first (container/heap).
type ending []*flow

func (e ending) Len() int           { return len(e) }
func (e ending) Less(i, j int) bool { return e[i].closing.Time.Before(e[j].closing.Time) }
func (e ending) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push is for container/heap.
func (e *ending) Push(v any) { *e = append(*e, v.(*flow)) }

// Pop is for container/heap.
func (e *ending) Pop() any {
	last := len(*e) - 1
	f := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return f
}
