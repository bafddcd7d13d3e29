package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// lookahead is how many messages of the server are expected before the
	// conversation comes to them, besides Rules.Window.
	lookahead = 64
	// partingTime is how long a server may take to end a connection that was said
	// goodbye on, and quietTime how long what is not expected is waited for at the
	// end.
	partingTime, quietTime = time.Second, time.Second
)

// player plays a script once.
type player struct {
	options *Options
	script  *Script
	moves   moves
	conn    *frame.Conn
	judge   *judge
	maker   maker
	verdict *Verdict
	begun   time.Time // what the times of the script count from
	wire    []byte

	// The fields below are of what was read ahead.
	ahead    []*step
	numbers  uint64 // of expectations
	awaited  int    // expectations in ahead
	after    *sending
	finished bool // there is no more

	position time.Duration // of the last move
	skipping string        // why the message under way is not sent
	parted   bool          // a close frame was sent

	ended  chan struct{} // when the reader has ended
	broken error         // why, set before that

	telling sync.Mutex
}

// step is a move with what it means for the judge.
type step struct {
	*move
	expectation *expectation
	sending     *sending
}

// Play plays s once and returns when the connection has ended. Errors are those of
// Options.Dial, of the Source and of the Tape, and of ctx; that a server does not
// do what it should is none, and in the Verdict, which comes with an error too once
// there was a connection.
func Play(ctx context.Context, s *Script, o Options) (*Verdict, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	start := time.Now()
	conn, facts, err := o.Dial(ctx)
	if err != nil {
		if facts == nil || o.Record == nil {
			return nil, err
		}
		facts.End = time.Now().UTC()
		_, failed := o.Record(facts)
		return nil, errors.Join(err, failed)
	}
	p := &player{
		options: &o, script: s, moves: m, conn: conn,
		verdict: &Verdict{Asserts: make([]uint64, len(o.Assert)), Refutes: make([]uint64, len(o.Refute))},
		ended:   make(chan struct{}),
	}
	return p.verdict, p.play(ctx, start, facts)
}

// play plays over p.conn, which it ends.
func (p *player) play(ctx context.Context, start time.Time, facts *frame.Connection) (err error) {
	tape, err := p.record(facts)
	if err != nil {
		_ = p.conn.Abort()
		return err
	}
	p.verdict.Connection = *facts
	p.tell(Event{Connected: facts})
	connected := time.Now()
	p.conn.AutoPong, p.conn.Limit = true, maxMessage
	p.maker.extensions = p.conn.Extensions()
	p.judge = newJudge(p.options, newValues(p.options), p.verdict, func(r *Result) { p.tell(Event{Result: r}) })
	p.after = &sending{sent: connected}

	var reading sync.WaitGroup
	reading.Go(p.read)
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		_ = p.conn.Abort()
	})
	defer func() {
		if !stop() {
			<-cancelled
		}
		_ = p.conn.Hangup()
		p.judge.end()
		reading.Wait()
		p.judge.settle(time.Now(), true)
		p.verdict.Duration = time.Since(connected)
		if tape != nil {
			end := p.conn.End()
			if end.Time.IsZero() {
				end.Time = time.Now().UTC()
			}
			tape.Close(end)
		}
	}()

	if err := p.prepare(); err != nil {
		return err
	}
	p.begun = start
	if len(p.ahead) > 0 {
		// The handshake took its own time.
		if first := connected.Add(-time.Duration(float64(p.ahead[0].at) / p.options.speed())); first.After(start) {
			p.begun = first
		}
	}
	for {
		if err := p.prepare(); err != nil {
			return err
		}
		if len(p.ahead) == 0 {
			return p.finish(ctx)
		}
		s := p.ahead[0]
		p.ahead = p.ahead[1:]
		if err := p.step(ctx, s); err != nil {
			return err
		}
	}
}

