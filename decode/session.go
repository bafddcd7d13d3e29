package decode

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Input is one message as decoders see it.
type Input struct {
	// Conn is what is known of the connection; nil when nothing is.
	Conn *frame.Connection
	From frame.Side
	Type frame.Opcode
	Seq  uint64
	Time time.Time
	// Payload is unmasked and inflated. Readings keep it: it must not change
	// while one is in use.
	Payload []byte
	// Whole is whether Payload is all of the message and not its beginning.
	Whole bool
}

// Reading is what one format makes of a message. Its texts are on one line and
// harmless, as AppendVisible writes them.
type Reading struct {
	// Decoder names the format, such as "JSON", "MessagePack" or "JSON in gzip".
	Decoder string
	// Summary is the message in one line for a list, 200 cells at most.
	Summary string
	// Root is the tree, of what is inside where the payload is but wrapping. It has
	// no key.
	Root Node
	// Note says what does not fit: where reading stopped and why, or what makes
	// the reading a guess; of what was unwrapped it gives the sizes. It is empty
	// when there is nothing to say.
	Note string

	trust trust
}

// trust is how likely a reading is the right one.
type trust uint8

const (
	possible trust = iota // fits, as other things would
	likely                // fits, and few other things would
	certain               // nothing else is written like this
)

// Session makes readings of the messages of one connection. Formats that span
// messages are read right when all messages of the connection are given in
// order; any single message of another format can be given at any time. The
// zero value is ready. It is for one goroutine at a time.
type Session struct {
	decoders []decoder
}

// decoder makes a Reading of a message, or says in a few words why it cannot: ""
// when the message does not even look like its format.
type decoder func(in *Input) (r *Reading, why string)

// decoders are all there are. Each is made anew for a Session, so that one whose
// format spans messages is a closure over what it remembers. Of readings that are
// equally likely the earlier here comes first.
var decoders = []func() decoder{
	func() decoder { return readJSON },
	func() decoder { return readWrapped },
	func() decoder { return readMessagePack },
	func() decoder { return readCBOR },
	func() decoder { return readProtobuf },
}

// Read returns the readings of a message, the likeliest first. When there is
// none, why says so for people, such as "binary, 812 bytes, no known format".
// It takes time in proportion to the payload: for JSON about what encoding/json
// takes to say whether it is valid.
func (s *Session) Read(in Input) (readings []Reading, why string) {
	why = in.Type.String() + ", " + count(len(in.Payload), "byte")
	if !in.Type.Data() || len(in.Payload) == 0 {
		return nil, why
	}
	if s.decoders == nil {
		for _, open := range decoders {
			s.decoders = append(s.decoders, open())
		}
	}
	near := ""
	for _, decode := range s.decoders {
		r, why := decode(&in)
		if near == "" {
			near = why
		}
		if r != nil {
			r.Summary = summarize(&r.Root)
			readings = append(readings, *r)
		}
	}
	slices.SortStableFunc(readings, func(a, b Reading) int { return cmp.Compare(b.trust, a.trust) })
	switch {
	case len(readings) > 0:
		return readings, ""
	case near != "":
		return nil, why + ", " + near
	}
	// The signatures of files, as browsers know them (WHATWG MIME Sniffing).
	if kind := http.DetectContentType(in.Payload); kind != "application/octet-stream" && !strings.HasPrefix(kind, "text/") {
		return nil, why + ", looks like " + kind
	}
	return nil, why + ", no known format"
}
