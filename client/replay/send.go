package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// begin prepares the message a step begins.
func (p *player) begin(s *step) {
	select {
	case <-p.ended:
		p.skipping = p.gone()
		return
	default:
	}
	if _, closed := p.judge.closed(); closed && s.message.Type != frame.Close {
		p.skipping = "the server had closed the connection"
		return
	}
	p.maker.begin(s.message, func() []byte {
		payload, uses := p.judge.change(s.message)
		for i := range uses {
			p.tell(Event{Used: &uses[i]})
		}
		return payload
	})
	p.skipping = p.maker.why
}

// gone says how the connection has ended.
func (p *player) gone() string {
	if _, closed := p.judge.closed(); closed {
		return "the server had closed the connection"
	}
	if errors.Is(p.broken, io.EOF) {
		return "the server had ended the connection"
	}
	return fmt.Sprintf("the connection had broken off: %v", p.broken)
}

// send writes the frame of a step.
func (p *player) send(s *step) {
	p.wire = p.maker.append(p.wire[:0], s.move)
	p.judge.send(true)
	defer p.judge.send(false)
	now := time.Now()
	if s.sending != nil {
		p.judge.sent(s.sending, now)
	}
	_ = p.conn.SetWriteDeadline(now.Add(p.options.timeout()))
	p.within = s.frame.Incomplete == frame.Cut || s.frame.Opaque
	if s.message.Type == frame.Close {
		p.parted = true
		p.judge.part()
	}
	err := p.conn.Write(p.wire)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.skipping = fmt.Sprintf("the server took nothing for %v", p.options.timeout())
		_ = p.conn.Abort()
	case err != nil:
		p.skipping = fmt.Sprintf("the connection had broken off: %v", err)
	}
}

// told counts a message that was sent, or was not.
func (p *player) told(s *step) {
	if p.skipping == "" {
		p.verdict.Sent++
		p.tell(Event{Sent: s.message})
		return
	}
	p.verdict.Skipped++
	if p.verdict.Broken == "" && p.maker.why != p.skipping {
		p.verdict.Broken = p.skipping
	}
	p.tell(Event{Skipped: &Skip{Message: s.message, Why: p.skipping}})
}
