package demo

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// errOver ends the script of an actor whose connection is over.
var errOver = errors.New("the connection is over")

// patience bounds how long an end waits for the other to say goodbye.
const patience = time.Second

// actor plays one end of a connection. Its script is one goroutine; what the
// other end says comes while it waits.
type actor struct {
	ctx   context.Context // ends with the demo, for apps
	peer  *peer
	raw   *net.TCPConn // below peer
	rng   *rand.Rand
	rate  float64
	now   time.Time // what the actor's clock shows: it moves with its pauses alone
	real  time.Time // what a clock showed then
	visit uint64
	query func(string) string // of the URL

	inbox chan message
	over  chan struct{} // closed when nothing comes any more
}

// newActor returns an actor for a connection of a. What it says follows from the
// seed, the app, the side and how many connections there were before.
func (d *Demo) newActor(ctx context.Context, a *app, v visit, p *peer, raw *net.TCPConn, query func(string) string) *actor {
	return &actor{
		ctx: ctx, peer: p, raw: raw, rng: d.random(a, v, "script", p.side), rate: d.rate,
		now: d.start.Add(v.began), real: time.Now(), visit: v.number, query: query,
		inbox: make(chan message, 16), over: make(chan struct{}),
	}
}

// random returns the source of chance for one purpose in one connection.
func (d *Demo) random(a *app, v visit, purpose string, side frame.Side) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(a.url + purpose + side.String()))
	return rand.New(rand.NewPCG(d.seed, h.Sum64()+v.number))
}

// play runs a script and ends the connection: politely, unless the script has
// ended it or it is over already.
func (a *actor) play(script func(*actor) error) {
	// Who listens must not wait for a script that has ended.
	done := make(chan struct{})
	go func() {
		defer close(a.over)
		_ = a.peer.listen(func(m message) error {
			select {
			case a.inbox <- m:
				return nil
			case <-done:
				return nil
			}
		})
	}()
	err := script(a)
	close(done)
	_ = a.peer.conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_ = a.peer.close(frame.AppendClose(nil, frame.NormalClosure, ""))
	} else if a.ctx.Err() != nil {
		_ = a.peer.close(frame.AppendClose(nil, frame.GoingAway, "the demo ends"))
	}
	<-a.over
	_ = a.peer.conn.Close()
}

// during lets d pass, at the usual rate, and gives what comes meanwhile to take,
// or drops it when take is nil.
func (a *actor) during(d time.Duration, take func(message) error) error {
	// Counted from the end of the pause before, lateness does not add up. After a
	// long one, such as that of a machine asleep, nothing is made up for.
	end := a.real.Add(time.Duration(float64(d) / a.rate))
	if now := time.Now(); now.Sub(end) > time.Second {
		end = now
	}
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			a.now, a.real = a.now.Add(d), end
			return nil
		case m := <-a.inbox:
			if take == nil {
				continue
			}
			if err := take(m); err != nil {
				return err
			}
		case <-a.over:
			return errOver
		case <-a.ctx.Done():
			return a.ctx.Err()
		}
	}
}

// pause lets d pass.
func (a *actor) pause(d time.Duration) error { return a.during(d, nil) }

// hear waits for the next message.
func (a *actor) hear() (message, error) {
	select {
	case m := <-a.inbox:
		return m, nil
	case <-a.over:
		return message{}, errOver
	case <-a.ctx.Done():
		return message{}, a.ctx.Err()
	}
}

// until takes what comes for as long as the connection lasts.
func (a *actor) until(take func(message) error) error {
	for {
		m, err := a.hear()
		if err != nil {
			return err
		}
		if err := take(m); err != nil {
			return err
		}
	}
}

// say sends v as JSON in a text message.
func (a *actor) say(v record) error { return a.peer.send(frame.Text, appendJSON(nil, v)) }

// millis returns what the clock shows in milliseconds since 1970.
func (a *actor) millis() int { return int(a.now.UnixMilli()) }

// leave says goodbye with a code and waits until the other end has done so.
func (a *actor) leave(code frame.CloseCode, reason string) error {
	if err := a.peer.close(frame.AppendClose(nil, code, reason)); err != nil {
		return err
	}
	return a.until(func(message) error { return nil })
}

// reset makes the connection die as if the process had crashed.
func (a *actor) reset() error {
	if err := a.raw.SetLinger(0); err != nil {
		return err
	}
	return errors.Join(a.raw.Close(), errOver)
}
