package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// MaxFile bounds the bytes of a payload in a File.
const MaxFile = 64 << 20

// File is a payload in a file for another program to edit. Only the user can read
// it. Remove must be called.
type File struct {
	before       []byte
	dumped       bool
	text         []byte // what the file holds, when it was written or read last
	folder, path string
}

// NewFile writes a payload to a new file in a folder of its own: text as it is,
// with a name that ends in .json or .txt, and binary, or what is no UTF-8, as a
// dump of hexadecimal digits with a name that ends in .hex. It keeps the payload,
// which must not change.
func NewFile(payload []byte, binary bool) (*File, error) {
	if len(payload) > MaxFile {
		return nil, fmt.Errorf("the payload has %d bytes, more than the %d that can be edited", len(payload), MaxFile)
	}
	f := &File{before: payload, text: payload, dumped: binary || !utf8.Valid(payload)}
	if f.dumped {
		f.text = dump(payload)
	}
	return f, f.Again()
}

// Again writes the file anew after Remove, with what it held when it was read.
func (f *File) Again() (err error) {
	name := "payload.txt"
	if f.dumped {
		name = "payload.hex"
	} else if json.Valid(f.before) {
		name = "payload.json"
	}
	if f.folder, err = os.MkdirTemp("", "wsluice-"); err != nil {
		return err
	}
	f.path = filepath.Join(f.folder, name)
	return os.WriteFile(f.path, f.text, 0o600)
}

// Path returns where the file is.
func (f *File) Path() string { return f.path }

// Read returns the payload that the file holds now. A line end that the program
// put behind the last line is taken away if there was none before; added tells.
// An error about a dump names the line.
func (f *File) Read() (payload []byte, added bool, err error) {
	most := int64(MaxFile)
	if f.dumped {
		most = maxDump
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(text)) > most {
		return nil, false, fmt.Errorf("%s has more than %d bytes", f.path, most)
	}
	f.text = text
	if f.dumped {
		payload, err = undump(text)
		return payload, false, err
	}
	payload, added = withoutEnd(text, f.before)
	return payload, added, nil
}

// withoutEnd takes the line end away that editors put behind the last line of a
// text that had none before.
func withoutEnd(text, before []byte) (without []byte, added bool) {
	without, added = bytes.CutSuffix(text, []byte("\n"))
	if !added || bytes.HasSuffix(before, []byte("\n")) {
		return text, false
	}
	if bytes.Contains(before, []byte("\r\n")) {
		without = bytes.TrimSuffix(without, []byte("\r"))
	}
	if bytes.HasSuffix(without, []byte("\n")) {
		return text, false // somebody wanted line ends there
	}
	return without, true
}

// Remove removes the file and its folder, with what the program left in it.
func (f *File) Remove() error { return os.RemoveAll(f.folder) }
