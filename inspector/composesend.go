package inspector

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// sendPatience is how long a message may wait for a place where it can be sent.
const sendPatience = 10 * time.Second

// draft is what is written.
func (c *compose) draft() (frame.Draft, error) {
	d := frame.Draft{From: c.to.Peer(), Type: c.kind}
	var err error
	if c.kind == frame.Close {
		d.Payload, err = c.closing()
	} else {
		d.Payload, err = c.body.Bytes()
	}
	if err != nil {
		return d, err
	}
	header, err := c.header.Bytes()
	if err != nil {
		return d, err
	}
	d.Header = strings.TrimSpace(string(header))
	number, err := c.split.Bytes()
	if err != nil {
		return d, err
	}
	if text := strings.TrimSpace(string(number)); text != "" {
		if d.Fragments, err = strconv.Atoi(text); err != nil || d.Fragments < 1 || d.Fragments > frame.MaxFragments {
			return d, fmt.Errorf("%q is no number of frames from 1 to %d", text, frame.MaxFragments)
		}
	}
	return d, nil
}

// closing is the payload of a close frame. Without a code it is the reason alone,
// which is legal when that is empty too (RFC 6455 section 5.5.1).
func (c *compose) closing() ([]byte, error) {
	reason, err := c.reason.Bytes()
	if err != nil {
		return nil, err
	}
	text, err := c.code.Bytes()
	if err != nil {
		return nil, err
	}
	number := strings.TrimSpace(string(text))
	if number == "" {
		return reason, nil
	}
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q is no close code: they are numbers up to 65535", number)
	}
	return frame.AppendClose(nil, frame.CloseCode(code), string(reason)), nil
}

// codeWords says what the close code means.
func (c *compose) codeWords() string {
	text, err := c.code.Bytes()
	if err != nil {
		return ""
	}
	number := strings.TrimSpace(string(text))
	if number == "" {
		return "no code"
	}
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return "no close code"
	}
	words := frame.CloseCode(code).Name()
	if !frame.CloseCode(code).Sendable(c.to.Peer()) {
		words += ", which the " + c.to.Peer().String() + " must not send"
	}
	return words
}

// send sends what is written. It stays, to be sent again or changed.
func (c *compose) send() {
	if c.sending {
		c.r.tell(draw.Warning, "the last one is still being sent; esc stops that")
		return
	}
	s := c.drawn()
	switch {
	case s.err != nil:
		c.r.tell(draw.Bad, decode.Visible(s.err.Error()))
		return
	case c.conn == 0:
		c.r.tell(draw.Bad, "there is no connection to send it into")
		return
	}
	conn, edits := c.conn, c.edits
	c.sending = true
	c.sender.do(0, func(ctx context.Context) {
		done, err := c.r.i.deliver(ctx, conn, s.draft)
		c.r.i.post(func() {
			c.sending = false
			if err != nil {
				c.r.tell(draw.Bad, "not sent: "+decode.Visible(err.Error()))
				return
			}
			if c.edits == edits {
				c.dirty = false
			}
			c.sent.add(&sent{conn: conn, draft: s.draft, at: done.Time, waited: done.Waited, until: time.Now().Add(replyPatience)})
			c.awaitReplies()
			c.r.tell(draw.Good, fmt.Sprintf("sent %s, %s, to the %s of #%d, %s after it was asked for",
				s.draft.Type, draw.Counted(uint64(len(s.draft.Payload)), "byte"), s.draft.From.Peer(), conn, draw.Lapse(done.Waited)))
		})
	})
}

// deliver sends a draft into a connection, if that is open.
func (i *Inspector) deliver(ctx context.Context, conn uint64, d frame.Draft) (Sent, error) {
	limited, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	info, err := i.o.Source.Conn(limited, conn)
	if err == nil && info.State != frame.Open {
		err = fmt.Errorf("connection #%d is not open any more but %s", conn, info.State)
	}
	var done Sent
	if err == nil {
		done, err = i.o.Actions.Send(limited, conn, d)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = errors.New("stopped")
	case limited.Err() != nil:
		err = fmt.Errorf("the %s of #%d came to no end of a message within %s, where it could have been sent", d.From, conn, sendPatience)
	}
	return done, err
}
