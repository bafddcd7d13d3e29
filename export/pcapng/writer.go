package pcapng

import (
	"bufio"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// Writer writes connections as packets, in a pcapng file with times in
// nanoseconds. It is an export.Writer that takes connections and their frames, in
// the order of a capture, with their whole payload; messages it passes over. It
// belongs to one goroutine at a time.
//
// Each connection is a TCP stream of its own between the client and the server as
// the capture names them, without TLS: its handshake, what the server got of the
// client and the client of the server, and its end if it has one. Frames that were
// dropped are left out, and bytes the capture does not hold are a gap. What the
// capture cannot tell is made up: sequence numbers, acknowledgements, and with a
// comment on the packet where it matters, addresses that are not known and ports
// on which Wireshark would expect another protocol. Bypassed tunnels are left out.
//
// A Writer keeps some hundred bytes for each connection that has not ended, and
// about twenty for each that has.
type Writer struct {
	out    *bufio.Writer
	blocks blocks
	wire   []byte
	flows  map[uint64]*flow
	ending ending // those without frames to come
	used   map[uint64]struct{}
	seed   maphash.Seed
	app    string
	begun  bool
	last   time.Time
	gaps   uint64
}

// NewWriter returns a Writer to w. The file says it was made by app.
func NewWriter(w io.Writer, app string) *Writer {
	return &Writer{
		out:   bufio.NewWriterSize(w, 64<<10),
		flows: make(map[uint64]*flow),
		used:  make(map[uint64]struct{}),
		seed:  maphash.MakeSeed(),
		app:   app,
	}
}

// Connection writes the handshake of c. Its Bytes and End tell where its stream
// ends in the file, so that packets come in the order of their times.
func (w *Writer) Connection(c *frame.Connection) error {
	if c.State == frame.Bypassed {
		return nil
	}
	w.pass(c.Start)
	f := w.begin(c)
	f.open(c.Start)
	if err := f.send(frame.Client, c.Start, request(c), w.spill); err != nil {
		return err
	}
	if answer := response(c); answer != nil {
		if err := f.send(frame.Server, c.Start, answer, w.spill); err != nil {
			return err
		}
	}
	if c.State != frame.Open {
		f.ended = true
		f.closing = frame.End{Time: c.End, EndedBy: c.EndedBy, How: c.How}
		if c.State != frame.Closed && c.EndedBy == "" {
			f.closing.EndedBy = frame.ByServer
		}
		if f.closing.Time.Before(c.Start) {
			f.closing.Time = c.Start
		}
	}
	w.flows[c.ID] = f
	f.left = c.Bytes[frame.Client] + c.Bytes[frame.Server]
	w.took(f, 0)
	return w.spill()
}

// begin returns the flow of c, before its first packet.
func (w *Writer) begin(c *frame.Connection) *flow {
	ends, notes := endpoints(c, w.taken)
	f := &flow{id: c.ID, blocks: &w.blocks, ends: ends}
	for side := range f.next {
		f.next[side] = uint32(c.ID)<<16 + uint32(side)<<15 + 1
		f.acked[side] = f.next[side]
	}
	b, _ := decode.AppendVisible(nil, []byte(c.URL), maxComment)
	comment := fmt.Sprintf("%s: connection %d of a capture by wsluice", b, c.ID)
	if c.Source != 0 {
		comment += fmt.Sprintf(", a replay of connection %d", c.Source)
	}
	for _, note := range notes {
		comment += "; " + note
	}
	if c.Error != "" {
		b, _ := decode.AppendVisible(nil, []byte(c.Error), maxComment)
		comment += "; " + string(b)
	}
	f.comment = comment
	return f
}

// taken reports whether an earlier connection went between the two ends, and
// remembers that this one does.
func (w *Writer) taken(ends [2]netip.AddrPort) bool {
	key := maphash.Comparable(w.seed, ends)
	_, found := w.used[key]
	w.used[key] = struct{}{}
	return found
}

// Message does nothing: packets carry frames.
func (w *Writer) Message(*frame.Message) error { return nil }

// Frame writes the segments of r. It fails when r belongs to no connection that
// was begun and has frames to come.
func (w *Writer) Frame(r *frame.Record) error {
	f := w.flows[r.Conn]
	if f == nil {
		return fmt.Errorf("write frame %d: connection %d has no more frames to come", r.Seq, r.Conn)
	}
	w.pass(r.Time)
	if err := w.frame(f, r); err != nil {
		return err
	}
	w.took(f, r.WireSize())
	return w.spill()
}

// took notes that n bytes of f's frames have come.
func (w *Writer) took(f *flow, n uint64) {
	if f.left -= min(n, f.left); f.left == 0 && !f.last && f.ended {
		f.last = true
		heap.Push(&w.ending, f)
	}
}

// maxWire is the largest buffer kept between two frames.
const maxWire = 1 << 20

func (w *Writer) frame(f *flow, r *frame.Record) error {
	if r.Origin == frame.Dropped {
		f.omitted++
		return nil
	}
	w.note(f, r)
	wire := r.AppendWire(w.wire[:0])
	if w.wire = wire; cap(wire) > maxWire {
		w.wire = nil
	}
	if err := f.send(r.From, r.Time, wire, w.spill); err != nil {
		return err
	}
	if size, have := r.WireSize(), uint64(len(wire)); have < size {
		missing := size - have
		w.gaps++
		f.skip(r.From, missing)
		f.comment = fmt.Sprintf("%d bytes of the %s before this packet are not in the capture", missing, r.From)
	}
	return nil
}

// note comments on the packet that comes.
func (w *Writer) note(f *flow, r *frame.Record) {
	add := func(note string) {
		if f.comment != "" {
			f.comment += "; "
		}
		f.comment += note
	}
	if r.Origin != frame.Observed {
		add(r.Origin.String())
	}
	if r.Recoded && !f.recoding {
		f.recoding = true
		add("this frame and others of the " + r.From.String() + " are as they were sent; the receiver got their messages compressed anew")
	}
	if f.omitted > 0 {
		add(leftOut(f.omitted))
		f.omitted = 0
	}
}

func leftOut(n uint64) string {
	if n == 1 {
		return "a frame that was dropped before this packet is left out"
	}
	return fmt.Sprintf("%d frames that were dropped before this packet are left out", n)
}

// pass ends the streams that had ended by the time at.
func (w *Writer) pass(at time.Time) {
	if at.After(w.last) {
		w.last = at
	}
	for len(w.ending) > 0 && !w.ending[0].closing.Time.After(w.last) {
		w.end(heap.Pop(&w.ending).(*flow))
	}
}

func (w *Writer) end(f *flow) {
	delete(w.flows, f.id)
	if f.omitted > 0 {
		if f.comment != "" {
			f.comment += "; "
		}
		f.comment += leftOut(f.omitted)
	}
	f.close()
}

// spill writes the blocks that were made.
func (w *Writer) spill() error {
	if !w.begun {
		w.begun = true
		var head blocks
		head.head(w.app)
		if _, err := w.out.Write(head.buf); err != nil {
			return err
		}
	}
	_, err := w.out.Write(w.blocks.buf)
	w.blocks.buf = w.blocks.buf[:0]
	return err
}

// Flush writes out what is buffered.
func (w *Writer) Flush() error { return errors.Join(w.spill(), w.out.Flush()) }

// Close writes the ends that are left and completes the file. It fails when frames
// had bytes that were not there.
func (w *Writer) Close() error {
	var rest []*flow
	omitted := uint64(0)
	for _, f := range w.flows {
		if f.ended {
			rest = append(rest, f)
		} else {
			omitted += f.omitted
		}
	}
	slices.SortFunc(rest, func(a, b *flow) int {
		return cmp.Or(a.closing.Time.Compare(b.closing.Time), cmp.Compare(a.id, b.id))
	})
	for _, f := range rest {
		w.end(f)
	}
	if omitted > 0 {
		w.blocks.statistics(w.last, fmt.Sprintf("%d frames that were dropped last on their connections are left out", omitted))
	}
	err := w.Flush()
	if w.gaps > 0 {
		err = errors.Join(err, fmt.Errorf("%d frames are not whole", w.gaps))
	}
	return err
}
