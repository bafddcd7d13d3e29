package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/export/pcapng"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// importers are the formats that can be read, by their names.
var importers = map[string]func(context.Context, *importFile, export.Sink) (export.Tally, error){
	"har": func(ctx context.Context, f *importFile, sink export.Sink) (export.Tally, error) {
		return export.ReadHAR(ctx, f.File, sink)
	},
	"jsonl": func(ctx context.Context, f *importFile, sink export.Sink) (export.Tally, error) {
		return export.ReadJSONL(ctx, f.File, sink)
	},
	"pcapng": func(ctx context.Context, f *importFile, sink export.Sink) (export.Tally, error) {
		var o pcapng.Options
		if f.keys != nil {
			o.KeyLog = f.keys
		}
		return pcapng.Read(ctx, f.File, o, sink)
	},
}

func (p *program) importCommand() *cobra.Command {
	var format, keyLog string
	c := &cobra.Command{
		Use:   "import FILE…",
		Short: "Read what another program recorded into a capture",
		Long: `Read connections from files into the capture, behind what it holds: into the
default one, or into the file --capture names, which is made when there is none.
"-" is stdin.

  har    what Chrome, Firefox, HTTP Toolkit, mitmproxy, gori and wsluice write;
         of a browser, "Save all as HAR with content" in its network tools
  jsonl  a JSON object a line: what wsluice export and wsluice messages, frames
         and conns --json write. A line by hand needs no more than "from" with
         "text", "base64" or "code"; "conn", "url", "time" and "type" may be added
  pcapng packets of Wireshark, tcpdump and their like, pcap too: WebSocket
         connections on any port. Encrypted ones need their keys: within the file, or
         in one that --key-log names, as programs write it that are started with
         SSLKEYLOGFILE set

Connections get new numbers and keep their times. What a file has that a
capture cannot hold is counted and said. Ctrl-C keeps what was read; while stdin
is read it ends that, and what came is imported.`,
		Example: `  wsluice import chrome.har
  wsluice import one.har two.har --capture both.db
  wsluice import --capture talk.db - < talk.jsonl
  tcpdump -i lo -w - tcp port 9001 | wsluice import -`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if _, known := importers[format]; format != "" && !known {
				return usagef("use har, jsonl or pcapng, or leave --format out", "--format %q is not known", format)
			}
			return p.importFiles(c.Context(), format, keyLog, args)
		},
	}
	c.Flags().StringVar(&format, "format", "", "the `format` of the files: har, jsonl or pcapng (default: what they look like)")
	c.Flags().StringVar(&keyLog, "key-log", "", "read keys of TLS connections from this `file`, for pcapng")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"har", "jsonl", "pcapng"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// importFile is a file to be read and its format.
type importFile struct {
	*os.File
	name, format string
	size         int64
	keys         *os.File // nil without --key-log
}

func (p *program) importFiles(ctx context.Context, format, keyLog string, names []string) (err error) {
	path, err := p.capturePath()
	if err != nil {
		return err
	}
	if _, recorded, err := p.running(ctx, path); err == nil && recorded {
		return lockedFailure(path, fmt.Errorf("import into %s: %w", path, store.ErrLocked))
	}
	// All files are looked at before anything is written.
	var files []*importFile
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, name := range names {
		f, err := p.openImport(ctx, name, format)
		if err != nil {
			return err
		}
		files = append(files, f)
		if keyLog == "" {
			continue
		}
		if f.format != "pcapng" {
			return usagef("leave --key-log out", "--key-log does not go with %s, which is %s", f.name, f.format)
		}
		if f.keys, err = os.Open(keyLog); err != nil {
			return &failure{code: exitUsage, err: fmt.Errorf("read keys: %w", err)}
		}
		defer f.keys.Close()
	}
	if ctx.Err() != nil {
		// Ctrl-C ended stdin, as for what writes into a pipe: that is what there is.
		ctx = context.WithoutCancel(ctx)
	}
	recorder, err := store.Create(path, store.Options{App: "wsluice " + version()})
	if err != nil {
		return p.openFailure(path, err)
	}
	shelf := &importShelf{recorder: recorder}
	defer func() {
		if closed := recorder.Close(); closed != nil && err == nil {
			err = fmt.Errorf("complete the capture %s: %w", path, closed)
		}
		shelf.tell(p, path)
	}()
	for _, f := range files {
		if err := p.importOne(ctx, f, shelf); err != nil {
			return err
		}
	}
	return nil
}

