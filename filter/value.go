package filter

import (
	"cmp"
	"math"
	"time"
	"unsafe"

	"github.com/wsluice/wsluice/frame"
)

// kind is the type of a value.
type kind uint8

const (
	kindBad     kind = iota // what could not be evaluated
	kindNull                // nil
	kindBool                // number is 0 or 1
	kindInt                 // number is an int64
	kindFloat               // number holds the bits of a float64
	kindText                // text
	kindTime                // number is nanoseconds since 1970
	kindSpan                // number is nanoseconds
	kindList                // ref is a *[]value
	kindRange               // ref is an *interval
	kindArray               // ref is a *document, number a node of it
	kindObject              // the same
	kindHeaders             // ref is a *[]frame.Field
)

// value is what a part of an expression evaluates to. It is passed by value and
// takes no memory of its own: numbers are not boxed, text stays where it is.
type value struct {
	kind   kind
	number int64
	text   string
	ref    any
}

// interval is the integers from first to last.
type interval struct{ first, last int64 }

var (
	unevaluated = value{}
	none        = value{kind: kindNull}
	yes         = value{kind: kindBool, number: 1}
	no          = value{kind: kindBool}
)

func truth(b bool) value {
	if b {
		return yes
	}
	return no
}

func whole(n int64) value      { return value{kind: kindInt, number: n} }
func count(n uint64) value     { return whole(int64(min(n, math.MaxInt64))) }
func floating(f float64) value { return value{kind: kindFloat, number: int64(math.Float64bits(f))} }
func words(s string) value     { return value{kind: kindText, text: s} }
func lasting(n int64) value    { return value{kind: kindSpan, number: n} }
func items(v []value) value    { return value{kind: kindList, ref: &v} }

func (v value) isTrue() bool { return v.kind == kindBool && v.number != 0 }

func (v value) isNumber() bool { return v.kind == kindInt || v.kind == kindFloat }

// float returns a number as a float64.
func (v value) float() float64 {
	if v.kind == kindInt {
		return float64(v.number)
	}
	return math.Float64frombits(uint64(v.number))
}

// fields returns header fields as a value.
func fields(f *[]frame.Field) value { return value{kind: kindHeaders, ref: f} }

// The times an int64 of nanoseconds can tell.
var earliest, latest = time.Unix(0, math.MinInt64).UTC(), time.Unix(0, math.MaxInt64).UTC()

// at returns t as a value. Times outside the years 1678 to 2262 become the
// first or last of them; the zero time is nil.
func at(t time.Time) value {
	switch {
	case t.IsZero():
		return none
	case t.Before(earliest):
		t = earliest
	case t.After(latest):
		t = latest
	}
	return value{kind: kindTime, number: t.UnixNano()}
}

// view returns p as a string without copying it. The string is good as long as p
// is not changed; no evaluation keeps one longer than it lasts.
func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// unordered is the order of values that have none, such as NaN.
const unordered = 2

// order compares two values of one type, numbers with numbers. ok is false when
// there is no order between values of their types.
func order(a, b value) (order int, ok bool) {
	switch {
	case a.isNumber() && b.isNumber():
		return orderNumbers(a, b), true
	case a.kind != b.kind:
		return unordered, false
	case a.kind == kindText:
		return cmp.Compare(a.text, b.text), true
	case a.kind == kindTime, a.kind == kindSpan:
		return cmp.Compare(a.number, b.number), true
	}
	return unordered, false
}

// orderNumbers compares numbers exactly, also integers a float64 cannot hold.
func orderNumbers(a, b value) int {
	switch {
	case a.kind == kindInt && b.kind == kindInt:
		return cmp.Compare(a.number, b.number)
	case a.kind == kindFloat && b.kind == kindFloat:
		return orderFloats(a.float(), b.float())
	case a.kind == kindInt:
		return orderMixed(a.number, b.float())
	}
	if o := orderMixed(b.number, a.float()); o != unordered {
		return -o
	}
	return unordered
}

func orderFloats(a, b float64) int {
	if a != a || b != b {
		return unordered
	}
	return cmp.Compare(a, b)
}

func orderMixed(n int64, f float64) int {
	switch {
	case f != f:
		return unordered
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	// Within the range of int64 the integer part converts exactly.
	integral := math.Trunc(f)
	if o := cmp.Compare(n, int64(integral)); o != 0 {
		return o
	}
	return cmp.Compare(integral, f)
}
