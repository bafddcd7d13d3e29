package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/export/pcapng"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// exportFlags are the flags of wsluice export as they were given.
type exportFlags struct {
	selection
	format, output string
	language       string
	from           sides
	wire           bool
	redact         redactFlags
}

func (p *program) exportCommand() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export [CONN]",
		Short: "Write a capture, or one connection of it, in another form",
		Long: `Write a capture, or one connection of it, in another form:

  jsonl  a JSON object a line: each connection, then its messages; with
         --filter only the connections that have one
  text   lines for people, payloads whole
  har    an HTTP Archive for browsers' tools and other proxies: an entry for each
         connection with text and binary messages, all else in private fields
  html   one page for a browser, which needs no network: timeline, list, filter,
         JSON as a tree, bytes; of each payload the first 64 KiB
  pcapng packets for Wireshark and other tools, without TLS: of each connection
         what its two ends got, byte for byte
  raw    the payloads of text and binary messages back to back; with --wire
         the bytes of the frames exactly as they passed. Of one connection,
         and with --wire of one side
  snippet
         a program or command that connects as the client of one connection did
         and says what it said. --lang is js (for browsers), node (package ws),
         python (websockets), go (gorilla/websocket), wscat, websocat or wsluice
With --follow it goes on while a capture is recorded, until Ctrl-C.`,
		Example: `  wsluice export --format jsonl --output capture.jsonl
  wsluice export 3 --format text | less
  wsluice export --filter 'json.type == "trade"' --output trades.jsonl
  wsluice export --format html --output capture.html
  wsluice export 3 --format snippet --lang python --output again.py
  wsluice export --format pcapng --output capture.pcapng
  wsluice export 3 --format raw --from server --output video.bin
  wsluice export --format har --redact --redact-json user.email --output for-the-report.har`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			conn, err := connection(args)
			if err != nil {
				return err
			}
			if err := errors.Join(f.selection.check(c), f.check(conn)); err != nil {
				return err
			}
			return p.export(c.Context(), f, conn)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.format, "format", "jsonl", "the `format`: jsonl, text, har, html, pcapng, raw or snippet")
	flags.StringVarP(&f.output, "output", "o", "", "write to this `file` instead of stdout; it appears when it is complete")
	flags.StringVar(&f.language, "lang", "", "the `language` of --format snippet: "+strings.Join(export.SnippetLanguages, ", "))
	_ = c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(export.SnippetLanguages, cobra.ShellCompDirectiveNoFileComp))
	flags.BoolVar(&f.wire, "wire", false, "with --format raw, write whole frames as they were on the wire")
	f.streamFlags(c, "messages")
	sideFlag(c, &f.from)
	f.redact.add(c)
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"jsonl", "text", "har", "html", "pcapng", "raw", "snippet"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// check finds what does not fit together.
func (f *exportFlags) check(conn uint64) error {
	if f.language != "" && f.format != "snippet" {
		return usagef("add --format snippet", "--lang does not go with --format %s", f.format)
	}
	switch f.format {
	case "pcapng":
		switch {
		case f.wire:
			return usagef("leave --wire out", "--format pcapng always has the bytes that were on the wire")
		case f.filter != "" || f.from.only != nil:
			return usagef("name a connection: wsluice export CONN --format pcapng", "--filter and --from do not go with --format pcapng: a stream cannot leave bytes out")
		case f.redact.wanted():
			return usagef("write --format jsonl or har", "--redact does not go with --format pcapng: the bytes would not be those that passed")
		case f.follow:
			return usagef("leave --follow out", "--follow does not go with --format pcapng, which is of use when it is complete")
		}
	case "jsonl", "text", "har", "html", "snippet":
		if f.format == "snippet" {
			if err := f.checkSnippet(conn); err != nil {
				return err
			}
		}
		if f.wire {
			return usagef("use --format raw --wire, or wsluice frames --json --wire", "--wire does not go with --format %s", f.format)
		}
		if f.follow && f.format != "jsonl" && f.format != "text" {
			return usagef("use --format jsonl", "--follow does not go with --format %s, which is of use when it is complete", f.format)
		}
	case "raw":
		if conn == 0 {
			return usagef("name a connection: wsluice export CONN --format raw", "payloads of several connections would run together")
		}
		if f.wire && f.redact.wanted() {
			return usagef("leave --wire out to get payloads, or write --format jsonl", "--redact does not go with --wire: the bytes would not be those that passed")
		}
		if f.wire && f.from.only == nil {
			return usagef("add --from client or --from server", "frames of both sides would run together")
		}
	default:
		return usagef("use jsonl, text, har, html, pcapng, raw or snippet", "--format %q is not known", f.format)
	}
	return nil
}

// checkSnippet finds what does not fit with --format snippet.
func (f *exportFlags) checkSnippet(conn uint64) error {
	switch {
	case conn == 0:
		return usagef("name a connection: wsluice export CONN --format snippet", "a snippet is the client of one connection")
	case !slices.Contains(export.SnippetLanguages, f.language):
		return usagef("add --lang with one of "+strings.Join(export.SnippetLanguages, ", "), "--format snippet needs a language, and %q is none", f.language)
	}
	return nil
}

