package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// Crowd plays a script many times at once.
type Crowd struct {
	Script  *Script
	Options Options
	// Clients is how many play at once, each Repeat times, one after the other.
	// They begin one after the other within Ramp.
	Clients, Repeat int
	Ramp            time.Duration

	// Handshakes are how long Options.Dial took, Answers how long the server took
	// for the first message behind each of the client.
	Handshakes, Answers Histogram

	mu     sync.Mutex
	totals Totals
}

// Totals are the verdicts of a crowd.
type Totals struct {
	// Playing are those that have begun and not ended; Played have a verdict, which
	// Passed or not; Failed had none, because of one of Errors.
	Playing, Played, Passed, Failed uint64
	Outcomes                        [5]uint64
	Sent, Skipped, Broken           uint64
	// Asserts and Refutes count the messages that matched, as in Verdict.
	Asserts, Refutes []uint64
	Errors           map[string]uint64
}

// maxErrors is how many different errors are told apart.
const maxErrors = 32

// Totals returns how the crowd fares. It may be called at any time.
func (c *Crowd) Totals() Totals {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.totals
	t.Asserts = append([]uint64(nil), t.Asserts...)
	t.Refutes = append([]uint64(nil), t.Refutes...)
	t.Errors = make(map[string]uint64, len(c.totals.Errors))
	for text, n := range c.totals.Errors {
		t.Errors[text] = n
	}
	return t
}

// Play plays until all have, or ctx has ended, and returns the error of ctx then.
// What goes wrong with a single client is counted.
func (c *Crowd) Play(ctx context.Context) error {
	if err := c.Options.check(); err != nil {
		return err
	}
	if c.Clients < 1 || c.Repeat < 1 || c.Ramp < 0 {
		return fmt.Errorf("replay: %d clients, each %d times, within %v are no crowd", c.Clients, c.Repeat, c.Ramp)
	}
	o := c.Options
	o.Dial = func(ctx context.Context) (*frame.Conn, *frame.Connection, error) {
		began := time.Now()
		conn, facts, err := c.Options.Dial(ctx)
		if err == nil {
			c.Handshakes.Add(time.Since(began))
		}
		return conn, facts, err
	}
	o.Tell = func(e Event) {
		if e.Result != nil && e.Result.Answer && e.Result.Got != nil {
			c.Answers.Add(e.Result.Delay)
		}
		if c.Options.Tell != nil {
			c.Options.Tell(e)
		}
	}
	var playing sync.WaitGroup
	defer playing.Wait()
	began := time.Now()
	for i := range c.Clients {
		due := began.Add(time.Duration(float64(c.Ramp) * float64(i) / float64(c.Clients)))
		if wait := time.Until(due); wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
		playing.Go(func() {
			for range c.Repeat {
				if ctx.Err() != nil {
					return
				}
				c.one(ctx, o)
			}
		})
	}
	playing.Wait()
	return ctx.Err()
}

// one plays once.
func (c *Crowd) one(ctx context.Context, o Options) {
	c.mu.Lock()
	c.totals.Playing++
	c.mu.Unlock()
	v, err := Play(ctx, c.Script, o)
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.totals
	t.Playing--
	if v != nil {
		for i, n := range v.Outcomes {
			t.Outcomes[i] += n
		}
		t.Sent += v.Sent
		t.Skipped += v.Skipped
		if v.Broken != "" {
			t.Broken++
		}
		t.Asserts, t.Refutes = added(t.Asserts, v.Asserts), added(t.Refutes, v.Refutes)
	}
	switch {
	case err == nil:
		if t.Played++; v.Passed() {
			t.Passed++
		}
	case ctx.Err() == nil:
		t.Failed++
		t.note(kind(err))
	}
}

// added returns sums.
func added(a, b []uint64) []uint64 {
	if a == nil {
		a = make([]uint64, len(b))
	}
	for i := range b {
		a[i] += b[i]
	}
	return a
}

// note counts an error.
func (t *Totals) note(text string) {
	if t.Errors == nil {
		t.Errors = make(map[string]uint64)
	}
	if _, known := t.Errors[text]; !known && len(t.Errors) >= maxErrors {
		text = "others"
	}
	t.Errors[text]++
}

// kind returns what an error of one client has in common with those of others: no
// addresses.
func kind(err error) string {
	if refused, ok := errors.AsType[*client.Refused](err); ok {
		return refused.Error()
	}
	if failed, ok := errors.AsType[*client.TLSError](err); ok {
		return failed.Error()
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
