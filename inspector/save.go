package inspector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/rows"
)

// save asks for a file and writes the payload of a message to it.
func (r *root) save(m *frame.Message) {
	name := fmt.Sprintf("conn%d-%d.bin", m.Conn, m.Seq)
	if m.Type == frame.Text {
		name = strings.TrimSuffix(name, ".bin") + ".txt"
	}
	r.file("save the payload to: ", name, func(context.Context, *progress) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := w.Write(m.Payload)
			return err
		}
	})
}

// progress is how far long work has come; the worker that does it tells it.
type progress struct {
	r     *root
	name  string
	began time.Time
	told  time.Time
}

// tell shows the progress, a few times a second.
func (p *progress) tell(part float64, count uint64, thing string) {
	now := time.Now()
	if now.Sub(p.told) < 100*time.Millisecond {
		return
	}
	p.told = now
	left := ""
	if took := now.Sub(p.began); part > 0.01 && took > time.Second {
		left = ", " + draw.Lapse(time.Duration(float64(took)*(1-part)/part)) + " left"
	}
	const cells = 20
	done := min(cells, int(part*cells))
	text := fmt.Sprintf("%s %s%s %3.0f%%  %s%s  (esc stops)", p.name, strings.Repeat("█", done), strings.Repeat("░", cells-done),
		part*100, draw.Counted(count, thing), left)
	p.r.i.post(func() { p.r.work = text })
}

// file asks for the name of a file and lets make fill it in the background.
func (r *root) file(label, name string, make func(context.Context, *progress) func(io.Writer) error) {
	r.enter(&line{label: label, done: func(text string) bool {
		if text = strings.TrimSpace(text); text == "" {
			return false
		}
		r.write(text, false, make)
		return true
	}}, name)
}

func (r *root) write(name string, overwrite bool, make func(context.Context, *progress) func(io.Writer) error) {
	shown := decode.Visible(filepath.Base(name))
	r.work = "writing " + shown + "…"
	r.doer.do(0, func(ctx context.Context) {
		p := &progress{r: r, name: shown, began: time.Now()}
		path, err := r.i.o.Actions.Create(ctx, name, overwrite, make(ctx, p))
		r.i.post(func() {
			r.work = ""
			switch {
			case err == nil:
				r.tell(draw.Good, "wrote "+decode.Visible(path))
			case errors.Is(err, fs.ErrExist):
				r.ask(shown+" exists. Replace it? y/n", func(key rune) bool {
					if key == 'y' || key == 'Y' {
						r.write(name, true, make)
					}
					return true
				})
			case errors.Is(err, context.Canceled):
				r.tell(draw.Warning, "stopped; nothing was left on the disk")
			default:
				r.tell(draw.Bad, decode.Visible(err.Error()))
			}
		})
	})
}

// exported is what could be exported from where one is.
type exported struct {
	conn    uint64 // 0 for all connections
	query   rows.Query
	chosen  bool  // query leaves messages out
	message place // the selected one
}

// export asks what to export and where to.
func (r *root) export(e exported) {
	text := "export:"
	if e.message.seq != 0 {
		text += " s selected message "
	}
	if e.chosen {
		text += " f filtered "
	}
	name := "all"
	if e.conn != 0 {
		name = fmt.Sprintf("conn%d", e.conn)
		text += fmt.Sprintf(" c connection #%d ", e.conn)
	}
	text += " a all"
	r.ask(text, func(key rune) bool {
		q, only := rows.Query{}, uint64(0)
		switch {
		case key == 's' && e.message.seq != 0:
			q.Conn, q.Start, only = e.message.conn, e.message.seq, e.message.seq
			name = fmt.Sprintf("conn%d-%d", e.message.conn, e.message.seq)
		case key == 'f' && e.chosen:
			q = e.query
			name += "-filtered"
		case key == 'c' && e.conn != 0:
			q.Conn = e.conn
		case key == 'a':
			name = "all"
		default:
			return false
		}
		r.file("export to (.jsonl, .txt, or .bin for bare payloads): ", name+".jsonl", func(ctx context.Context, p *progress) func(io.Writer) error {
			return func(w io.Writer) error { return r.i.exportTo(ctx, w, p, q, only) }
		})
		return true
	})
}

// exportTo writes the messages of q, or only the one with a seq, in the format
// that the name of the file stands for.
func (i *Inspector) exportTo(ctx context.Context, to io.Writer, p *progress, q rows.Query, only uint64) error {
	var w export.Writer
	switch filepath.Ext(p.name) {
	case ".txt", ".text", ".log":
		w = export.NewText(to, i.o.Zone)
	case ".bin", ".raw":
		w = export.NewRaw(to)
	default:
		w = export.NewJSONL(to, false)
	}
	found := i.o.Source.Messages(ctx, q)
	defer found.Close()
	told := make(map[uint64]bool)
	count := uint64(0)
	for found.Next() {
		m := found.Message()
		if only != 0 && m.Seq != only {
			continue
		}
		if !told[m.Conn] {
			told[m.Conn] = true
			conn, err := i.o.Source.Conn(ctx, m.Conn)
			if err != nil {
				return err
			}
			if err := w.Connection(&conn); err != nil {
				return err
			}
		}
		if err := w.Message(m); err != nil {
			return err
		}
		if count++; only != 0 {
			break
		}
		p.tell(found.Progress(), count, "message")
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := errors.Join(ctx.Err(), found.Err()); err != nil {
		return err
	}
	return errors.Join(w.Close(), w.Flush())
}