func (f *exportFlags) writer(w io.Writer) export.Writer {
	switch {
	case f.format == "text":
		return export.NewText(w, nil)
	case f.format == "har":
		return export.NewHAR(w, version())
	case f.format == "html":
		return export.NewHTML(w)
	case f.format == "snippet":
		snippet, _ := export.NewSnippet(w, f.language) // which was checked
		return snippet
	case f.format == "pcapng":
		return pcapng.NewWriter(w, "wsluice "+version())
	case f.wire:
		return export.NewWire(w)
	case f.format == "raw":
		return export.NewRaw(w)
	}
	return export.NewJSONL(w, false)
}

func (p *program) export(ctx context.Context, f exportFlags, conn uint64) error {
	x := exporter{p: p, f: f, conn: conn}
	if err := x.parse(); err != nil {
		return err
	}
	redactor, err := f.redact.redactor()
	if err != nil {
		return err
	}
	if x.r, err = p.open(ctx); err != nil {
		return err
	}
	defer x.r.Close()
	if conn != 0 {
		if _, err := x.r.Conn(ctx, conn); err != nil {
			return err
		}
	}
	out, finish, err := p.destination(f.output)
	if err != nil {
		return err
	}
	if (f.format == "raw" || f.format == "pcapng") && isTerminal(out) {
		return usagef("name a file with --output, or send stdout elsewhere", "raw bytes may harm a terminal, and stdout is one")
	}
	x.w = f.writer(out)
	if redactor != nil {
		x.w = redactor.Writer(x.w)
	}
	if !f.follow {
		x.bar = p.progress("export")
	}
	err = x.write(ctx)
	switch {
	case x.messages != nil:
		p.gaveUp(x.messages.GaveUp(), "message")
	case x.frames != nil:
		p.gaveUp(x.frames.GaveUp(), "frame")
	}
	if redactor != nil {
		p.tellRedacted(redactor.Count())
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("export: %w", err)
	}
	return finish(err)
}

// exporter is one export under way.
type exporter struct {
	p        *program
	f        exportFlags
	conn     uint64
	messages *filter.Messages
	frames   *filter.Frames
	r        *store.Reader
	w        export.Writer
	bar      *progress
	opcodes  uint16          // of the messages, 0 for all
	only     uint64          // the number of the only message wanted, 0 for all
	next     uint64          // the connection to be written next
	written  map[uint64]bool // those written, when there is a filter
}

// write writes all that is wanted to x.w and closes it.
func (x *exporter) write(ctx context.Context) (err error) {
	switch {
	case x.f.format == "pcapng":
		err = x.exportPackets(ctx)
	case x.f.wire:
		err = x.exportFrames(ctx)
	case x.f.format == "har":
		err = x.exportConnections(ctx)
	default:
		err = x.exportMessages(ctx)
	}
	x.bar.finish()
	return errors.Join(err, x.w.Close())
}

// query returns what finds the messages that are wanted of a connection, 0 for all.
func (x *exporter) query(conn uint64) store.Query {
	return store.Query{Conn: conn, Start: x.only, Side: x.f.from.only, Opcodes: x.opcodes, Filter: x.messages}
}

// message writes a message, unless another one is the only one that is wanted.
func (x *exporter) message(m *frame.Message) error {
	switch {
	case x.only == 0:
		return x.w.Message(m)
	case m.Seq != x.only:
		return nil
	}
	if err := x.w.Message(m); err != nil {
		return err
	}
	return errEnough
}

// parse makes a filter of --filter.
func (x *exporter) parse() (err error) {
	switch {
	case x.f.filter == "":
		return nil
	case x.f.wire:
		x.frames, err = filter.ParseFrames(x.f.filter)
	default:
		x.messages, err = filter.ParseMessages(x.f.filter)
	}
	if err != nil {
		return filterFailure(err)
	}
	return nil
}

func (x *exporter) exportFrames(ctx context.Context) error {
	frames := x.r.Frames(ctx, store.FrameQuery{Conn: x.conn, Side: x.f.from.only, Filter: x.frames, Whole: true})
	defer frames.Close()
	return x.p.drain(ctx, x.r, frames, x.f.follow, func() error {
		x.bar.of(frames)
		return x.w.Frame(frames.Record())
	}, x.w.Flush)
}

func (x *exporter) exportMessages(ctx context.Context) error {
	x.next, x.written = max(x.conn, 1), make(map[uint64]bool)
	messages := x.r.Messages(ctx, x.query(x.conn))
	defer messages.Close()
	err := x.p.drain(ctx, x.r, messages, x.f.follow, func() error {
		x.bar.of(messages)
		m := messages.Message()
		if err := x.announce(ctx, m.Conn, messages.Connection()); err != nil {
			return err
		}
		return x.message(m)
	}, x.w.Flush)
	if err != nil || x.messages != nil || ctx.Err() != nil {
		return err
	}
	last := x.conn
	if x.conn == 0 {
		newest, err := x.r.Conns(ctx, 0, 1)
		if err != nil || len(newest) == 0 {
			return err
		}
		last = newest[0].ID
	}
	return x.announce(ctx, last, nil)
}

// announce writes the connection with the given id, unless that was done
// before, and without a filter all up to it: one without messages comes before
// the first message of a later one.
func (x *exporter) announce(ctx context.Context, id uint64, c *frame.Connection) error {
	if x.messages != nil {
		if x.written[id] {
			return nil
		}
		x.written[id] = true
		return x.w.Connection(c)
	}
	for ; x.next <= id; x.next++ {
		c, err := x.r.Conn(ctx, x.next)
		if errors.Is(err, store.ErrNoConnection) {
			continue
		}
		if err == nil {
			err = x.w.Connection(&c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
