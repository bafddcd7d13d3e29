package filter

import (
	"slices"
	"strconv"
	"time"

	"github.com/expr-lang/expr/types"
	"github.com/wsluice/wsluice/frame"
)

// Subject is what a filter selects.
type Subject uint8

// The subjects.
const (
	OfMessages Subject = iota
	OfFrames
	OfConnections
)

// String returns "messages", "frames" or "connections".
func (s Subject) String() string { return [...]string{"messages", "frames", "connections"}[s] }

// Name is a name of the language: a field, or a constant when Constant is set.
type Name struct {
	Name string
	// Type is what its values are: "number", "text", "yes/no", "time",
	// "duration", "JSON" or "header fields".
	Type string
	// Meaning is one line for people.
	Meaning string
	// Example is a filter with the name.
	Example  string
	Constant bool
}

// Names returns the names that filters of a subject know, fields first, in the
// order in which the documentation lists them.
func Names(of Subject) []Name {
	var out []Name
	for i := range fieldTable {
		if f := &fieldTable[i]; f.get[of] != nil {
			out = append(out, Name{f.name, f.typ.String(), f.meaning, f.example, false})
		}
	}
	for i := range constantTable {
		if c := &constantTable[i]; slices.Contains(c.of, of) {
			out = append(out, Name{c.name, c.typ().String(), c.meaning, c.example, true})
		}
	}
	return out
}

// eval evaluates a part of an expression.
type eval func(s *scope) value

// field is a row of the table of names.
type field struct {
	name             string
	typ              typ
	meaning, example string
	// get reads the field, by Subject; nil where the name is not known.
	get [3]eval
	// values are all the field can be, nil when that is not limited.
	values []string
}

// typ is the type of a field.
type typ uint8

const (
	typNumber typ = iota
	typText
	typBool
	typTime
	typSpan
	typJSON
	typHeaders
)

var typTable = [...]struct {
	name    string
	checked types.Type
}{
	typNumber:  {"number", types.Int},
	typText:    {"text", types.String},
	typBool:    {"yes/no", types.Bool},
	typTime:    {"time", types.TypeOf(time.Time{})},
	typSpan:    {"duration", types.TypeOf(time.Duration(0))},
	typJSON:    {"JSON", types.Any},
	typHeaders: {"header fields", types.TypeOf(map[string]string{})},
}

// String returns the type's name as people see it.
func (t typ) String() string { return typTable[t].name }

// constant is a name with a fixed value.
type constant struct {
	name             string
	value            value
	meaning, example string
	of               []Subject
}

func (c *constant) typ() typ {
	if c.value.kind == kindInt {
		return typNumber
	}
	return typText
}

var (
	everywhere = []Subject{OfMessages, OfFrames, OfConnections}
	inTraffic  = []Subject{OfMessages, OfFrames}
)

var constantTable = []constant{
	{"client", words("client"), "the side that opened the connection", "from == client", everywhere},
	{"server", words("server"), "the side that answered", "from == server", everywhere},
	{"proxy", words("proxy"), "wsluice itself, as who ended a connection", "ended_by == proxy", []Subject{OfConnections}},
	{"binary", words("binary"), "a type; that of text messages is written \"text\"", "type == binary", inTraffic},
	{"ping", words("ping"), "a type", "type == ping", inTraffic},
	{"pong", words("pong"), "a type", "type in [ping, pong]", inTraffic},
	{"close", words("close"), "a type, and a way a connection ends", "type == close", everywhere},
	{"continuation", words("continuation"), "a type", "type == continuation", inTraffic},
	{"opaque", words("opaque"), "the type of bytes that were no frame", "type == \"opaque\"", []Subject{OfMessages}},
	{"observed", words("observed"), "an origin: passed on", "origin != observed", inTraffic},
	{"injected", words("injected"), "an origin: made by the user", "origin == injected", inTraffic},
	{"edited", words("edited"), "an origin: sent in place of another", "origin == edited", inTraffic},
	{"dropped", words("dropped"), "an origin: kept from its receiver", "origin == dropped", inTraffic},
	{"replayed", words("replayed"), "an origin: sent again from a capture", "origin == replayed", inTraffic},
	{"KB", whole(1 << 10), "1024", "size > 64*KB", everywhere},
	{"MB", whole(1 << 20), "1024*1024", "size > 1*MB", everywhere},
	{"GB", whole(1 << 30), "1024*1024*1024", "bytes > 1*GB", everywhere},
}

// What the fields of limited values can be.
var (
	sideValues  = []string{"client", "server"}
	typeValues  = list(frame.Opaque+1, func(i frame.Opcode) string { return i.String() })
	stateValues = []string{string(frame.Open), string(frame.Closed), string(frame.Refused), string(frame.Failed), string(frame.Bypassed)}
	partyValues = []string{"", string(frame.ByClient), string(frame.ByServer), string(frame.ByProxy)}
	howValues   = []string{"", string(frame.ByClose), string(frame.ByFIN), string(frame.ByReset), string(frame.ByShutdown), string(frame.ByError)}

	originValues     = list(frame.Replayed+1, func(i frame.Origin) string { return i.String() })
	incompleteValues = list(frame.Unfinished+1, func(i frame.Incomplete) string { return i.String() })
	violationValues  = list(frame.InvalidUTF8+1, func(i frame.Violation) string { return i.String() })
)

func list[T ~uint8](n T, name func(T) string) []string {
	out := make([]string, n)
	for i := range n {
		out[i] = name(i)
	}
	return out
}

// The names of reserved opcodes, which Opcode.String would make anew each time.
var opcodeNames = typeValues

func typeName(o frame.Opcode) value {
	if int(o) < len(opcodeNames) {
		return words(opcodeNames[o])
	}
	return words("reserved-" + strconv.Itoa(int(o)))
}
