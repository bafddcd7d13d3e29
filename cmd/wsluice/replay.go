package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// The exit codes of commands that speak with a server.
const (
	exitRefused    = 3 // the server refused the handshake
	exitTLS        = 4 // TLS failed
	exitUnexpected = 5 // what was expected did not come
)

func (p *program) replayCommand() *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:   "replay CONN",
		Short: "Play the client of a recorded connection again, and judge the server",
		Long: `Play the client of a recorded connection again, to the server it spoke with or to
another one, and hold what the server answers against what it answered then.

The handshake and the frames go out as they were recorded: header fields, cookies,
opcodes, fragments, pings, illegal frames. What was compressed is compressed as it
is agreed on this time. What is played is what the server got, with what was
edited and injected; --as-sent plays what the client sent itself.

--pace says when: "reactive" waits for the messages the server sent before, "recorded"
keeps the times, "2x" and "0.5x" do so faster or slower, "fastest" waits for
nothing, "step" is reactive and sends each message when Enter is pressed. With each the
goodbye waits for the answers.

An id that the server gives anew and the client uses again is found by itself, and
the new one is sent. --capture-value names others, by a JSON path or a regular
expression, of any message or with :N of message N; --replace uses them as {{name}}.

Each message of the server is the same as then, differs, is missing, unexpected, or
with --late late. Ids, tokens and times may be other ones, unless --no-detect is
given. The exit code is 5 when the server did not do what it did then, 3 when
it refused the handshake, 4 when TLS failed.

The replay is recorded into the capture it is from, when nobody else records there,
or into the one given with --record.

--clients plays it many times at once, and --repeat again and again: the answers are
timed, and errors counted. Many copies are recorded only with --record.`,
		Example: `  wsluice replay 3
  wsluice replay 3 --url ws://localhost:9000/chat --header 'Authorization: Bearer {{env:TOKEN}}'
  wsluice replay 3 --ignore '$.uptime' --assert 'json.type == "welcome"' --json
  wsluice replay 3 --clients 200 --ramp 10s --repeat 5
  wsluice replay 3 --capture-value 'token=$.access_token:2' --pace recorded`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: p.completeConnections,
		RunE: func(c *cobra.Command, args []string) error {
			conn, err := connection(args)
			if err != nil {
				return err
			}
			if err := f.parse(c); err != nil {
				return err
			}
			return p.replay(c.Context(), &f, conn)
		},
	}
	f.add(c)
	return c
}

// replay replays a connection as the flags say.
func (p *program) replay(ctx context.Context, f *replayFlags, id uint64) error {
	from, err := p.openReplayed(ctx, f)
	if err != nil {
		return err
	}
	defer from.close()
	from.conn = id
	conn, err := from.reader.Conn(ctx, id)
	if err != nil {
		return err
	}
	switch conn.State {
	case frame.Open, frame.Closed:
	default:
		return usagef("wsluice conns --filter 'status == 101' lists those that can be",
			"connection %d cannot be replayed: it was %s", id, conn.State)
	}
	if conn.Missing > 0 {
		p.warnf("%s of connection %d are not in the capture any more", counted(conn.Missing, "frame"), id)
	}
	if f.options.Dial, err = f.dialer(&conn); err != nil {
		return err
	}
	if f.client.Insecure {
		p.warnf("the server's certificate is not verified (--insecure)")
	}
	script, err := replay.NewScript(ctx, conn, from, f.asSent)
	if err != nil {
		return err
	}
	if from.recorder != nil {
		f.options.Record = from.record
	}
	out := newReplayOutput(p, f, id)
	f.options.Tell = out.tell
	if f.options.Pace == replay.Stepwise {
		steps, stop := p.steps(ctx)
		defer stop()
		f.options.Step = steps
	}
	if f.load() {
		return p.replayCrowd(ctx, f, script, out, from)
	}
	verdict, err := replay.Play(ctx, script, f.options)
	if verdict != nil {
		err = errors.Join(err, out.finish(verdict))
	}
	if err != nil {
		return replayFailure(err)
	}
	out.recorded(from)
	if err := from.close(); err != nil {
		return err
	}
	if !verdict.Passed() {
		return otherwise(errors.New("the replay went otherwise than what was recorded"))
	}
	return nil
}

