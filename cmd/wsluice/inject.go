package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// injectFlags are the flags of wsluice inject as they were given.
type injectFlags struct {
	payloadFlags
	to            sides
	kind          string
	code          uint16
	reason        string
	fragments     int
	header        string
	timeout       time.Duration
	lines, asJSON bool
}

// longestWait bounds --timeout.
const longestWait = 10 * time.Minute

// injectedTypes are the types that --type takes.
var injectedTypes = []string{"text", "binary", "ping", "pong", "close"}

func (p *program) injectCommand() *cobra.Command {
	var f injectFlags
	c := &cobra.Command{
		Use:   "inject [CONN [TEXT]]",
		Short: "Send a message of your own into a live connection",
		Long: `Send a message into a live connection, to its server or to its client, as if the
other one had sent it. It goes between two messages, pings and the like between
two frames, uncompressed, and nothing else is changed. It is recorded with the
origin "injected".

The payload is TEXT, a file or stdin, byte for byte. CONN is a number or "` + newestOpen + `", the
newest connection that is open; without it, the only one that is open.

It returns when the message was written. --timeout bounds how long it waits for
the end of a message that is just being sent.

--fragments cuts the message into frames, and --raw-header changes the headers of
all of them, to try how the other end takes what is illegal: fin, rsv, opcode,
masked, mask, length and extended, the size of the length field. What is wrong
with the header stays wrong: a length that is too long swallows what follows.`,
		Example: `  wsluice inject 3 '{"say":"hello"}'
  wsluice inject last --to client --file order.json
  wsluice inject 3 --hex 'de ad be ef'
  wsluice inject 3 --to client --type close --code 1012 --reason 'back soon'
  wsluice inject 3 --type ping
  wsluice inject 3 --raw-header fin=0,rsv=5,opcode=11 'not for the faint of heart'
  tail -f orders.jsonl | wsluice inject 3 --lines`,
		Args:              usageArgs(cobra.MaximumNArgs(2)),
		ValidArgsFunction: p.completeOneOpen,
		RunE: func(c *cobra.Command, args []string) error {
			word := ""
			if len(args) > 0 {
				word, args = args[0], args[1:]
			}
			return p.inject(c, f, word, args)
		},
	}
	flags := c.Flags()
	flags.Var(&f.to, "to", "the `side` that gets it: server or client (default server)")
	flags.StringVar(&f.kind, "type", "", "its `type`: text, binary, ping, pong or close (default text, or binary with --hex and --base64)")
	flags.Uint16Var(&f.code, "code", 0, "the `code` of a close")
	flags.StringVar(&f.reason, "reason", "", "the `reason` of a close, at most 123 bytes")
	f.payloadFlags.add(c)
	flags.IntVar(&f.fragments, "fragments", 1, "cut it into `n` frames")
	flags.StringVar(&f.header, "raw-header", "", "change the frames' `headers`, such as fin=0,rsv=5,opcode=11,masked=0,length=99")
	flags.BoolVar(&f.lines, "lines", false, "send each line of stdin as a message, as it comes")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "wait at most this `time` for a place between messages")
	flags.BoolVar(&f.asJSON, "json", false, "print what was sent as JSON")
	for name, choices := range map[string][]string{"to": {"server", "client"}, "type": injectedTypes} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, name := range []string{"code", "reason", "fragments", "raw-header", "timeout"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

// inject sends what the flags and args, the payload if any, say.
func (p *program) inject(c *cobra.Command, f injectFlags, word string, args []string) error {
	draft, err := f.draft(c)
	if err != nil {
		return err
	}
	if f.lines {
		if len(args) > 0 || f.file != "" || draft.Type == frame.Close {
			return usagef("leave out what else says what to send", "--lines sends the lines of stdin, as text, binary, pings or pongs")
		}
	} else if draft.Payload, err = p.draftPayload(c, f, draft.Type, args); err != nil {
		return err
	}
	wire, err := draft.Wire()
	if err != nil {
		return usagef("see wsluice inject --help", "%w", err)
	}
	if len(wire) > proxy.MaxInjection {
		return tooLarge("the message")
	}
	client, err := p.dial(c.Context())
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := openConnection(c.Context(), client, word)
	if err != nil {
		return err
	}
	i := injection{program: p, client: client, conn: conn, timeout: f.timeout, asJSON: f.asJSON}
	if f.lines {
		return i.sendLines(c.Context(), draft, &f.payloadFlags)
	}
	return i.send(c.Context(), draft)
}

// draft returns what is to be sent, without its payload.
func (f *injectFlags) draft(c *cobra.Command) (d frame.Draft, err error) {
	given := c.Flags().Changed
	if f.to.only == nil {
		f.to.only = new(frame.Server)
	}
	d = frame.Draft{From: f.to.only.Peer(), Type: frame.Text, Fragments: f.fragments, Header: f.header}
	switch {
	case f.kind != "":
		err = d.Type.UnmarshalText([]byte(f.kind))
	case f.encoded():
		d.Type = frame.Binary
	}
	switch {
	case err != nil || f.kind == "continuation" || d.Type.Reserved() || d.Type == frame.Opaque:
		return d, usagef("use one of "+strings.Join(injectedTypes, ", ")+"; --raw-header opcode=11 sends others", "--type %q is not known", f.kind)
	case f.fragments < 1:
		return d, usagef("give a number from 1 up", "--fragments %d makes no frame", f.fragments)
	case f.timeout <= 0 || f.timeout > longestWait:
		return d, usagef(fmt.Sprintf("give a time up to %v, such as 10s", longestWait), "--timeout %v cannot be waited for", f.timeout)
	case d.Type != frame.Close && (given("code") || given("reason")):
		return d, usagef("add --type close, or leave it out", "--code and --reason are for a close")
	case given("reason") && !given("code"):
		return d, usagef("add --code 1000 or another", "a close with a --reason needs a --code")
	}
	return d, nil
}

// draftPayload returns the payload of a message of that type. Pings, pongs and
// closes may do without.
func (p *program) draftPayload(c *cobra.Command, f injectFlags, kind frame.Opcode, args []string) ([]byte, error) {
	if c.Flags().Changed("code") {
		if len(args) > 0 || f.file != "" {
			return nil, usagef("leave one of them out", "the payload is given twice: itself, and by --code")
		}
		code := frame.CloseCode(f.code)
		if !code.Sendable(f.to.only.Peer()) {
			p.warnf("a %s must not send the close code %s (RFC 6455 section 7.4)", f.to.only.Peer(), code)
		}
		return frame.AppendClose(nil, code, f.reason), nil
	}
	payload, err := p.readPayload(f.payloadFlags, args, !kind.Control())
	if err == nil && kind == frame.Text && !utf8.Valid(payload) {
		p.warnf("the text is not UTF-8: its receiver should end the connection (RFC 6455 section 8.1)")
	}
	return payload, err
}

// injection sends messages into one connection.
type injection struct {
	*program
	client  *control.Client
	conn    uint64
	timeout time.Duration
	asJSON  bool
}

// sentLine is the JSON form of what was sent.
type sentLine struct {
	Conn   uint64       `json:"conn"`
	Time   time.Time    `json:"time"`
	Waited float64      `json:"waited"` // seconds
	To     frame.Side   `json:"to"`
	Type   frame.Opcode `json:"type"`
	Size   int          `json:"size"`
}

// send sends d and says so when it was written.
func (i *injection) send(ctx context.Context, d frame.Draft) error {
	patient, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	sent, err := i.client.Inject(patient, i.conn, d)
	if err != nil {
		if ctx.Err() == nil && (errors.Is(err, control.ErrNoPlace) || errors.Is(err, context.DeadlineExceeded)) {
			return &failure{
				code: exitFailed, hint: "the sender is in the middle of a long message, or its receiver takes nothing: give it a longer --timeout",
				err: fmt.Errorf("there was no place for a message to the %s of connection %d within %v", d.From.Peer(), i.conn, i.timeout),
			}
		}
		return i.actionFailure(i.conn, err)
	}
	if i.asJSON {
		return i.json(sentLine{i.conn, sent.Time.UTC(), sent.Waited.Seconds(), d.From.Peer(), d.Type, len(d.Payload)})
	}
	frames := ""
	if d.Fragments > 1 {
		frames = fmt.Sprintf(" in %d frames", d.Fragments)
	}
	_, err = fmt.Fprintf(i.stderr, "wsluice: sent %s, %s%s, to the %s of connection %d, %v after it was asked for\n",
		d.Type, counted(uint64(len(d.Payload)), "byte"), frames, d.From.Peer(), i.conn, sent.Waited.Round(time.Microsecond))
	return err
}

// sendLines sends each line of stdin, without its line end, as d with that
// payload.
func (i *injection) sendLines(ctx context.Context, d frame.Draft, how *payloadFlags) error {
	lines := readLines(ctx, i.stdin)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, more := <-lines:
			if !more {
				return nil
			}
			err := line.err
			if err == nil {
				d.Payload, err = how.decode(line.text)
			}
			if err == nil {
				err = i.send(ctx, d)
			}
			if err != nil {
				return err
			}
		}
	}
}

// inputLine is a line of stdin, or why there is none.
type inputLine struct {
	text []byte
	err  error
}

// readLines returns a channel with the lines of in, without their line ends. It
// is closed at the end. A read that waits for a line cannot be ended: then its
// goroutine ends with the process.
func readLines(ctx context.Context, in io.Reader) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, proxy.MaxInjection)
		scanner.Split(splitLines)
		give := func(l inputLine) bool {
			select {
			case lines <- l:
				return true
			case <-ctx.Done():
				return false
			}
		}
		for scanner.Scan() {
			if !give(inputLine{text: bytes.Clone(scanner.Bytes())}) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			give(inputLine{err: fmt.Errorf("read a line of stdin: %w", err)})
		}
	}()
	return lines
}

// splitLines is a bufio.SplitFunc that, unlike bufio.ScanLines, leaves a carriage
// return where it is.
func splitLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if at := bytes.IndexByte(data, '\n'); at >= 0 {
		return at + 1, data[:at], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
