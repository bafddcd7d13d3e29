package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// intake gives what an importer reads to a sink, and counts.
type intake struct {
	ctx   context.Context
	sink  Sink
	tally Tally
}

// reel is one connection on its way to a sink.
type reel struct {
	in     *intake
	tape   Tape
	last   time.Time // of the latest frame, or the start
	end    frame.End // what is known of the end
	closed bool      // a close frame was seen
}

// maxRefusal bounds the body of a refusal that is kept, in bytes.
const maxRefusal = 64 << 10

// alive returns the error that ends the import, if any.
func (in *intake) alive() error { return in.ctx.Err() }

// open begins c as a connection of its own: its counters and what comes of its
// frames are for the sink to find. Of one that carries no frames the reel has no
// tape.
func (in *intake) open(c *frame.Connection) (*reel, error) {
	fresh := *c
	fresh.ID, fresh.Source, fresh.Missing, fresh.Code, fresh.Reason = 0, 0, 0, 0, ""
	fresh.Messages, fresh.Frames, fresh.Bytes = [2]uint64{}, [2]uint64{}, [2]uint64{}
	if fresh.Start = inRange(fresh.Start); fresh.Start.IsZero() {
		fresh.Start = time.Unix(0, 0).UTC()
		in.tally.note("connections without a time are kept as of 1970")
	}
	fresh.Body = fresh.Body[:min(len(fresh.Body), maxRefusal)]
	end := endOf(&fresh)
	switch fresh.State {
	case frame.Refused, frame.Failed, frame.Bypassed:
		fresh.End, fresh.EndedBy, fresh.How = end.Time, end.EndedBy, end.How
	default:
		fresh.State, fresh.End, fresh.EndedBy, fresh.How, fresh.Error = frame.Open, time.Time{}, "", "", ""
	}
	tape, err := in.sink.Open(&fresh)
	if err != nil {
		return nil, fmt.Errorf("keep a connection: %w", err)
	}
	in.tally.Connections++
	r := &reel{in: in, last: fresh.Start, end: end}
	if fresh.State == frame.Open {
		r.tape = tape
	}
	return r, nil
}

// endOf is how c ended, as far as it says so in words that are known.
func endOf(c *frame.Connection) frame.End {
	end := frame.End{Time: inRange(c.End), Error: c.Error}
	if slices.Contains([]frame.Party{frame.ByClient, frame.ByServer, frame.ByProxy}, c.EndedBy) {
		end.EndedBy = c.EndedBy
	}
	if slices.Contains([]frame.How{frame.ByClose, frame.ByFIN, frame.ByReset, frame.ByShutdown, frame.ByError}, c.How) {
		end.How = c.How
	}
	return end
}

// learn takes what c tells of the end.
func (r *reel) learn(c *frame.Connection) { r.end = endOf(c) }

// What an import does not keep as it is, for Note.What.
const (
	noteDropped   = "messages that had been dropped are left out"
	noteMade      = "messages that had been injected, edited or replayed are kept as if they had passed"
	notePartial   = "messages of which a part is missing are kept without it"
	noteDeflate   = "messages that could not be inflated are left out"
	noteOpaque    = "bytes that were no frames are left out"
	noteNoFrames  = "messages of connections that carried none are left out"
	noteControl   = "control frames with more than 125 bytes are left out"
	noteFragments = "messages in more than 10000 fragments are kept in one"
)

// message gives m to the sink as whole frames, uncompressed, in as many fragments
// as it had.
func (r *reel) message(m *frame.Message) {
	t := &r.in.tally
	switch {
	case r.tape == nil:
		t.note(noteNoFrames)
		return
	case m.Origin == frame.Dropped:
		t.note(noteDropped)
		return
	case m.Type == frame.Opaque:
		t.note(noteOpaque)
		return
	case m.Error != "":
		t.note(noteDeflate)
		return
	case m.Type.Control() && len(m.Payload) > frame.MaxControl:
		t.note(noteControl)
		return
	}
	if m.Origin != frame.Observed {
		t.note(noteMade)
	}
	if m.Incomplete != frame.Whole || m.Truncated {
		t.note(notePartial)
	}
	d := frame.Draft{From: m.From, Type: m.Type, Payload: m.Payload}
	if !m.Type.Control() {
		if d.Fragments = m.Frames; d.Fragments > frame.MaxFragments {
			d.Fragments = 1
			t.note(noteFragments)
		}
	}
	wire, err := d.Wire()
	if err != nil {
		t.note("messages that cannot be sent are left out: " + err.Error())
		return
	}
	t.Messages++
	r.append(m.From, m.Time, wire)
	r.closed = r.closed || m.Type == frame.Close
}

// append gives wire to the sink; a time that is none is that of the frame before.
func (r *reel) append(from frame.Side, at time.Time, wire []byte) {
	if at = inRange(at); at.IsZero() {
		at = r.last
	}
	r.tape.Append(from, at, wire)
	if at.After(r.last) {
		r.last = at
	}
}

// finish ends the connection. With err, what the file has of it was not read to
// the end.
func (r *reel) finish(err error) {
	if r.tape == nil {
		return
	}
	if r.last.After(r.end.Time) {
		r.end.Time = r.last
	}
	switch {
	case err != nil:
		r.end.EndedBy, r.end.How, r.end.Error = "", frame.ByError, "the import ended here: "+err.Error()
		if errors.Is(err, context.Canceled) {
			r.end.Error = "the import was interrupted here"
		}
	case r.end.How == "" && r.closed:
		r.end.How = frame.ByClose
	}
	r.tape.Close(r.end)
}

// webSocketURL is url with scheme ws or wss.
func webSocketURL(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	switch strings.ToLower(scheme) {
	case "http", "ws":
		return "ws://" + rest
	case "https", "wss":
		return "wss://" + rest
	}
	return url
}

// field returns the values of the named header field, joined by commas.
func field(fields []frame.Field, name string) string {
	var values []string
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", ")
}
