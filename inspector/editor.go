package inspector

import (
	"errors"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/edit"
)

// outside lets the user edit a payload in their own editor, and calls done with
// what became of it, unless that is the same or something went wrong: then it says
// so. It must be called while a key is handled, and returns when the editor has
// ended. The payload must not change.
func (r *root) outside(payload []byte, binary bool, done func(payload []byte)) {
	if r.i.o.Editor == nil {
		r.tell(draw.Warning, "there is no editor: set VISUAL or EDITOR to the command of yours")
		return
	}
	file, err := edit.NewFile(payload, binary)
	if err == nil {
		r.editFile(file, payload, done)
		return
	}
	r.tell(draw.Bad, decode.Visible(err.Error()))
	if file != nil {
		_ = file.Remove() // the first error is the one that counts
	}
}

// editFile runs the editor on a file, and once more when the user wants to mend
// what cannot be read.
func (r *root) editFile(file *edit.File, before []byte, done func(payload []byte)) {
	var failed error
	if !r.i.lend(func() { failed = r.i.o.Editor(file.Path()) }) {
		failed = errors.New("the terminal cannot be given to an editor")
	}
	after, added, err := file.Read()
	if removed := file.Remove(); removed != nil {
		failed = errors.Join(failed, removed)
	}
	switch {
	case failed != nil:
		r.tell(draw.Bad, decode.Visible(failed.Error()))
	case err != nil:
		r.ask(decode.Visible(err.Error())+". Edit it again? y/n", func(key rune) bool {
			if key != 'y' && key != 'Y' {
				return true
			}
			if err := file.Again(); err != nil {
				r.tell(draw.Bad, decode.Visible(errors.Join(err, file.Remove()).Error()))
				return true
			}
			r.editFile(file, before, done)
			return true
		})
	case string(after) == string(before):
		r.tell(draw.Plain, "nothing was changed")
	default:
		if added {
			r.tell(draw.Plain, "the line end that the editor added was left out")
		}
		done(after)
	}
}
