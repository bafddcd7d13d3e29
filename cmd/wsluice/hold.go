package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/proxy"
)

// holdFlags are the flags of wsluice hold as they were given.
type holdFlags struct {
	conn         string
	from         sides
	limit        time.Duration
	drop, asJSON bool
}

func (p *program) holdCommand() *cobra.Command {
	var f holdFlags
	c := &cobra.Command{
		Use:   "hold [EXPR]",
		Short: "Stop messages until you, or a script, decide about each",
		Long: `Hold the messages that match a filter (see wsluice help filters), all without
one, and decide about each: release it, drop it, or send something else in its
place. What is behind a held message waits, so that the order is kept; pings and
the other direction go on.

Each message that is held is a JSON line on stdout, and so is what becomes of it:

  {"held":{"id":7,"conn":3,"until":…,"message":{"from":"client","text":…}}}
  {"gone":{"id":7,"action":"edit","cause":"verdict"}}

Verdicts are lines on stdin, in JSON or in short:

  {"id":7,"action":"edit","text":"…"}      also "base64", and "type" to change it
  release 7        drop 7 8        edit 7 TEXT        release all        drop all

What nobody decides about within --limit is released, or dropped with --drop. When
stdin ends, or this command in any way, everything is released.

On a terminal it writes lines for people instead, unless --json is given.`,
		Example: `  wsluice hold 'json.type == "order"' --from client
  wsluice hold --conn last --limit 5m
  coproc wsluice hold 'from == server && size > 64*KB'`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			text := ""
			if len(args) > 0 {
				if text = args[0]; text == "" {
					return usagef("leave it out to hold everything", "the filter is empty")
				}
			}
			return p.hold(c.Context(), f, text)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.conn, "conn", "", "hold messages of this `connection` only, a number or "+newestOpen)
	sideFlag(c, &f.from)
	flags.Lookup("from").Usage = "hold what this `side` sends only: client or server"
	flags.DurationVar(&f.limit, "limit", 30*time.Second, "how `long` a message is held at most")
	flags.BoolVar(&f.drop, "drop", false, "drop it then, instead of releasing it")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON lines on a terminal too")
	_ = c.RegisterFlagCompletionFunc("conn", p.completeOpen)
	_ = c.RegisterFlagCompletionFunc("limit", cobra.NoFileCompletions)
	return c
}

// hold holds what text selects until stdin or ctx ends.
func (p *program) hold(ctx context.Context, f holdFlags, text string) error {
	if f.limit <= 0 || f.limit > proxy.MaxHoldTime {
		return usagef(fmt.Sprintf("give a time up to %v, such as 30s", proxy.MaxHoldTime), "nothing can be held for --limit %v", f.limit)
	}
	if _, err := narrowed(text, 0, nil); err != nil {
		return err
	}
	client, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	h := holding{program: p, client: client, people: isTerminal(p.stdout) && isTerminal(p.stdin) && !f.asJSON}
	var conn uint64
	if f.conn != "" {
		if conn, err = openConnection(ctx, client, f.conn); err != nil {
			return err
		}
	}
	order := control.HoldOrder{Limit: f.limit, Expired: proxy.Release}
	if f.drop {
		order.Expired = proxy.Drop
	}
	if order.Filter, err = narrowed(text, conn, f.from.only); err != nil {
		return err
	}
	if h.stream, err = client.Hold(ctx, order); err != nil {
		return p.actionFailure(conn, err)
	}
	if h.people {
		fmt.Fprintf(p.stderr, "wsluice: holding %s, each for %v at most, then it is %s\n", f.what(text, conn), f.limit, fate(order.Expired))
		fmt.Fprintf(p.stderr, "wsluice: decide with %s; Ctrl-D releases everything\n", verdictWords)
	} else {
		fmt.Fprintf(p.stdout, "{\"hold\":%d}\n", h.stream.ID())
	}
	return h.run(ctx)
}

// what says in words what is held.
func (f *holdFlags) what(text string, conn uint64) string {
	what := "all messages"
	if text != "" {
		what = "what matches " + visible(text, longestURL)
	}
	if f.from.only != nil {
		what += " from the " + f.from.only.String()
	}
	if conn != 0 {
		what += fmt.Sprintf(" on connection %d", conn)
	}
	return what
}

