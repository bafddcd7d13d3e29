package frame_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// drafted cuts the wire form of a draft into frames, which must come out whole,
// and returns them with their payloads put together.
func drafted(t *testing.T, d frame.Draft) (headers []frame.Header, payload []byte) {
	t.Helper()
	wire, err := d.Wire()
	if err != nil {
		t.Fatal(err)
	}
	var c frame.Cutter
	for len(wire) > 0 {
		p, n, ok := c.Next(wire)
		if !ok || !p.Last || p.Opaque {
			t.Fatalf("frame %d of %+v is not whole", len(headers)+1, d.Type)
		}
		headers = append(headers, p.Header)
		part := bytes.Clone(p.Data)
		if p.Header.Masked {
			frame.Mask(part, p.Header.Mask, 0)
		}
		payload = append(payload, part...)
		wire = wire[n:]
	}
	return headers, payload
}

// What somebody composes must arrive as it was written, and break no rule unless
// that was asked for.
func TestDraftIsLegal(t *testing.T) {
	for _, from := range []frame.Side{frame.Client, frame.Server} {
		for _, size := range []int{0, 1, 5, 125, 126, 65535, 65536, 200_000} {
			for _, fragments := range []int{0, 1, 2, 3, 7, 400} {
				d := frame.Draft{From: from, Type: frame.Binary, Payload: bytes.Repeat([]byte{0xC3, 1, 2, 0}, size/4+1)[:size], Fragments: fragments}
				before := bytes.Clone(d.Payload)
				headers, payload := drafted(t, d)
				if !bytes.Equal(payload, before) || !bytes.Equal(d.Payload, before) {
					t.Fatalf("%s, %d bytes in %d: the payload is another", from, size, fragments)
				}
				if len(headers) != max(fragments, 1) {
					t.Fatalf("%s, %d bytes in %d: %d frames", from, size, fragments, len(headers))
				}
				check := frame.Checker{From: from}
				keys := make(map[[4]byte]bool)
				for i, h := range headers {
					if v := check.Check(&h, nil); v != frame.Legal || h.Fin != (i == len(headers)-1) || h.RSV != 0 {
						t.Fatalf("%s, %d bytes in %d: frame %d is %+v, %s", from, size, fragments, i+1, h, v)
					}
					if size >= fragments && fragments > 0 && h.Length < uint64(size/fragments) {
						t.Fatalf("%d bytes in %d: frame %d has %d", size, fragments, i+1, h.Length)
					}
					keys[h.Mask] = true
				}
				// Each has a key of its own; two alike in 400 come once in 50,000 times.
				if from == frame.Client && len(keys) < len(headers)-1 {
					t.Errorf("%d keys in %d frames", len(keys), len(headers))
				}
			}
		}
	}
}

// Each type of draft, and what may not be sent without being asked for by name.
func TestDraft(t *testing.T) {
	for _, test := range []struct {
		d     frame.Draft
		want  string // the first header, or the error
		fails bool
	}{
		{frame.Draft{Type: frame.Text, From: frame.Server, Payload: []byte("a")}, "text fin=true rsv=0 length=1 masked=false extended=0", false},
		{frame.Draft{Type: frame.Ping, From: frame.Server}, "ping fin=true rsv=0 length=0 masked=false extended=0", false},
		{frame.Draft{Type: frame.Close, From: frame.Client, Payload: frame.AppendClose(nil, 4000, "bye")}, "close fin=true rsv=0 length=5 masked=true extended=0", false},
		{frame.Draft{Type: frame.Ping, Payload: make([]byte, 126)}, "the payload of a ping has 126 bytes", true},
		{frame.Draft{Type: frame.Ping, Fragments: 2}, "a ping cannot be fragmented", true},
		{frame.Draft{Type: frame.Text, Fragments: frame.MaxFragments + 1}, "10001 fragments are more than 10000", true},
		{frame.Draft{Type: frame.Text, Header: "fin=2"}, `header field fin cannot be "2"`, true},

		{frame.Draft{Type: frame.Ping, From: frame.Server, Payload: make([]byte, 126), Header: "rsv=0"}, "ping fin=true rsv=0 length=126 masked=false extended=2", false},
		{frame.Draft{Type: frame.Ping, From: frame.Server, Fragments: 2, Header: "rsv=0"}, "ping fin=false rsv=0 length=0 masked=false extended=0", false},
		{frame.Draft{Type: frame.Text, From: frame.Server, Payload: []byte("a"), Header: "rsv=5,opcode=11,masked=1,extended=8"}, "reserved-11 fin=true rsv=5 length=1 masked=true extended=8", false},
		{frame.Draft{Type: frame.Text, From: frame.Client, Payload: []byte("a"), Header: "masked=0"}, "text fin=true rsv=0 length=1 masked=false extended=0", false},
		{frame.Draft{Type: frame.Text, From: frame.Client, Payload: []byte("a"), Header: "fin=0, mask=01020304"}, "text fin=false rsv=0 length=1 masked=true extended=0", false},
		{frame.Draft{Type: frame.Text, From: frame.Server, Payload: []byte("a"), Header: "length=70000"}, "text fin=true rsv=0 length=70000 masked=false extended=8", false},
	} {
		wire, err := test.d.Wire()
		if err != nil || test.fails {
			if err == nil || !test.fails || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v: %v, want %q", test.d, err, test.want)
			}
			continue
		}
		h, size := frame.Parse(wire)
		got := fmt.Sprintf("%s fin=%v rsv=%d length=%d masked=%v extended=%d", h.Opcode, h.Fin, h.RSV, h.Length, h.Masked, h.Extended)
		if got != test.want {
			t.Errorf("%+v: %s, want %s", test.d, got, test.want)
		}
		if p := wire[size:]; len(test.d.Payload) > 0 {
			if h.Masked {
				frame.Mask(p, h.Mask, 0)
			}
			if !bytes.HasPrefix(p, test.d.Payload) {
				t.Errorf("%+v: the payload is %q", test.d, p)
			}
		}
	}
}

