package frame_test

import (
	"encoding"
	"fmt"
	"reflect"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// Sizes and bytes on the wire are what counters, exports and replays rest on.
func TestRecordOnTheWire(t *testing.T) {
	h := frame.Header{Fin: true, Opcode: frame.Text, Length: 2, Masked: true, Mask: [4]byte{0xFF, 0, 0xFF, 0}}
	for _, test := range []struct {
		name   string
		record frame.Record
		size   uint64
		wire   string
	}{
		{"whole", frame.Record{Header: h, Payload: []byte("hi"), Stored: 2}, 8, "\x81\x82\xff\x00\xff\x00\x97i"},
		{"non-minimal", frame.Record{Header: frame.Header{Extended: 8, Length: 1}, Payload: []byte("x"), Stored: 1}, 11, "\x00\x7f\x00\x00\x00\x00\x00\x00\x00\x01x"},
		{"cut", frame.Record{Header: frame.Header{Length: 100}, Payload: []byte("hi"), Stored: 2, Incomplete: frame.Cut}, 4, "\x00\x64hi"},
		{"shed", frame.Record{Header: frame.Header{Length: 100}, Incomplete: frame.Shed}, 102, "\x00\x64"},
		{"opaque", frame.Record{Payload: []byte("\x82\xff"), Stored: 2, Opaque: true}, 2, "\x82\xff"},
	} {
		before := string(test.record.Payload)
		if got := test.record.WireSize(); got != test.size {
			t.Errorf("%s: WireSize %d, want %d", test.name, got, test.size)
		}
		if got := test.record.AppendWire([]byte(">")); string(got) != ">"+test.wire {
			t.Errorf("%s: wire %q, want %q", test.name, got, test.wire)
		}
		if string(test.record.Payload) != before {
			t.Errorf("%s: AppendWire changed the payload", test.name)
		}
	}
}

// Every value is written by name, in JSON and in filters, and must be read back
// as itself; one of a newer version must not be mistaken for another.
func TestNamesRoundTrip(t *testing.T) {
	check := func(v fmt.Stringer, again encoding.TextUnmarshaler) {
		text, err := v.(encoding.TextMarshaler).MarshalText()
		if err != nil || string(text) != v.String() {
			t.Errorf("%v is written %q, %v", v, text, err)
		}
		if err := again.UnmarshalText(text); err != nil || reflect.ValueOf(again).Elem().Interface() != any(v) {
			t.Errorf("%q was read as %v, %v", text, again, err)
		}
		if err := again.UnmarshalText([]byte("nonsense")); err == nil {
			t.Errorf("%T accepts nonsense", again)
		}
	}
	for o := range frame.Opaque + 1 {
		check(o, new(frame.Opcode))
	}
	for o := range frame.Replayed + 1 {
		check(o, new(frame.Origin))
	}
	for i := range frame.Unfinished + 1 {
		check(i, new(frame.Incomplete))
	}
	for _, s := range []frame.Side{frame.Client, frame.Server} {
		check(s, new(frame.Side))
		if s.Peer() == s || s.Peer().Peer() != s {
			t.Errorf("the peer of %v is %v", s, s.Peer())
		}
	}
	for _, s := range []fmt.Stringer{frame.Origin(99), frame.Incomplete(99), frame.Opcode(99)} {
		if s.String() == "" {
			t.Errorf("%T 99 has no name", s)
		}
	}
}