// record begins the record of the connection.
func (p *player) record(facts *frame.Connection) (Tape, error) {
	if p.options.Record == nil {
		return nil, nil
	}
	tape, err := p.options.Record(facts)
	if err != nil {
		return nil, err
	}
	p.conn.OnWire = func(from frame.Side, at time.Time, wire []byte) {
		if from == frame.Server {
			tape.Append(from, at, wire)
			return
		}
		tape.Insert(frame.Passage{From: from, Time: at, Origin: frame.Replayed}, wire)
	}
	return tape, nil
}

// read gives what comes to the judge, until the end.
func (p *player) read() {
	defer close(p.ended)
	defer p.judge.end()
	for {
		m, err := p.conn.Next()
		if err != nil {
			p.broken = err
			return
		}
		p.match(&m)
		if m.Type == frame.Ping || m.Type == frame.Pong {
			continue
		}
		p.judge.arrive(&m, time.Now())
	}
}

// match counts the filters that select a message.
func (p *player) match(m *frame.Message) {
	for i, f := range p.options.Assert {
		if f.Match(m, &p.verdict.Connection) {
			p.verdict.Asserts[i]++
		}
	}
	for i, f := range p.options.Refute {
		if f.Match(m, &p.verdict.Connection) {
			p.verdict.Refutes[i]++
		}
	}
}

// prepare reads ahead, and expects what the server is to send next.
func (p *player) prepare() error {
	for !p.finished && (len(p.ahead) == 0 || p.awaited < lookahead+p.options.Rules.Window && len(p.ahead) < maxWaiting) {
		m, err := p.moves.next()
		if errors.Is(err, io.EOF) {
			p.finished = true
			return nil
		}
		if err != nil {
			return err
		}
		s := &step{move: m}
		if m.message.From == frame.Client {
			if m.last && m.message.Type.Data() {
				p.after = &sending{at: m.at}
				s.sending = p.after
			}
		} else {
			p.numbers++
			e := &expectation{number: p.numbers, at: m.at, recorded: m.message, after: p.after, answer: !p.after.asked}
			p.after.asked = true
			s.expectation = e
			p.awaited++
			p.judge.expect(e)
		}
		p.ahead = append(p.ahead, s)
	}
	return nil
}

// step does one move.
func (p *player) step(ctx context.Context, s *step) error {
	p.position = s.at
	if s.expectation != nil {
		p.awaited--
		deadline := time.Now()
		if due := p.when(s.at); p.options.Pace == Recorded && due.After(deadline) {
			deadline = due
		}
		p.judge.reach(s.expectation, deadline.Add(p.options.timeout()))
		p.judge.settle(time.Now(), false)
		if p.judge.open() > maxWaiting {
			return p.wait(ctx, func() bool { return p.judge.open() <= maxWaiting })
		}
		return nil
	}
	if s.answer {
		return nil // as the ping of this time is
	}
	if s.first {
		p.skipping = ""
		if err := p.pace(ctx, s); err != nil {
			return err
		}
		p.begin(s)
	} else if p.options.Pace == Recorded {
		if err := p.until(ctx, p.when(s.at)); err != nil {
			return err
		}
	}
	if p.skipping == "" {
		p.send(s)
	}
	if s.last {
		p.told(s)
	}
	return ctx.Err()
}

// when returns when a moment of the script is.
func (p *player) when(at time.Duration) time.Time {
	return p.begun.Add(time.Duration(float64(at) / p.options.speed()))
}

// pace waits until a message of the client is to be sent.
func (p *player) pace(ctx context.Context, s *step) error {
	switch p.options.Pace {
	case Recorded:
		return p.until(ctx, p.when(s.at))
	case Reactive:
		return p.wait(ctx, func() bool { return p.judge.open() == 0 })
	case Stepwise:
		if err := p.wait(ctx, func() bool { return p.judge.open() == 0 }); err != nil {
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

// tell tells what happened, from the player and from the reader.
func (p *player) tell(e Event) {
	if p.options.Tell == nil {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.options.Tell(e)
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
	case closed && !p.parted:
		if code != 0 && !code.Sendable(frame.Client) {
			code = frame.NormalClosure
		}
		_ = p.conn.Close(code, "")
	case p.parted:
	case byClient && c.How == frame.ByReset:
		_ = p.conn.Abort()
		return nil
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
