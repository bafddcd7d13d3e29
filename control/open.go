package control

import (
	"context"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// Open opens the capture at path for reading, through the process that records
// it when there is one, else from the file. It goes over to the other way when a
// recorder comes or goes or is killed, or another file takes the capture's place:
// no call fails because of that. A compacted file has global numbers of its own.
//
// At rest the file is let go of a second after it was last used, and for a
// moment at every even second however busy the reader is, so that a recorder,
// which waits 5 seconds for the file, always gets it. It is let go of at once for
// SetMark in this process.
//
// Errors are as those of store.Open. ErrLocked comes after 2 seconds: then the
// process that has the file is no recorder.
func Open(ctx context.Context, path string) (*store.Reader, error) {
	c := &capture{path: path, opening: make(chan struct{}, 1)}
	h, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	c.release(h, false)
	c.enter()
	return store.NewReader(c), nil
}

// tries bounds how often a call is begun anew because recorders keep dying.
const tries = 8

// do calls fn with the capture, again when the recorder ended meanwhile and
// again says that this does no harm.
func (c *capture) do(ctx context.Context, again func() bool, fn func(store.Source) error) error {
	for n := 1; ; n++ {
		h, err := c.acquire(ctx)
		if err != nil {
			return err
		}
		err = fn(h.source)
		lost := h.live && interrupted(err)
		c.release(h, lost)
		switch {
		case !lost, n == tries, again != nil && !again():
			return err
		}
	}
}

// Conns implements store.Source.
func (c *capture) Conns(ctx context.Context, before uint64, n int) (conns []frame.Connection, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		conns, err = s.Conns(ctx, before, n)
		return err
	})
	return conns, err
}

// Conn implements store.Source.
func (c *capture) Conn(ctx context.Context, id uint64) (conn frame.Connection, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		conn, err = s.Conn(ctx, id)
		return err
	})
	return conn, err
}

// Count implements store.Source.
func (c *capture) Count(ctx context.Context, conn uint64) (count uint64, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		count, err = s.Count(ctx, conn)
		return err
	})
	return count, err
}

// Blocks implements store.Source.
func (c *capture) Blocks(ctx context.Context, ask store.Request, out *store.Blocks) error {
	return c.do(ctx, nil, func(s store.Source) error { return s.Blocks(ctx, ask, out) })
}

// Stored implements store.Source.
func (c *capture) Stored(ctx context.Context, global uint64) (size uint64, shed bool, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		size, shed, err = s.Stored(ctx, global)
		return err
	})
	return size, shed, err
}

// Part implements store.Source.
func (c *capture) Part(ctx context.Context, global, offset uint64) (part []byte, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		part, err = s.Part(ctx, global, offset)
		return err
	})
	return part, err
}

// Events implements store.Source.
func (c *capture) Events(ctx context.Context, after uint64, n int) (events []store.Event, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		events, err = s.Events(ctx, after, n)
		return err
	})
	return events, err
}

// Marks implements store.Source.
func (c *capture) Marks(ctx context.Context) (marks []store.Mark, err error) {
	err = c.do(ctx, nil, func(s store.Source) error {
		marks, err = s.Marks(ctx)
		return err
	})
	return marks, err
}

// Snapshot implements store.Source. It is begun anew only when nothing was
// written.
func (c *capture) Snapshot(ctx context.Context, w io.Writer) error {
	out := &counter{w: w}
	err := c.do(ctx, func() bool { return out.n == 0 }, func(s store.Source) error { return s.Snapshot(ctx, out) })
	if interrupted(err) {
		err = fmt.Errorf("the recorder ended before the copy was complete: %w", err)
	}
	return err
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
