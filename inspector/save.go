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
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
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
	note  string // what is to be said when it is done
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
				said := "wrote " + decode.Visible(path)
				if p.note != "" {
					said = p.note + "; " + said
				}
				r.tell(draw.Good, said)
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
