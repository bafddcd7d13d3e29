package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/store"
)

// newLogger returns the event log for people: a line each with the time of day,
// the message and its attributes, harmless for a terminal.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(&eventLog{out: w, lock: new(sync.Mutex)})
}

// eventLog is a slog.Handler.
type eventLog struct {
	out    io.Writer
	lock   *sync.Mutex
	prefix []slog.Attr
}

func (l *eventLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (l *eventLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *l
	next.prefix = append(append([]slog.Attr{}, l.prefix...), attrs...)
	return &next
}

// WithGroup ignores the group: event attributes have one flat set of names.
func (l *eventLog) WithGroup(string) slog.Handler { return l }

func (l *eventLog) Handle(_ context.Context, r slog.Record) error {
	line := r.Time.AppendFormat(nil, time.TimeOnly)
	switch {
	case r.Level >= slog.LevelError:
		line = append(line, " error:"...)
	case r.Level >= slog.LevelWarn:
		line = append(line, " warning:"...)
	}
	line = append(line, ' ')
	line = append(line, r.Message...)
	for _, a := range l.prefix {
		line = appendAttr(line, a)
	}
	r.Attrs(func(a slog.Attr) bool {
		line = appendAttr(line, a)
		return true
	})
	line = append(line, '\n')
	l.lock.Lock()
	defer l.lock.Unlock()
	_, err := l.out.Write(line)
	return err
}

// longestValue bounds one attribute in terminal cells: URLs and error texts come
// from the network.
const longestValue = 1000

func appendAttr(line []byte, a slog.Attr) []byte {
	line = append(line, ' ')
	line = append(line, a.Key...)
	line = append(line, '=')
	return append(line, visible(quoted(a.Value.Resolve().String()), longestValue)...)
}

// quoted puts quotes around what has spaces or quotes in it.
func quoted(value string) string {
	if strings.ContainsAny(value, ` "`) {
		return strconv.Quote(value)
	}
	return value
}

// eventSink is the recorder that keeps events, once there is one.
type eventSink = atomic.Pointer[store.Recorder]

// keptLog is a slog.Handler that also keeps events in the capture, whatever of
// them the next one prints.
type keptLog struct {
	next   slog.Handler
	events *eventSink
	prefix []slog.Attr
}

// plainExchange is the event of a plain HTTP request. It says nothing of
// WebSockets, and there may be so many that others would not be kept for long.
const plainExchange = "http"

func (l *keptLog) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.next.Enabled(ctx, level)
}

func (l *keptLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *l
	next.next = l.next.WithAttrs(attrs)
	next.prefix = append(append([]slog.Attr{}, l.prefix...), attrs...)
	return &next
}

// WithGroup ignores the group, as eventLog does.
func (l *keptLog) WithGroup(string) slog.Handler { return l }

func (l *keptLog) Handle(ctx context.Context, r slog.Record) error {
	if recorder := l.events.Load(); recorder != nil && r.Level >= slog.LevelInfo && r.Message != plainExchange {
		recorder.Log(l.event(r))
	}
	if !l.next.Enabled(ctx, r.Level) {
		return nil
	}
	return l.next.Handle(ctx, r)
}

func (l *keptLog) event(r slog.Record) store.Event {
	e := store.Event{Time: r.Time, Level: store.LevelInfo, Message: r.Message}
	switch {
	case r.Level >= slog.LevelError:
		e.Level = store.LevelError
	case r.Level >= slog.LevelWarn:
		e.Level = store.LevelWarning
	}
	add := func(a slog.Attr) bool {
		e.Attrs = append(e.Attrs, store.Attr{Key: a.Key, Value: a.Value.Resolve().String()})
		return true
	}
	for _, a := range l.prefix {
		add(a)
	}
	r.Attrs(add)
	return e
}
