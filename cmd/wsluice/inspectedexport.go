package main

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector"
)

// Export implements inspector.Exports.
func (c inspected) Export(ctx context.Context, o inspector.ExportOrder, w io.Writer, tell func(part float64, written uint64)) (note string, err error) {
	var said strings.Builder
	p := &program{stderr: &said}
	f := exportFlags{format: o.Format, language: o.Language}
	f.from.only, f.redact.defaults = o.Side, o.Redact
	if err := f.check(o.Conn); err != nil {
		return "", err
	}
	redactor, err := f.redact.redactor()
	if err != nil {
		return "", err
	}
	counting := &countedWriter{Writer: f.writer(w)}
	x := exporter{p: p, f: f, conn: o.Conn, r: c.Reader, messages: o.Filter, opcodes: o.Opcodes, only: o.Only, w: counting}
	x.bar = &progress{tell: func(part float64) { tell(part, counting.n) }}
	if redactor != nil {
		x.w = redactor.Writer(x.w)
	}
	if err := x.write(ctx); err != nil {
		return "", err
	}
	if x.messages != nil {
		p.gaveUp(x.messages.GaveUp(), "message")
	}
	if redactor != nil {
		p.tellRedacted(redactor.Count())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "wsluice: ")
	}
	return strings.Join(lines, "; "), nil
}

// countedWriter counts the messages and frames that go through it.
type countedWriter struct {
	export.Writer
	n uint64
}

func (w *countedWriter) Message(m *frame.Message) error {
	w.n++
	return w.Writer.Message(m)
}

func (w *countedWriter) Frame(r *frame.Record) error {
	w.n++
	return w.Writer.Frame(r)
}

// mostNames bounds how many names of a folder are read, and how many are offered.
const mostNames = 1000

// Files implements inspector.Exports. The name is taken as by Create.
func (c inspected) Files(_ context.Context, beginning string) (names []string) {
	at := strings.LastIndexFunc(beginning, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }) + 1
	folder, start := beginning[:at], beginning[at:]
	path, err := typedPath(folder)
	if err != nil {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(mostNames) // what was read before an error counts
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, start) || start == "" && name[0] == '.' {
			continue
		}
		if e.IsDir() || e.Type()&fs.ModeSymlink != 0 && isFolder(filepath.Join(path, name)) {
			name += string(filepath.Separator)
		}
		names = append(names, folder+name)
	}
	slices.Sort(names)
	return names
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
