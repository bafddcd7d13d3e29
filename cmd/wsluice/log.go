package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
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
	value := a.Value.Resolve().String()
	line = append(line, ' ')
	line = append(line, a.Key...)
	line = append(line, '=')
	if strings.ContainsAny(value, ` "`) {
		value = strconv.Quote(value)
	}
	return append(line, visible(value, longestValue)...)
}
