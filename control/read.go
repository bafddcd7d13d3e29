package control

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// flush sends what was written so far.
func (a *answer) flush() error {
	a.begun = true
	return http.NewResponseController(a.ResponseWriter).Flush()
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }

// filterProblem is what is wrong with a filter.
func filterProblem(err error) error {
	hint := "see docs/filters.md for the names and operators"
	if e, ok := errors.AsType[*filter.Error](err); ok && e.Suggestion != "" {
		hint = e.Suggestion
	}
	return badRequest(hint, "%v", err)
}

func (s *Server) conn(a *answer) error {
	id, err := strconv.ParseUint(a.PathValue("id"), 10, 64)
	if err != nil {
		return badRequest("GET /v1/conns lists the connections", "%q is no connection number", a.PathValue("id"))
	}
	c, err := s.source.Conn(a.Context(), id)
	if err != nil {
		return err
	}
	a.as("application/json")
	_, err = a.Write(append(c.AppendJSON(nil), '\n'))
	return err
}

// messages answers with messages in the order they ended.
func (s *Server) messages(a *answer) error {
	var q store.Query
	w, err := a.window(s.reader)
	if err != nil {
		return err
	}
	if text := a.query.text("filter"); a.query.has("filter") {
		if q.Filter, err = filter.ParseMessages(text); err != nil {
			return filterProblem(err)
		}
	}
	q.Conn, q.Start, q.Side = w.conn, w.start, w.side
	skip := 0
	if w.last > 0 {
		if q.Start, skip, err = s.reader.LastMessages(a.Context(), q, w.last); err != nil {
			return err
		}
	}
	messages := s.reader.Messages(a.Context(), q)
	defer messages.Close()
	out := a.stream(w.limit)
	return out.end(s.drain(a, messages, out, w.follow, func() error {
		if skip > 0 {
			skip--
			return nil
		}
		return out.line(messages.Message().AppendJSON(out.buffer()))
	}))
}

// frames answers with frames in the order they were kept.
func (s *Server) frames(a *answer) error {
	q := store.FrameQuery{Whole: true}
	w, err := a.window(s.reader)
	if err != nil {
		return err
	}
	wire, err := a.query.flag("wire")
	if err != nil {
		return err
	}
	if text := a.query.text("filter"); a.query.has("filter") {
		if q.Filter, err = filter.ParseFrames(text); err != nil {
			return filterProblem(err)
		}
	}
	q.Conn, q.Start, q.Side = w.conn, w.start, w.side
	skip := 0
	if w.last > 0 {
		if q.Start, skip, err = s.reader.LastFrames(a.Context(), q, w.last); err != nil {
			return err
		}
	}
	frames := s.reader.Frames(a.Context(), q)
	defer frames.Close()
	out := a.stream(w.limit)
	return out.end(s.drain(a, frames, out, w.follow, func() error {
		if skip > 0 {
			skip--
			return nil
		}
		return out.line(frames.Record().AppendJSON(out.buffer(), wire))
	}))
}

// payload answers with the payload of a frame, named by its number in the
// capture or in its connection.
func (s *Server) payload(a *answer) error {
	global, err := a.query.number("frame")
	if err != nil {
		return err
	}
	conn, err := a.query.number("conn")
	if err != nil {
		return err
	}
	seq, err := a.query.number("seq")
	if err != nil {
		return err
	}
	switch byNumber, bySeq := a.query.has("frame"), a.query.has("conn") && a.query.has("seq"); {
	case byNumber == bySeq || conn == 0 && bySeq:
		return badRequest("give frame=NUMBER, or conn=NUMBER&seq=NUMBER", "which frame?")
	case bySeq:
		page, err := s.reader.Page(a.Context(), conn, seq, 1)
		if err != nil {
			return err
		}
		if len(page) == 0 || page[0].Seq != seq {
			return noFrame(conn, seq)
		}
		global = page[0].Global
	}
	payload, err := s.reader.Payload(a.Context(), global)
	if err != nil {
		return err
	}
	defer payload.Close()
	a.as("application/octet-stream")
	_, err = io.Copy(a, payload)
	return err
}

// events answers with the event log, the oldest first.
func (s *Server) events(a *answer) error {
	const page = 500
	after, err := a.query.number("after")
	if err != nil {
		return err
	}
	limit, limitErr := a.query.count("limit")
	last, lastErr := a.query.count("last")
	follow, followErr := a.query.flag("follow")
	if err := errors.Join(limitErr, lastErr, followErr); err != nil {
		return err
	}
	if last > 0 {
		if after, err = lastEvents(a.Context(), s.reader, after, last); err != nil {
			return err
		}
	}
	out := a.stream(limit)
	return out.end(s.follow(a, out, follow, func() error {
		for {
			events, err := s.source.Events(a.Context(), after, page)
			if err != nil || len(events) == 0 {
				return err
			}
			for i := range events {
				line, err := events[i].MarshalJSON()
				if err != nil {
					return err
				}
				if err := out.line(append(out.buffer(), line...)); err != nil {
					return err
				}
			}
			after = events[len(events)-1].Number
		}
	}))
}

// snapshot answers with a copy of the capture. An answer that breaks off is
// none.
func (s *Server) snapshot(a *answer) error {
	a.as("application/octet-stream")
	return s.source.Snapshot(a.Context(), a)
}

// window is the part of a capture a client asked for.
type window struct {
	conn, start uint64
	side        *frame.Side
	limit, last int
	follow      bool
}

// window reads the parameters that messages and frames share.
func (a *answer) window(r *store.Reader) (w window, err error) {
	q := a.query
	var errs [6]error
	w.conn, errs[0] = q.number("conn")
	w.start, errs[1] = q.number("start")
	w.side, errs[2] = q.side("from")
	w.limit, errs[3] = q.count("limit")
	w.last, errs[4] = q.count("last")
	w.follow, errs[5] = q.flag("follow")
	if err := errors.Join(errs[:]...); err != nil {
		return w, err
	}
	if w.last > 0 && w.start > 0 {
		return w, badRequest("leave one of them out", "start and last do not go together")
	}
	if w.conn != 0 {
		_, err = r.Conn(a.Context(), w.conn)
	}
	return w, err
}

func noFrame(conn, seq uint64) error {
	return fmt.Errorf("%w: %d of connection %d", store.ErrNoFrame, seq, conn)
}
