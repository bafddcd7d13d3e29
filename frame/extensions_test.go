package frame_test

import (
	"reflect"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// Pitfalls C2 and H10: a parameter misread makes every compressed message of the
// connection unreadable, or legal bits look illegal.
func TestParseExtensions(t *testing.T) {
	deflate := func(change func(*frame.Extensions)) frame.Extensions {
		e := frame.Extensions{Deflate: true, WindowBits: [2]uint8{15, 15}}
		if change != nil {
			change(&e)
		}
		return e
	}
	clientBits := func(bits uint8) func(*frame.Extensions) {
		return func(e *frame.Extensions) { e.WindowBits[frame.Client] = bits }
	}
	serverBits := func(bits uint8) func(*frame.Extensions) {
		return func(e *frame.Extensions) { e.WindowBits[frame.Server] = bits }
	}
	for _, test := range []struct {
		value string
		want  frame.Extensions
		rsv   uint8
	}{
		{"", frame.Extensions{}, 0},
		{" , ,", frame.Extensions{}, 0},
		{"permessage-deflate", deflate(nil), frame.RSV1},
		{"Permessage-Deflate", deflate(nil), frame.RSV1},
		{"permessage-deflate; client_no_context_takeover", deflate(func(e *frame.Extensions) { e.NoContextTakeover[frame.Client] = true }), frame.RSV1},
		{"permessage-deflate;server_no_context_takeover", deflate(func(e *frame.Extensions) { e.NoContextTakeover[frame.Server] = true }), frame.RSV1},
		{"permessage-deflate; client_max_window_bits=8", deflate(clientBits(8)), frame.RSV1},
		{"permessage-deflate; server_max_window_bits=9", deflate(serverBits(9)), frame.RSV1},
		{`permessage-deflate; server_max_window_bits="10"`, deflate(serverBits(10)), frame.RSV1},
		{`permessage-deflate; server_max_window_bits="1\0"`, deflate(serverBits(10)), frame.RSV1},
		{"permessage-deflate; client_max_window_bits", deflate(nil), frame.RSV1},
		{"permessage-deflate; client_max_window_bits=7; server_max_window_bits=16", deflate(nil), frame.RSV1},
		{"permessage-deflate; server_max_window_bits=; client_max_window_bits=x", deflate(nil), frame.RSV1},
		{
			"permessage-deflate ; client_no_context_takeover ; server_no_context_takeover ; client_max_window_bits = 11 ; server_max_window_bits = 12",
			frame.Extensions{Deflate: true, NoContextTakeover: [2]bool{true, true}, WindowBits: [2]uint8{11, 12}}, frame.RSV1,
		},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", deflate(serverBits(10)), frame.RSV1},
		{"x-fancy", frame.Extensions{Unknown: []string{"x-fancy"}}, 7},
		{`x-fancy; a="b,c;d\",e", permessage-deflate`, deflate(func(e *frame.Extensions) { e.Unknown = []string{"x-fancy"} }), 7},
		{`x-fancy; a="never closed, permessage-deflate`, frame.Extensions{Unknown: []string{"x-fancy"}}, 7},
	} {
		got := frame.ParseExtensions(test.value)
		if !reflect.DeepEqual(got, test.want) || got.RSV() != test.rsv {
			t.Errorf("%q: %+v, RSV %d", test.value, got, got.RSV())
		}
	}
}

// The header comes from a peer: garbage must come out as something harmless.
func FuzzExtensions(f *testing.F) {
	f.Add(`permessage-deflate; client_max_window_bits="15"; server_no_context_takeover, foo`)
	f.Add(`a;b="c\`)
	f.Add("permessage-deflate; server_max_window_bits=99999999999999999999")
	f.Fuzz(func(t *testing.T, value string) {
		e := frame.ParseExtensions(value)
		for side, bits := range e.WindowBits {
			if e.Deflate != (bits >= 8 && bits <= 15) {
				t.Errorf("side %d: window of %d bits, deflate %v", side, bits, e.Deflate)
			}
		}
		if e.RSV() != 0 != (e.Deflate || len(e.Unknown) > 0) {
			t.Errorf("%+v: RSV %d", e, e.RSV())
		}
	})
}
