package recorded

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// roll is a source of records.
type roll []frame.Record

func (r roll) Open(context.Context) (Records, error) { return &rest{r}, nil }

type rest struct{ records []frame.Record }

func (r *rest) Next() (*frame.Record, error) {
	if len(r.records) == 0 {
		return nil, io.EOF
	}
	next := r.records[0]
	r.records = r.records[1:]
	return &next, nil
}

func (r *rest) Close() error { return nil }

// It catches lines that are released twice, never, out of order, or before all that
// came before them was said, in whatever order a client says its messages.
func TestScoreReleasesEachLineOnce(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var records roll
		var texts []string
		for i := range 1 + dice.IntN(30) {
			from, text := frame.Side(dice.IntN(2)), fmt.Sprintf("push %d", i)
			switch {
			case from == frame.Client:
				text = fmt.Sprintf(`{"id":%d,"same":%d}`, i, dice.IntN(4))
				texts = append(texts, text)
			case dice.IntN(2) == 0 && i > 0:
				text = fmt.Sprintf(`{"id":%d}`, dice.IntN(i))
			}
			records = append(records, frame.Record{
				Seq: uint64(i + 1), Message: uint64(i + 1), From: from, Payload: []byte(text), Stored: uint64(len(text)),
				Header: frame.Header{Fin: true, Opcode: frame.Text, Length: uint64(len(text)), Masked: from == frame.Client},
			})
		}
		o := &Options{}
		l := &loader{options: o, room: 1 << 20}
		s, err := l.load(t.Context(), &Conversation{Connection: frame.Connection{State: frame.Closed}, Source: records})
		if err != nil {
			t.Fatal(err)
		}
		c := newScore(s)
		queue := c.release(nil)
		heard := make(map[int32]bool)
		check := func(from int) {
			for _, e := range queue[from:] {
				for n := int32(0); n < e.line.need; n++ {
					if !heard[n] && (e.line.answers < 0 || !heard[e.line.answers]) {
						t.Fatalf("line %d was released before %d was said", e.line.seq, n)
					}
				}
			}
		}
		check(0)
		dice.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		for _, text := range texts {
			said := newSaid(&o.Rules, &frame.Message{Type: frame.Text, Payload: []byte(text)})
			cue, again, ok := c.find(&said, compare.ByID)
			if again || !ok {
				t.Fatalf("%s is not known: again %v", text, again)
			}
			heard[cue] = true
			before := len(queue)
			queue = c.hear(cue, &said, queue)
			check(before)
		}
		last := uint64(0)
		released := make(map[uint64]bool)
		for _, e := range queue {
			if released[e.line.seq] {
				t.Fatalf("line %d was released twice", e.line.seq)
			}
			released[e.line.seq] = true
			if e.line.answers < 0 {
				if e.line.seq < last {
					t.Fatalf("line %d was released behind %d", e.line.seq, last)
				}
				last = e.line.seq
			}
		}
		if len(released) != len(s.lines) || c.count != len(s.cues) {
			t.Fatalf("%d of %d lines were released, %d of %d messages heard", len(released), len(s.lines), c.count, len(s.cues))
		}
	}
}

// It catches answers to one request that all go before those to another, though
// they came in turn.
func TestScoreInterleaves(t *testing.T) {
	var records roll
	for i, text := range []string{`{"id":"a","q":1}`, `{"id":"b","q":2}`, `{"id":"a","r":1}`, `{"id":"b","r":2}`, `{"id":"a","r":3}`, `{"id":"b","r":4}`} {
		from := frame.Server
		if i < 2 {
			from = frame.Client
		}
		records = append(records, frame.Record{
			Seq: uint64(i + 1), Message: uint64(i + 1), From: from, Payload: []byte(text), Stored: uint64(len(text)),
			Header: frame.Header{Fin: true, Opcode: frame.Text, Length: uint64(len(text)), Masked: from == frame.Client},
		})
	}
	o := &Options{}
	l := &loader{options: o, room: 1 << 20}
	s, err := l.load(t.Context(), &Conversation{Connection: frame.Connection{State: frame.Closed}, Source: records})
	if err != nil {
		t.Fatal(err)
	}
	c := newScore(s)
	var queue []entry
	for _, text := range []string{`{"id":"b","q":2}`, `{"id":"a","q":1}`} {
		said := newSaid(&o.Rules, &frame.Message{Type: frame.Text, Payload: []byte(text)})
		cue, again, ok := c.find(&said, compare.ByID)
		if again || !ok {
			t.Fatalf("%s is not known", text)
		}
		queue = c.hear(cue, &said, queue)
	}
	for i, e := range queue {
		if e.line.seq != uint64(i+3) {
			t.Errorf("line %d goes out as number %d", e.line.seq, i)
		}
	}
	if len(queue) != 4 {
		t.Errorf("%d lines wait", len(queue))
	}
}

// It catches records that make loading, or sending what was loaded, panic.
func FuzzLoad(f *testing.F) {
	f.Add([]byte{1, 0x81, 3, 'a', 'b', 'c', 0, 0x81, 1, 'x', 1, 0x88, 2, 3, 0xe8}, true)
	f.Add([]byte{1, 0x41, 1, 'a', 1, 0xc0, 1, 'b', 1, 0x0b, 0}, false)
	f.Fuzz(func(t *testing.T, p []byte, deflate bool) {
		c := Conversation{Connection: frame.Connection{State: frame.Closed, EndedBy: frame.ByServer, How: frame.ByReset}}
		if deflate {
			c.Connection.Extensions = "permessage-deflate"
		}
		var records roll
		first := uint64(0)
		for len(p) >= 3 {
			n := min(int(p[2]), len(p)-3)
			seq := uint64(len(records) + 1)
			r := frame.Record{
				Seq: seq, Message: seq, Time: time.Unix(int64(p[0]), 0), From: frame.Side(p[0] & 1), Origin: frame.Origin(p[0] >> 1 % 5),
				Header:  frame.Header{Fin: p[1]&0x80 != 0, RSV: p[1] >> 4 & 7, Opcode: frame.Opcode(p[1] & 0xF), Length: uint64(p[2]), Masked: p[0]&16 != 0},
				Payload: p[3 : 3+n], Stored: uint64(n), Opaque: p[0]&32 != 0, Incomplete: frame.Incomplete(p[0] >> 6),
			}
			if r.Header.Opcode == frame.Continuation && first != 0 {
				r.Message = first
			} else if !r.Header.Fin {
				first = seq
			}
			records = append(records, r)
			p = p[3+n:]
		}
		c.Source = records
		l := &loader{options: &Options{}, room: 1 << 20}
		s, err := l.load(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.lines {
			if line := &s.lines[i]; line.held && !line.take.raw() {
				line.renamed(line.take.payload, []byte(`"another"`))
			}
		}
	})
}
