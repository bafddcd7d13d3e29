package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// maxHeldLine bounds a line with a message that is held: every byte of a text may
// be escaped.
const maxHeldLine = 6*maxTold + 1<<20

// lineReader reads an answer of one JSON value a line. Blank lines are passed
// over.
type lineReader struct {
	in   *bufio.Scanner
	sign func() // called at every line
}

func newLineReader(r io.Reader, most int) *lineReader {
	l := &lineReader{in: bufio.NewScanner(r)}
	l.in.Buffer(nil, most)
	return l
}

// next reads the next value into v. It returns io.EOF at the end, and as an error
// the problem that breaks off an answer.
func (l *lineReader) next(v any) error {
	for l.in.Scan() {
		if l.sign != nil {
			l.sign()
		}
		line := bytes.TrimSpace(l.in.Bytes())
		if len(line) == 0 {
			continue
		}
		if p := trailing(line); p != nil {
			return p.meant()
		}
		if err := json.Unmarshal(line, v); err != nil {
			return fmt.Errorf("answer of the recorder: %w", err)
		}
		return nil
	}
	if err := l.in.Err(); err != nil {
		return err
	}
	return io.EOF
}