// otherwise is for a server that did not do what it did when it was recorded.
func otherwise(err error) error {
	return &failure{
		code: exitUnexpected, err: err,
		hint: "what may differ can be left out with --ignore PATH and --mask REGEX; see wsluice replay --help",
	}
}

// replayFailure gives errors of a handshake their exit codes.
func replayFailure(err error) error {
	if refused, ok := errors.AsType[*client.Refused](err); ok {
		return &failure{code: exitRefused, hint: "--header and --remove-header change the handshake; cookies and tokens may have expired", err: refused}
	}
	if wrong, ok := errors.AsType[*client.HandshakeError](err); ok {
		return &failure{code: exitRefused, err: wrong}
	}
	if failed, ok := errors.AsType[*client.TLSError](err); ok {
		return &failure{code: exitTLS, hint: "trust its authority with --upstream-ca FILE, or accept any certificate with --insecure", err: failed}
	}
	return err
}

// steps returns a channel that receives when a line comes on stdin, and is closed
// at its end.
func (p *program) steps(ctx context.Context) (steps <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	c := make(chan struct{})
	done := make(chan struct{})
	lines := readLines(ctx, p.stdin)
	go func() {
		defer close(done)
		for {
			select {
			case line, more := <-lines:
				if !more || line.err != nil {
					close(c)
					return
				}
			case <-ctx.Done():
				return
			}
			select {
			case c <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c, func() {
		cancel()
		<-done
	}
}

// replayed is the capture that is replayed from, and the one that is recorded to.
type replayed struct {
	reader   *store.Reader
	recorder *store.Recorder // nil for none
	same     bool            // both are one capture
	conn     uint64
	path     string // of the recorder's capture
	closed   bool
}

// openReplayed opens the captures.
func (p *program) openReplayed(ctx context.Context, f *replayFlags) (*replayed, error) {
	path, err := p.capturePath()
	if err != nil {
		return nil, err
	}
	from := new(replayed)
	switch {
	case f.record != "":
		if from.reader, err = p.open(ctx); err != nil {
			return nil, err
		}
		if from.recorder, err = store.Create(f.record, store.Options{App: "wsluice " + version()}); err != nil {
			_ = from.reader.Close()
			return nil, p.openFailure(f.record, err)
		}
		from.path = f.record
		return from, nil
	case f.load():
		from.reader, err = p.open(ctx)
		return from, err
	}
	// The file must be there: recording would create it.
	if from.reader, err = p.open(ctx); err != nil {
		return nil, err
	}
	if address, recorded, err := p.running(ctx, path); err == nil && recorded {
		if through := f.client.Proxy; through == nil || through.Host != address {
			p.warnf("the replay is not recorded, for a proxy records into the capture: have it pass there with --proxy http://%s, or name a file with --record", address)
		}
		return from, nil
	}
	_ = from.reader.Close()
	if from.recorder, err = store.Create(path, store.Options{App: "wsluice " + version()}); err != nil {
		p.warnf("the replay is not recorded: %v", err)
		from.reader, err = p.open(ctx)
		return from, err
	}
	from.reader, from.same, from.path = from.recorder.Reader(), true, path
	return from, nil
}

// close closes the captures. It can be called again.
func (r *replayed) close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.reader.Close()
	if r.recorder != nil {
		err = errors.Join(err, r.recorder.Close())
	}
	return err
}

// record begins the record of a replay.
func (r *replayed) record(c *frame.Connection) (replay.Tape, error) {
	if r.same {
		c.Source = r.conn
	}
	tape, err := r.recorder.Open(c)
	if err != nil {
		return nil, fmt.Errorf("record the replay: %w", err)
	}
	return tape, nil
}

// Open goes through the records of the connection.
func (r *replayed) Open(ctx context.Context) (replay.Records, error) {
	return &replayedRecords{r.reader.Frames(ctx, store.FrameQuery{Conn: r.conn, Whole: true})}, nil
}
