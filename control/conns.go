package control

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// conns answers with connections, the newest first. When it follows, it begins
// with those that are open, and goes on with every one that begins or ends.
func (s *Server) conns(a *answer) error {
	before, err := a.query.number("before")
	if err != nil {
		return err
	}
	limit, limitErr := a.query.count("limit")
	follow, followErr := a.query.flag("follow")
	if err := errors.Join(limitErr, followErr); err != nil {
		return err
	}
	if follow && before > 0 {
		return badRequest("leave before out", "before and follow do not go together")
	}
	var wanted *filter.Connections
	if a.query.has("filter") {
		if wanted, err = filter.ParseConnections(a.query.text("filter")); err != nil {
			return filterProblem(err)
		}
	}
	out := a.stream(limit)
	send := func(c *frame.Connection) error {
		if wanted != nil && !wanted.Match(c) {
			return nil
		}
		return out.line(c.AppendJSON(out.buffer()))
	}
	if follow {
		return out.end(s.followConns(a, out, send))
	}
	return out.end(s.eachConn(a.Context(), before, 0, send))
}

// eachConn calls each with the connections between two ids, newest first.
func (s *Server) eachConn(ctx context.Context, before, after uint64, each func(*frame.Connection) error) error {
	const page = 100
	for {
		conns, err := s.source.Conns(ctx, before, page)
		if err != nil {
			return err
		}
		for i := range conns {
			if before = conns[i].ID; before <= after {
				return nil
			}
			if err := each(&conns[i]); err != nil {
				return err
			}
		}
		if len(conns) < page {
			return nil
		}
	}
}

// followConns sends the connections that are open and then what becomes of
// them and of new ones.
func (s *Server) followConns(a *answer, out *stream, send func(*frame.Connection) error) error {
	open := make(map[uint64]struct{})
	var newest uint64
	var rest time.Time
	return s.follow(a, out, true, func() error {
		// Looking at all that are open must stay a small part of what the
		// recorder does.
		const moment, share = 200 * time.Millisecond, 20
		ctx, cancel := s.until(a.Context(), 0)
		_ = sleep(ctx, time.Until(rest))
		cancel()
		began := time.Now()
		defer func() { rest = began.Add(max(moment, share*time.Since(began))) }()

		changed, err := s.changes(a.Context(), open, newest)
		if err != nil {
			return err
		}
		for i := range changed {
			c := &changed[i]
			newest = max(newest, c.ID)
			if err := send(c); err != nil {
				return err
			}
			if delete(open, c.ID); c.State == frame.Open {
				open[c.ID] = struct{}{}
			}
		}
		return nil
	})
}

// changes returns the connections above newest, at first the open ones only, and
// those that were open and are no more.
func (s *Server) changes(ctx context.Context, open map[uint64]struct{}, newest uint64) (changed []frame.Connection, err error) {
	for id := range open {
		c, err := s.source.Conn(ctx, id)
		if errors.Is(err, store.ErrNoConnection) {
			delete(open, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.State != frame.Open {
			changed = append(changed, c)
		}
	}
	err = s.eachConn(ctx, 0, newest, func(c *frame.Connection) error {
		if newest > 0 || c.State == frame.Open {
			changed = append(changed, *c)
		}
		return nil
	})
	slices.SortFunc(changed, func(a, b frame.Connection) int { return cmp.Compare(a.ID, b.ID) })
	return changed, err
}
