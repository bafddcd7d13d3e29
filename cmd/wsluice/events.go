package main

import (
	"bufio"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/store"
)

// eventLevels are the levels of events, the least first.
var eventLevels = []string{store.LevelInfo, store.LevelWarning, store.LevelError}

func (p *program) eventsCommand() *cobra.Command {
	l := eventList{level: store.LevelInfo}
	var asJSON bool
	c := &cobra.Command{
		Use:   "events",
		Short: "Print what happened to the recordings of a capture",
		Long: `Print the event log that is kept in a capture, the oldest first: when recordings
began and ended, connections and tunnels, clients that do not trust the proxy,
trouble with servers and the disk. The last 10,000 are kept.

With --follow it prints what there is and goes on while a capture is recorded.`,
		Example: `  wsluice events --last 20
  wsluice events --follow --level warning
  wsluice events --json | jq -r 'select(.message == "connection failed") | .attrs.url'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := l.check(c); err != nil {
				return err
			}
			var err error
			if l.r, err = p.open(c.Context()); err != nil {
				return err
			}
			defer l.r.Close()
			l.out = bufio.NewWriter(p.stdout)
			l.colour = colour(p.stdout)
			if l.print = l.json; !asJSON {
				l.print = l.row
			}
			err = l.run(c.Context())
			if flushing := l.out.Flush(); err == nil {
				err = flushing
			}
			return err
		},
	}
	flags := c.Flags()
	flags.IntVar(&l.last, "last", 0, "print the last `n` events only; with --follow, 0 begins with new ones")
	flags.BoolVarP(&l.follow, "follow", "f", false, "go on with new events as they come, until Ctrl-C")
	flags.StringVar(&l.level, "level", l.level, "print events from this `level` up: info, warning or error")
	flags.BoolVar(&asJSON, "json", false, "print a JSON object a line")
	_ = c.RegisterFlagCompletionFunc("last", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(eventLevels, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// eventList prints events.
type eventList struct {
	last      int
	lastGiven bool
	follow    bool
	level     string

	r      *store.Reader
	out    *bufio.Writer
	colour bool
	print  func(*store.Event) error
	after  uint64 // the last event seen
}

func (l *eventList) check(c *cobra.Command) error {
	l.lastGiven = c.Flags().Changed("last")
	if l.lastGiven && (l.last < 0 || l.last == 0 && !l.follow) {
		return usagef("give a number from 1 up", "--last %d asks for nothing", l.last)
	}
	if !slices.Contains(eventLevels, l.level) {
		return usagef("use info, warning or error", "--level %q is not known", l.level)
	}
	return nil
}

func (l *eventList) run(ctx context.Context) error {
	events, err := l.more(ctx)
	if err != nil {
		return err
	}
	if l.lastGiven {
		events = events[max(0, len(events)-l.last):]
	}
	var version uint64
	for {
		for i := range events {
			if err := l.print(&events[i]); err != nil {
				return err
			}
		}
		if !l.follow {
			return nil
		}
		if err := l.out.Flush(); err != nil {
			return err
		}
		if version, err = l.r.Wait(ctx, version); err != nil {
			return err
		}
		if events, err = l.more(ctx); err != nil {
			return err
		}
	}
}

// more returns the events there are since it was called last.
func (l *eventList) more(ctx context.Context) (wanted []store.Event, err error) {
	const page = 1000
	for {
		events, err := l.r.Events(ctx, l.after, page)
		if err != nil {
			return nil, err
		}
		for i := range events {
			l.after = events[i].Number
			if slices.Index(eventLevels, events[i].Level) >= slices.Index(eventLevels, l.level) {
				wanted = append(wanted, events[i])
			}
		}
		if len(events) < page {
			return wanted, nil
		}
	}
}

func (l *eventList) json(e *store.Event) error {
	line, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = l.out.Write(append(line, '\n'))
	return err
}

// row prints an event as the log on stderr has it, with the day.
func (l *eventList) row(e *store.Event) error {
	var line strings.Builder
	line.WriteString(e.Time.Local().Format(time.DateTime))
	if e.Level != store.LevelInfo {
		level := e.Level + ":"
		if l.colour {
			code := 33 // yellow
			if e.Level == store.LevelError {
				code = 31 // red
			}
			level = "\x1b[" + strconv.Itoa(code) + "m" + level + "\x1b[0m"
		}
		line.WriteString(" " + level)
	}
	line.WriteString(" " + visible(e.Message, longestValue))
	for _, a := range e.Attrs {
		line.WriteString(" " + visible(a.Key, longestValue) + "=" + visible(quoted(a.Value), longestValue))
	}
	line.WriteByte('\n')
	_, err := l.out.WriteString(line.String())
	return err
}
