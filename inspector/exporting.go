package inspector

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/rows"
)

// Exports is what the inspector asks for to write messages in other forms. Its
// methods may be called from any goroutine.
type Exports interface {
	// Export writes to w what is ordered. It tells how far it has come, as a part of
	// 1, and how many messages were written. The note is what a user should know
	// besides, "" for nothing.
	Export(ctx context.Context, o ExportOrder, w io.Writer, tell func(part float64, written uint64)) (note string, err error)
	// Files returns what the name of a file that a person began to type could
	// become: names of folders end in a separator.
	Files(ctx context.Context, beginning string) []string
}

// ExportOrder says what is to be exported.
type ExportOrder struct {
	Format string // jsonl, text, har, html, pcapng, raw or snippet
	// Language is that of a snippet, one of export.SnippetLanguages.
	Language string
	Conn     uint64 // 0 for all connections
	Only     uint64 // the number of the only message of Conn, 0 for all
	// What follows leaves messages out.
	Side    *frame.Side
	Opcodes uint16 // a bit for each that is wanted, 0 for all
	Filter  *filter.Messages
	Redact  bool // secrets are taken out
}

// exportFormat is a form that messages can be written in.
type exportFormat struct {
	name, extension, words string
	language               string // of a snippet
	single                 bool   // it holds one connection only
	wire                   bool   // it holds all bytes as they passed
}

var exportFormats = []exportFormat{
	{name: "jsonl", extension: ".jsonl", words: "a JSON object a line"},
	{name: "text", extension: ".txt", words: "lines for people"},
	{name: "har", extension: ".har", words: "HTTP Archive, for browsers' tools"},
	{name: "html", extension: ".html", words: "one page for a browser"},
	{name: "pcapng", extension: ".pcapng", words: "packets for Wireshark", wire: true},
	{name: "raw", extension: ".bin", words: "bare payloads back to back", single: true},
	{name: "snippet", language: "js", extension: ".js", words: "the client in JavaScript, for browsers", single: true},
	{name: "snippet", language: "node", extension: ".mjs", words: "the client in JavaScript, for Node.js", single: true},
	{name: "snippet", language: "python", extension: ".py", words: "the client in Python", single: true},
	{name: "snippet", language: "go", extension: ".go", words: "the client in Go", single: true},
	{name: "snippet", language: "wscat", extension: ".sh", words: "the client as a command with wscat", single: true},
	{name: "snippet", language: "websocat", extension: ".sh", words: "the client as a command with websocat", single: true},
	{name: "snippet", language: "wsluice", extension: ".sh", words: "a script that replays it with wsluice", single: true},
}

// exportScope is what can be exported from where one is.
type exportScope struct {
	words  string
	name   string // of the file, without extension
	order  ExportOrder
	chosen bool // it leaves messages of a connection out
}

// exported is what could be exported from where one is.
type exported struct {
	conn    uint64 // 0 for all connections
	query   rows.Query
	chosen  bool  // query leaves messages out
	message place // the selected one
}

// scopes returns what can be exported, the likeliest first.
func (e *exported) scopes() (scopes []exportScope) {
	name, of := "all", "all connections"
	if e.conn != 0 {
		name, of = fmt.Sprintf("conn%d", e.conn), fmt.Sprintf("connection #%d", e.conn)
	}
	if e.chosen {
		scopes = append(scopes, exportScope{
			words: "the filtered messages of " + of, name: name + "-filtered", chosen: true,
			order: ExportOrder{Conn: e.conn, Side: e.query.Side, Opcodes: e.query.Opcodes, Filter: e.query.Filter},
		})
	}
	if e.conn != 0 {
		scopes = append(scopes, exportScope{words: of, name: name, order: ExportOrder{Conn: e.conn}})
	}
	if at := e.message; at.seq != 0 {
		scopes = append(scopes, exportScope{
			words: fmt.Sprintf("message #%s of connection #%d", draw.Grouped(at.seq), at.conn), name: fmt.Sprintf("conn%d-%d", at.conn, at.seq),
			order: ExportOrder{Conn: at.conn, Only: at.seq}, chosen: true,
		})
	}
	return append(scopes, exportScope{words: "all connections", name: "all"})
}

// fault says why a scope cannot be exported in a format, "" when it can.
func (f *exportFormat) fault(s *exportScope, redact bool) string {
	switch {
	case f.single && s.order.Conn == 0:
		return "a " + f.name + " export is of one connection"
	case f.wire && s.chosen:
		return f.name + " holds whole connections: no message can be left out"
	case f.wire && redact:
		return f.name + " holds the bytes that passed: secrets stay in"
	}
	return ""
}

// export asks what to export, how and where to.
func (r *root) export(e exported) {
	if r.work != "" {
		r.tell(draw.Warning, "something else is under way: esc stops it")
		return
	}
	x := &exporting{r: r, scopes: e.scopes(), file: &line{r: r, field: newField()}}
	x.rename()
	r.prompt = x
}

// order exports what the dialog says.
func (r *root) order(o ExportOrder, name string) {
	r.write(name, false, func(ctx context.Context, p *progress) func(io.Writer) error {
		return func(w io.Writer) error {
			note, err := r.i.o.Actions.Export(ctx, o, w, func(part float64, written uint64) { p.tell(part, written, "message") })
			p.note = decode.Visible(note)
			return err
		}
	})
}

// trimExtension returns a name without the extension of any format.
func trimExtension(name string) (bare string, cut bool) {
	for _, f := range exportFormats {
		if bare, cut = strings.CutSuffix(name, f.extension); cut {
			return bare, true
		}
	}
	return name, false
}
