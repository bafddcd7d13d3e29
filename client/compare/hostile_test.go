package compare_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// FuzzSame catches payloads that make comparing panic, that are not the same as
// themselves, or on which a message's key and its comparison disagree; and JSON
// that is the same for us and another for encoding/json.
func FuzzSame(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"ts":2}`, `[1,2,[3,{"x":"\u00e9"}]]`, `42["x",{"id":1}]`, "a\nb", "", "\x00\x01", `{"a":1}` + "\x1e",
		`{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","at":"2026-01-02T03:04:05.6+02:00"}`, `{"a":[`, `{"a":1.5e3,"a":-0}`,
	} {
		f.Add([]byte(seed), []byte(`{"a":2}`), uint8(1))
		f.Add([]byte(seed), []byte(seed+" "), uint8(3))
	}
	path, _ := compare.ParsePath("$..ts")
	f.Fuzz(func(t *testing.T, left, right []byte, how uint8) {
		r := compare.Rules{Detect: how&1 != 0}
		if how&2 != 0 {
			r.Ignore = []compare.Path{path}
		}
		a := &frame.Message{Type: frame.Opcode(1 + how>>2&1), Payload: left}
		b := &frame.Message{Type: a.Type, Payload: right}
		if d, same := r.Same(a, a); !same {
			t.Fatalf("not the same as itself: %s", list(d))
		}
		d, same := r.Same(a, b)
		if same != r.Matches(compare.Exactly, a, b) {
			t.Fatalf("same %t, and the keys say otherwise: %s", same, list(d))
		}
		for _, c := range d.Changes {
			if c.Left.Bytes != nil && !bytes.HasPrefix(left[c.Left.Offset:], c.Left.Bytes) || c.Right.Bytes != nil && !bytes.HasPrefix(right[c.Right.Offset:], c.Right.Bytes) {
				t.Fatalf("the offset of %s is wrong", c.Path)
			}
		}
		if id, ok := compare.FindID(a); ok && !bytes.HasPrefix(left[id.Offset:], id.Value) {
			t.Fatalf("the offset of the id %s is wrong", id.Value)
		}
		r.Matches(compare.ByID, a, b)
		r.Matches(compare.ByShape, a, b)
		if how == 0 && same && json.Valid(left) && json.Valid(right) && d.Form == compare.JSON && !twice(left) && !twice(right) {
			var v, w any
			if json.Unmarshal(left, &v) == nil && json.Unmarshal(right, &w) == nil && !reflect.DeepEqual(v, w) {
				t.Fatalf("%s and %s are the same", left, right)
			}
		}
	})
}

// twice reports whether an object may have a key twice, of which encoding/json
// keeps one.
func twice(payload []byte) bool { return bytes.Count(payload, []byte(`":`)) > 1 }

// TestHostileJSON catches payloads that take more than time in proportion: the test
// would not end, or the stack would overflow.
func TestHostileJSON(t *testing.T) {
	const size = 1 << 19
	many := func(part, other string) (string, string) {
		return "[" + strings.Repeat(part+",", size) + "0]", "[" + strings.Repeat(other+",", size) + "1]"
	}
	var keys, others strings.Builder
	for i := range size / 8 {
		keys.WriteString(`"` + strings.Repeat("k", i%50) + string(rune('a'+i%26)) + `":1,`)
		others.WriteString(`"` + strings.Repeat("k", i%49) + string(rune('a'+i%25)) + `":2,`)
	}
	for name, pair := range map[string]func() (string, string){
		"deep arrays":    func() (string, string) { return strings.Repeat("[", size), strings.Repeat("[", size+1) },
		"deep objects":   func() (string, string) { return strings.Repeat(`{"a":`, size), strings.Repeat(`{"a":`, size) + "1" },
		"equal elements": func() (string, string) { return many("1", "2") },
		"two in turn":    func() (string, string) { return many("1,2", "2,1,1") },
		"empty objects":  func() (string, string) { return many("{}", "[]") },
		"keys":           func() (string, string) { return "{" + keys.String() + `"":1}`, "{" + others.String() + `"":1}` },
		"lines":          func() (string, string) { return strings.Repeat("a\nb\n", size), strings.Repeat("b\na\na\n", size) },
		"dashes":         func() (string, string) { return strings.Repeat("-", size), strings.Repeat("00000000-", size/9) },
		"blanks":         func() (string, string) { return strings.Repeat(" ", size), strings.Repeat(" a", size/2) },
	} {
		t.Run(name, func(t *testing.T) {
			left, right := pair()
			r := rules(t, "detect ignore=$..a..b..c")
			if _, same := r.Same(text(left), text(right)); same {
				t.Error("the two are the same")
			}
			if _, same := r.Same(text(left), text(left)); !same {
				t.Error("it is not the same as itself")
			}
			if _, same := r.Same(binary("\x00"+left), binary("\x00"+right)); same {
				t.Error("the two are the same in binary")
			}
		})
	}
}

// TestDepth catches JSON that is deeper than the bound and still read, and less deep
// and not.
func TestDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for n, want := range map[int]compare.Form{compare.MaxDepth: compare.JSON, 2 * compare.MaxDepth: compare.Text} {
		if d, _ := (&compare.Rules{}).Same(text(nested(n)), text(nested(n-1))); d.Form != want {
			t.Errorf("%d deep is compared as %v, want %v", n, d.Form, want)
		}
	}
}
