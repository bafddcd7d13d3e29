package inspector

import (
	"context"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// exporting is the dialog of an export. It takes the keys as a prompt does.
type exporting struct {
	r      *root
	scopes []exportScope
	format int // of exportFormats
	scope  int // of scopes
	redact bool
	file   *line  // its name
	row    int    // the one the keys go to
	named  string // the name that was proposed
}

// The rows of the dialog.
const (
	formatRow = iota
	scopeRow
	secretsRow
	fileRow
	exportRows
)

// rename proposes a name for the file. One that somebody typed keeps all but its
// extension.
func (x *exporting) rename() {
	name := x.file.field.GetText()
	f := &exportFormats[x.format]
	if bare, cut := trimExtension(name); name == x.named {
		name = x.scopes[x.scope].name + f.extension
		x.named = name
	} else if cut {
		name = bare + f.extension
	}
	x.file.set(name)
}

// fault says why nothing can be exported, "" when it can.
func (x *exporting) fault() string {
	if fault := exportFormats[x.format].fault(&x.scopes[x.scope], x.redact); fault != "" {
		return fault
	}
	if name := strings.TrimSpace(x.file.field.GetText()); name == "" || strings.HasSuffix(name, "/") {
		return "the file needs a name"
	}
	return ""
}

// turn takes the next choice of a row, or the one before.
func (x *exporting) turn(step int) {
	switch x.row {
	case formatRow:
		x.format = (x.format + step + len(exportFormats)) % len(exportFormats)
	case scopeRow:
		x.scope = (x.scope + step + len(x.scopes)) % len(x.scopes)
	case secretsRow:
		x.redact = !x.redact
	}
	x.rename()
}

func (x *exporting) key(e *tcell.EventKey) {
	switch k := e.Key(); {
	case k == tcell.KeyEscape:
		x.r.prompt = nil
	case k == tcell.KeyEnter:
		if x.fault() != "" {
			return
		}
		o := x.scopes[x.scope].order
		f := &exportFormats[x.format]
		o.Format, o.Language, o.Redact = f.name, f.language, x.redact
		x.r.prompt = nil
		x.r.order(o, strings.TrimSpace(x.file.field.GetText()))
	case k == tcell.KeyDown, k == tcell.KeyTab && x.row != fileRow:
		x.row = (x.row + 1) % exportRows
	case k == tcell.KeyUp, k == tcell.KeyBacktab && x.row != fileRow:
		x.row = (x.row + exportRows - 1) % exportRows
	case x.row != fileRow && (k == tcell.KeyRight || k == tcell.KeyRune && e.Rune() == ' '):
		x.turn(1)
	case x.row != fileRow && k == tcell.KeyLeft:
		x.turn(-1)
	case x.row != fileRow:
	case k == tcell.KeyTab && len(x.file.offers) == 0:
		x.complete()
	default:
		x.file.key(e)
	}
}

// complete looks for the files that are meant.
func (x *exporting) complete() {
	text := x.file.field.GetText()
	x.r.namer.do(0, func(ctx context.Context) {
		offers := slices.DeleteFunc(x.r.i.o.Actions.Files(ctx, text), func(name string) bool { return decode.Visible(name) != name })
		x.r.i.post(func() {
			if x.r.prompt != x || x.file.field.GetText() != text || len(offers) == 0 {
				return
			}
			x.file.complete = func(string) []string { return offers }
			x.file.tab(true)
		})
	})
}

func (x *exporting) paste(text string) {
	if x.row == fileRow {
		x.file.paste(text)
	}
}

func (x *exporting) hints() [][2]string {
	hints := [][2]string{{"enter", "export"}, {"esc", "cancel"}, {"↑↓", "row"}}
	if x.row == fileRow {
		return append(hints, [2]string{"tab", "complete"})
	}
	return append(hints, [2]string{"←→", "choose"})
}

// draw draws the dialog above the line r and on it.
func (x *exporting) draw(p draw.Painter, r rect) {
	height := exportRows + 3
	inner := pane(p, rect{r.x, r.y - height + 1, r.width, height}, draw.Text("export", draw.Title), nil, true)
	f := &exportFormats[x.format]
	secrets := "kept"
	if x.redact {
		secrets = "tokens, passwords and cookies are taken out"
	}
	rows := [exportRows][2]string{
		formatRow: {"format", f.name + ": " + f.words}, scopeRow: {"what", x.scopes[x.scope].words},
		secretsRow: {"secrets", secrets}, fileRow: {"file", ""},
	}
	const label = 10
	for n, row := range rows {
		style := draw.Plain
		text := row[1]
		if n == x.row {
			style = draw.Accent
		}
		if n != fileRow {
			text = "‹ " + draw.Cut(text, max(0, inner.width-label-5)) + " ›"
		}
		mark := "  "
		if n == x.row {
			mark = "› "
		}
		p.Line(inner.x, inner.y+n, inner.width, draw.Line{{Text: mark + draw.Fit(row[0], label-2), Style: draw.Strong}, {Text: text, Style: style}}, draw.Normal)
	}
	said, style := x.fault(), draw.Bad
	if said == "" && len(x.file.offers) > 1 {
		said, style = strings.Join(x.file.offers, "  "), draw.Dim
	}
	p.Line(inner.x, inner.y+exportRows, inner.width, draw.Text(" "+draw.Cut(decode.Visible(said), max(0, inner.width-2)), style), draw.Normal)
	x.file.field.SetRect(inner.x+label, inner.y+fileRow, max(1, inner.width-label-1), 1)
	x.file.field.Draw(p.Screen)
	if x.row != fileRow {
		p.Screen.HideCursor()
	}
}
