package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// flushEvery is how long a line of a stream waits for others at most, while
// there are more.
const flushEvery = 200 * time.Millisecond

// errEnough ends a stream early without an error.
var errEnough = errors.New("enough")

// stream answers with lines.
type stream struct {
	a       *answer
	out     *bufio.Writer
	buf     []byte
	flushed time.Time
	left    int // lines still wanted, negative for no bound
}

// stream begins an answer of at most limit lines; 0 is no bound.
func (a *answer) stream(limit int) *stream {
	a.as("application/x-ndjson")
	if limit == 0 {
		limit = -1
	}
	return &stream{a: a, out: bufio.NewWriterSize(a, 64<<10), flushed: time.Now(), left: limit}
}

// line sends one line, which is made in buffer.
func (s *stream) line(line []byte) error {
	s.buf = append(line, '\n')
	if _, err := s.out.Write(s.buf); err != nil {
		return err
	}
	if s.left--; s.left == 0 {
		return errEnough
	}
	if now := time.Now(); now.Sub(s.flushed) >= flushEvery {
		s.flushed = now
		return s.flush()
	}
	return nil
}

// buffer returns the stream's buffer for one line, empty.
func (s *stream) buffer() []byte { return s.buf[:0] }

// trim gives up a buffer that one long line has made large.
func (s *stream) trim() {
	if cap(s.buf) > maxBody {
		s.buf = nil
	}
}

// flush sends what has come together.
func (s *stream) flush() error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	return s.a.flush()
}

// end completes the answer. With an error it says so in a last line.
func (s *stream) end(err error) error {
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err != nil && s.a.begun {
		if last, failed := json.Marshal(asProblem(err)); failed == nil {
			_, _ = s.out.Write(append(last, '\n'))
		}
	}
	if err == nil || s.a.begun {
		err = errors.Join(err, s.flush())
	}
	return err
}

// skipped tells of what was pruned before the stream came to it.
func (s *stream) skipped(n uint64) error {
	return s.line(append(append(append(s.buffer(), `{"skipped":`...), uintText(n)...), '}'))
}

// until returns a context that ends with ctx, when streams are to end, and after
// the given time, if that is not 0.
func (s *Server) until(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if after > 0 {
		ctx, cancel = context.WithTimeout(ctx, after)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	stop := context.AfterFunc(s.ending, cancel)
	return ctx, func() { stop(); cancel() }
}

// cursor is what goes through frames or messages.
type cursor interface {
	Next() bool
	Pruned() uint64
	Err() error
}

// drain calls each for all there is, and when it follows, for all that comes
// until the client leaves or the recording ends.
func (s *Server) drain(a *answer, c cursor, out *stream, follow bool, each func() error) error {
	var pruned uint64
	return s.follow(a, out, follow, func() error {
		for c.Next() {
			if n := c.Pruned(); n > pruned {
				if err := out.skipped(n - pruned); err != nil {
					return err
				}
				pruned = n
			}
			if err := each(); err != nil {
				return err
			}
		}
		return c.Err()
	})
}

// follow calls all, and when asked to follow, again whenever there may be more,
// a last time when the recording ends.
func (s *Server) follow(a *answer, out *stream, follow bool, all func() error) error {
	if !follow {
		return all()
	}
	ctx, cancel := s.until(a.Context(), 0)
	defer cancel()
	var version uint64
	for {
		// The version from before the end is reached, so that nothing that
		// comes in between is waited for.
		now, err := s.source.Wait(ctx, version)
		ending := s.ending.Err() != nil
		if err != nil && !ending {
			return err
		}
		version = now
		if err := all(); err != nil || ending {
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
}
