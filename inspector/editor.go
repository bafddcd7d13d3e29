package inspector

import (
	"github.com/wsluice/wsluice/inspector/draw"
)

// outside lets the user edit a payload in their own editor, and calls done with
// what became of it, unless that is the same or something went wrong: then it says
// so. It must be called while a key is handled, and returns when the editor has
// ended.
func (r *root) outside(payload []byte, binary bool, done func(payload []byte)) {
	if r.i.o.Editor == nil {
		r.tell(draw.Warning, "there is no editor: set VISUAL or EDITOR to the command of yours")
		return
	}
}
