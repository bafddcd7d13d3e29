package store

import (
	"bytes"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// FuzzInsert inserts any bytes with any origin between two frames, the second of
// which is still to be sent whole. It would catch a panic, a byte that is lost or
// lands in another frame, and an insertion that changes what comes behind it.
func FuzzInsert(f *testing.F) {
	f.Add([]byte("\x81\x01a"), uint8(1), true)
	f.Add([]byte("\x01\x01a\x89\x00\x80\x01b"), uint8(2), false)
	f.Add([]byte("\x01\x01a\x01\x01b\x81"), uint8(4), true)
	f.Add([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04what follows"), uint8(1), true)
	f.Add([]byte("\x82\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x01\x02\x03\x04short"), uint8(3), false)
	f.Add([]byte("\x88\x02\x03\xe8\x81\x00"), uint8(5), true)
	f.Fuzz(func(t *testing.T, inserted []byte, origin uint8, masked bool) {
		from := frame.Server
		if masked {
			from = frame.Client
		}
		tape := &Tape{rec: &Recorder{queue: newQueue(1 << 30)}, id: 3}
		defer tape.rec.queue.free()
		for side := range tape.sides {
			tape.sides[side].checker.From = frame.Side(side)
		}
		first, second := wire(from, frame.Header{Opcode: frame.Text}, []byte("be")), wire(from, frame.Header{Fin: true}, []byte("gin"))
		p := frame.Passage{From: from, Time: epoch, Origin: frame.Origin(origin % 5), Recoded: origin >= 5}
		tape.Append(from, epoch, first)
		tape.Insert(p, inserted)
		tape.Append(from, epoch, second[:3])
		tape.Append(from, epoch, second[3:])
		e := newEncoder(new(batch), position{})
		chunks, _ := tape.rec.queue.take(nil)
		for _, c := range chunks {
			e.chunk(c)
			tape.rec.queue.recycle(c)
		}
		if e.pending != 0 || tape.inserts != [2]*track{} {
			t.Fatalf("%d bytes are pending", e.pending)
		}
		e.seal(true)
		var b block
		at := 0
		var got [2][]byte
		var last frame.Record
		for _, put := range e.batch.puts {
			value := e.batch.arena[at:put.end]
			if at = put.end; put.what != putBlock {
				continue
			}
			if err := b.parse(value); err != nil {
				t.Fatal(err)
			}
			var w walk
			w.start(&b)
			for {
				ok, err := w.next()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				last = w.rec.Record
				lane := &got[0]
				if last.Origin == p.Origin && last.Recoded == p.Recoded && last.Seq > 1 && last.Seq < tape.seq {
					lane = &got[1]
				}
				*lane = last.AppendWire(*lane)
			}
		}
		if want := append(first, second...); !bytes.Equal(got[0], want) || !bytes.Equal(got[1], inserted) {
			t.Fatalf("what passed is %x, want %x, what was inserted %x, want %x", got[0], want, got[1], inserted)
		}
		if !p.Origin.Own() && (last.Violation != frame.Legal || last.Message != 1) {
			t.Fatalf("%s changed what came behind: %s, message %d", p.Origin, last.Violation, last.Message)
		}
	})
}
