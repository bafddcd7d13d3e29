package replay

import (
	"context"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// partingTime is how long a server may take to end a connection that was said
	// goodbye on.
	partingTime = time.Second
	// quietTime is how long what is not expected is waited for at the end.
	quietTime = time.Second
)

// when returns when a moment of the script is.
func (p *player) when(at time.Duration) time.Time {
	return p.begun.Add(time.Duration(float64(at) / p.options.speed()))
}

// pace waits until a message of the client is to be sent.
func (p *player) pace(ctx context.Context, s *step) error {
	answered := func() bool { return p.judge.open() == 0 }
	switch p.options.Pace {
	case Recorded:
		if err := p.until(ctx, p.when(s.at)); err != nil {
			return err
		}
		if err := p.wait(ctx, func() bool { return !p.judge.awaits(s.message) }); err != nil {
			return err
		}
	case Reactive:
		return p.wait(ctx, answered)
	case Stepwise:
		if err := p.wait(ctx, answered); err != nil {
			return err
		}
		p.tell(Event{Next: s.message})
		select {
		case <-p.options.Step:
		case <-p.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.message.Type == frame.Close {
		return p.wait(ctx, answered) // behind it nothing is
	}
	p.judge.settle(time.Now(), false)
	return nil
}

// until waits for a time, unless the connection has ended.
func (p *player) until(ctx context.Context, at time.Time) error {
	for {
		now := time.Now()
		if !now.Before(at) {
			return nil
		}
		if err := p.rest(ctx, p.judge.settle(now, false), at); err != nil {
			return err
		}
		select {
		case <-p.ended:
			return nil
		default:
		}
	}
}

// wait waits until done, looking again whenever there is news.
func (p *player) wait(ctx context.Context, done func() bool) error {
	for {
		next := p.judge.settle(time.Now(), false)
		if done() {
			return nil
		}
		if err := p.rest(ctx, next, time.Time{}); err != nil {
			return err
		}
	}
}

// rest waits for news, for the earlier of two times that are not zero, or for the
// end.
func (p *player) rest(ctx context.Context, a, b time.Time) error {
	at := a
	if at.IsZero() || !b.IsZero() && b.Before(at) {
		at = b
	}
	var alarm <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-alarm:
	case <-p.judge.stirred:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// finish waits for what is still to come and ends the connection as it was ended.
func (p *player) finish(ctx context.Context) error {
	if err := p.wait(ctx, func() bool { return p.judge.open() == 0 }); err != nil {
		return err
	}
	c := &p.script.conn
	var rest time.Duration
	if !c.End.IsZero() {
		rest = c.End.Sub(c.Start) - p.position
	}
	byClient := c.EndedBy == frame.ByClient
	switch {
	case p.options.Pace == Recorded && byClient && c.How != frame.ByClose:
		if err := p.until(ctx, p.when(p.position+rest)); err != nil {
			return err
		}
	case p.options.Pace != Fastest && rest > 0:
		if err := p.until(ctx, time.Now().Add(min(rest, quietTime))); err != nil {
			return err
		}
	}
	code, closed := p.judge.closed()
	switch {
	case byClient && c.How == frame.ByReset:
		_ = p.conn.Abort()
		return nil
	case p.within:
		return nil // a close frame would be taken for a part of it
	case closed && !p.parted:
		if code != 0 && !code.Sendable(frame.Client) {
			code = frame.NormalClosure
		}
		_ = p.conn.Close(code, "")
	case p.parted:
	case byClient && c.How == frame.ByFIN:
		return nil
	default:
		if c.EndedBy == frame.ByServer {
			p.linger(ctx, p.options.timeout())
		}
		p.judge.part()
		_ = p.conn.Close(frame.NormalClosure, "")
	}
	p.linger(ctx, partingTime)
	return ctx.Err()
}

// linger waits for the server to end the connection.
func (p *player) linger(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
	case <-ctx.Done():
	}
}