// A mistyped change must not be taken for another, or for none.
func TestHeaderChange(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{" , ", ""},
		{"fin=1,fin=0", ""},
		{"opcode=ping", ""},
		{"opcode=0xB", ""},
		{"mask=0A0b0c0d", ""},
		{"fin", `header field fin cannot be ""`},
		{"fin=yes", `header field fin cannot be "yes"`},
		{"rsv=8", `header field rsv cannot be "8"`},
		{"opcode=16", `header field opcode cannot be "16"`},
		{"opcode=opaque", `header field opcode cannot be "opaque"`},
		{"opcode=-1", `header field opcode cannot be "-1"`},
		{"length=-1", `header field length cannot be "-1"`},
		{"length=18446744073709551616", `header field length cannot be`},
		{"extended=4", `header field extended is "4", not 0, 2 or 8`},
		{"extended=99", `header field extended cannot be "99"`},
		{"mask=01", `header field mask is "01", not eight hex digits`},
		{"mask=0102030405", `not eight hex digits`},
		{"Fin=1", `header field "Fin" is not one of fin, rsv`},
		{"rsv=1;fin=0", `header field rsv cannot be "1;fin=0"`},
	} {
		h := frame.Header{Fin: true, Opcode: frame.Text, Length: 3}
		err := h.Change(test.text)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}

// Whatever is typed: a header that can be written and read back, in the same bytes
// when the change is made again.
func FuzzHeaderChange(f *testing.F) {
	f.Add("fin=0,rsv=5,opcode=11,masked=0,length=70000,extended=8")
	f.Add("mask=01020304, opcode=close ,length=0x10")
	f.Add("opcode=reserved-3,extended=2,,=,a=b")
	f.Fuzz(func(t *testing.T, text string) {
		h := frame.Header{Fin: true, Opcode: frame.Text, Length: 300}
		before := h
		if h.Change(text) != nil {
			return
		}
		if strings.Trim(text, ", \t\n\v\f\r\u0085\u00A0") == "" && h != before {
			t.Fatalf("%q changed %+v", text, h)
		}
		wire := h.Append(nil)
		again, size := frame.Parse(wire)
		if size != len(wire) || size > frame.MaxHeaderSize || size != h.Size() {
			t.Fatalf("%q: %x of %d bytes is read as %d", text, wire, h.Size(), size)
		}
		if again.Fin != h.Fin || again.RSV != h.RSV || again.Opcode != h.Opcode || again.Length != h.Length || again.Masked != h.Masked || h.Masked && again.Mask != h.Mask {
			t.Fatalf("%q: %+v is read as %+v", text, h, again)
		}
		if err := again.Change(text); err != nil || !bytes.Equal(again.Append(nil), wire) {
			t.Fatalf("%q: the second time it is %x, %v, was %x", text, again.Append(nil), err, wire)
		}
	})
}