// openImport opens a file and finds out its format, unless that is given.
func (p *program) openImport(ctx context.Context, name, format string) (*importFile, error) {
	f := &importFile{name: name, format: format}
	var err error
	if name == "-" {
		f.name = "stdin"
		f.File, err = spool(ctx, p.stdin)
	} else {
		f.File, err = os.Open(name)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("read %s: %w", f.name, err)}
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err == nil {
		f.size = info.Size()
		if format == "" {
			f.format, err = guessFormat(f.File)
		}
	}
	if err != nil {
		f.Close()
		return nil, &failure{code: exitUsage, hint: "see wsluice import --help for what can be read", err: fmt.Errorf("read %s: %w", f.name, err)}
	}
	return f, nil
}

// guessFormat tells the format of f from its beginning.
func guessFormat(f *os.File) (string, error) {
	head, err := bufio.NewReaderSize(f, 4<<10).Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if pcapng.Is(head) {
		return "pcapng", nil
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	first, isObject := bytes.CutPrefix(head, []byte("{"))
	switch {
	case len(head) == 0:
		return "", errors.New("the file is empty")
	case isObject && bytes.HasPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte(`"log"`)):
		return "har", nil
	case isObject && (bytes.Contains(first, []byte(`"from"`)) || bytes.Contains(first, []byte(`"state"`))):
		return "jsonl", nil
	}
	return "", errors.New("it looks like no format that can be imported")
}

// importOne reads one file and says what could not be kept.
func (p *program) importOne(ctx context.Context, f *importFile, shelf *importShelf) error {
	bar := p.progress("import")
	shelf.step = func() {
		if bar == nil {
			return
		}
		if at, err := f.Seek(0, io.SeekCurrent); err == nil {
			bar.set(min(at, f.size), f.size)
		}
	}
	tally, err := importers[f.format](ctx, f, shelf)
	bar.finish()
	shelf.messages += tally.Messages
	for _, n := range tally.Notes {
		p.warnf("%s: %s: %d", f.name, n.What, n.Count)
	}
	if err != nil && ctx.Err() == nil {
		return &failure{code: exitUsage, err: fmt.Errorf("%s: %w", f.name, err)}
	}
	return err
}

// importShelf is the capture as importers see it.
type importShelf struct {
	recorder    *store.Recorder
	connections uint64
	messages    uint64
	first, last uint64
	step        func() // shows how far the import is
	calls       uint
}

func (s *importShelf) Open(c *frame.Connection) (export.Tape, error) {
	if err := s.recorder.Stats().Err; err != nil {
		return nil, err
	}
	tape, err := s.recorder.Open(c)
	if err != nil {
		return nil, err
	}
	if s.connections == 0 {
		s.first = c.ID
	}
	s.connections, s.last = s.connections+1, c.ID
	return importTape{tape, s}, nil
}

// tell says what the import came to.
func (s *importShelf) tell(p *program, path string) {
	what := counted(s.connections, "connection")
	switch s.connections {
	case 0:
	case 1:
		what += fmt.Sprintf(" (number %d)", s.first)
	default:
		what += fmt.Sprintf(" (numbers %d to %d)", s.first, s.last)
	}
	fmt.Fprintf(p.stderr, "wsluice: imported %s, %s into %s\n", what, counted(s.messages, "message"), path)
}

// importTape is a tape that shows how far the import is.
type importTape struct {
	*store.Tape
	shelf *importShelf
}

func (t importTape) Append(from frame.Side, at time.Time, wire []byte) {
	const often = 1 << 10
	if t.shelf.calls++; t.shelf.calls%often == 0 {
		t.shelf.step()
	}
	t.Tape.Append(from, at, wire)
}
