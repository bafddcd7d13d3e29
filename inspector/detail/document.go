package detail

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// Subject is a message and what is known around it. Prepare keeps it: nothing in
// it may change while a Document made of it is in use.
type Subject struct {
	// Conn is the connection; nil when nothing is known of it.
	Conn *frame.Connection
	// Message is the message, its payload as whole as it is to be had. Times are
	// shown in the zone they come in.
	Message *frame.Message
	// Frames are the first frames of the message, 1,000 are enough. Of their
	// payloads only the beginnings are shown.
	Frames []frame.Record
	// Readings are what decoders made of the payload, the likeliest first, and
	// Why says in words why there is none. Their nodes belong to the Document.
	Readings []decode.Reading
	Why      string
	// Original is the message in whose place an edited one was sent; nil when there
	// is none.
	Original *frame.Message
}

// Document is a Subject made ready for a Pane, and belongs to the goroutine of that
// Pane once it was shown; only Find may be called on any.
type Document struct {
	subject Subject
	text    text
	// textAt is where in the payload the text begins.
	textAt   int
	ext      frame.Extensions
	trees    []*item   // of the readings
	original *Document // of the subject's, without readings; nil when there is none
	// invalid is where the first byte that is not UTF-8 stands in text, -1 when
	// all is.
	invalid int
}

// Prepare makes a Document. It looks once through the payload; on large ones that
// takes a moment, so it is not for a goroutine that draws. The only errors are
// those of ctx.
func Prepare(ctx context.Context, s Subject) (*Document, error) {
	d := &Document{subject: s}
	m := s.Message
	if s.Conn != nil {
		d.ext = frame.ParseExtensions(s.Conn.Extensions)
	}
	src := m.Payload
	if m.Type == frame.Close && m.Error == "" && len(src) >= 2 {
		d.textAt, src = 2, src[2:]
	}
	var err error
	if d.text, err = newText(ctx, src); err != nil {
		return nil, fmt.Errorf("prepare message %d: %w", m.Seq, err)
	}
	if d.invalid, err = firstInvalid(ctx, src); err != nil {
		return nil, fmt.Errorf("prepare message %d: %w", m.Seq, err)
	}
	for i := range s.Readings {
		tree, err := newTree(ctx, &s.Readings[i])
		if err != nil {
			return nil, fmt.Errorf("prepare message %d: %w", m.Seq, err)
		}
		d.trees = append(d.trees, tree)
	}
	if s.Original != nil {
		if d.original, err = Prepare(ctx, Subject{Conn: s.Conn, Message: s.Original}); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Message returns the message.
func (d *Document) Message() *frame.Message { return d.subject.Message }

// firstInvalid returns where the first byte stands that is not UTF-8, or -1.
func firstInvalid(ctx context.Context, p []byte) (int, error) {
	for at := 0; at < len(p); {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		end := min(at+1<<20, len(p))
		for end < len(p) && end > at && !utf8.RuneStart(p[end]) && end > at+1<<20-utf8.UTFMax {
			end--
		}
		if !utf8.Valid(p[at:end]) {
			for at < end {
				r, size := utf8.DecodeRune(p[at:end])
				if r == utf8.RuneError && size == 1 {
					return at, nil
				}
				at += size
			}
		}
		at = end
	}
	return -1, nil
}
