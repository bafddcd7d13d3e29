package inspector

import (
	"encoding/base64"
	"fmt"

	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// copyMost is how many bytes go to the clipboard at most: terminals drop longer
// OSC 52 sequences, many of them without a word.
const copyMost = 74_994

// copy puts data into the clipboard of the terminal.
func (r *root) copy(name string, data []byte) {
	if r.i.o.NoClipboard {
		r.tell(draw.Warning, fmt.Sprintf("this terminal has no clipboard: %s saves to a file", r.i.o.Keys.Key(keys.Save)))
		return
	}
	if base64.StdEncoding.EncodedLen(len(data)) > copyMost {
		r.tell(draw.Warning, fmt.Sprintf("%s is %s, too much for the terminal's clipboard: %s saves it to a file",
			name, draw.Bytes(float64(len(data))), r.i.o.Keys.Key(keys.Save)))
		return
	}
	r.i.clip.SetClipboard(data)
	r.tell(draw.Good, fmt.Sprintf("copied %s, %s, through the terminal", name, draw.Bytes(float64(len(data)))))
}