// holding is a hold under way.
type holding struct {
	*program
	client *control.Client
	stream *control.HoldStream
	people bool     // who read lines
	held   []uint64 // what is held, as far as it was told, oldest first
	line   []byte
}

// heldEvent is a thing that happened in the queue, or why no more is told.
type heldEvent struct {
	proxy.HoldEvent
	err error
}

// run tells what happens and decides as stdin says, until that or ctx ends.
// Then everything is released.
func (h *holding) run(ctx context.Context) error {
	events := make(chan heldEvent)
	done := make(chan struct{})
	go func() {
		defer close(events)
		for {
			var e heldEvent
			e.HoldEvent, e.err = h.stream.Next()
			select {
			case events <- e:
			case <-done:
				return
			}
			if e.err != nil {
				return
			}
		}
	}()
	defer func() {
		close(done)
		_ = h.stream.Close() // which has Next return
		for range events {
		}
	}()
	lines := readLines(ctx, h.stdin)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			if e.err != nil {
				if errors.Is(e.err, io.EOF) || ctx.Err() != nil {
					return ctx.Err()
				}
				return h.actionFailure(0, e.err)
			}
			if err := h.tell(&e.HoldEvent); err != nil {
				return err
			}
		case line, more := <-lines:
			if !more {
				return nil
			}
			if line.err != nil {
				return line.err
			}
			if err := h.decide(ctx, line.text); err != nil {
				return err
			}
		}
	}
}

// tell prints what happened.
func (h *holding) tell(e *proxy.HoldEvent) error {
	if e.Held != nil {
		h.held = append(h.held, e.Held.ID)
	} else if at := slices.Index(h.held, e.Fate.ID); at >= 0 {
		h.held = slices.Delete(h.held, at, at+1)
	}
	switch {
	case !h.people:
		h.line = append(control.AppendHoldEvent(h.line[:0], *e), '\n')
	case e.Held != nil:
		m := e.Held.Message
		m.Cut(longestPreview)
		h.line = fmt.Appendf(h.line[:0], "%4d  held  ", e.Held.ID)
		line := export.Line{Conn: true, Colour: colour(h.stdout), Width: max(0, terminalWidth(h.stdout)-len(h.line))}
		h.line = line.AppendMessage(h.line, &m)
	default:
		h.line = fmt.Appendf(h.line[:0], "%4d  %s (%s)\n", e.Fate.ID, fate(e.Fate.Action), e.Fate.Cause)
	}
	_, err := h.stdout.Write(h.line)
	return err
}

// fate says in a word that an action was taken.
func fate(a proxy.Action) string {
	switch a {
	case proxy.Drop:
		return "dropped"
	case proxy.Edit:
		return "edited"
	}
	return "released"
}

// decide does what a line says. A line that cannot be followed is told on stderr
// and changes nothing; only that nobody can be told any more is an error.
func (h *holding) decide(ctx context.Context, line []byte) error {
	if h.people && len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	if len(line) == 0 {
		return nil
	}
	d, err := parseDecision(line)
	if err != nil {
		fmt.Fprintf(h.stderr, "wsluice: error: verdict %q: %s\n", visible(string(line), 100), visible(oneLine(err.Error()), longestURL))
		fmt.Fprintf(h.stderr, "wsluice: hint: write %s, or JSON\n", verdictWords)
		return nil
	}
	ids := d.ids
	if d.all {
		ids = h.held
	}
	for _, id := range ids {
		switch err := h.client.Decide(ctx, id, d.Verdict); {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, control.ErrNotRecording):
			return h.actionFailure(0, err)
		case !errors.Is(err, proxy.ErrNotHeld):
			fmt.Fprintf(h.stderr, "wsluice: error: message %d: %s\n", id, visible(oneLine(err.Error()), longestURL))
		case !d.all: // of all, some may be gone meanwhile
			fmt.Fprintf(h.stderr, "wsluice: error: message %d is not held any more\n", id)
		}
	}
	return nil
}
