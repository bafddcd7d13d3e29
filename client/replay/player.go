package replay

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// lookahead is how many messages of the server are expected before the
// conversation comes to them, besides Rules.Window.
const lookahead = 64

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
	within   bool          // the last frame was sent in part, as it was recorded

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
	p.after = &sending{sent: connected, asked: true} // nobody has asked yet

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
		var due time.Time
		if p.options.Pace == Recorded {
			due = p.when(s.at)
		}
		p.judge.reach(s.expectation, time.Now(), due, p.options.timeout())
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

// tell tells what happened, from the player and from the reader.
func (p *player) tell(e Event) {
	if p.options.Tell == nil {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.options.Tell(e)
}
