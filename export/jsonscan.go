package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// jsonScanner goes through a JSON document of any size without holding more of
// it than is asked for. It finds where values end and leaves their grammar to who
// reads them: what is skipped is not checked.
type jsonScanner struct {
	from io.ReadSeeker
	in   *bufio.Reader
	off  int64 // of the next byte of in
	raw  []byte
}

// errTooLong is returned by value, which has skipped it then.
var errTooLong = errors.New("value is too long")

func newJSONScanner(r io.ReadSeeker) *jsonScanner {
	s := &jsonScanner{from: r, in: bufio.NewReaderSize(r, 64<<10)}
	if mark, _ := s.in.Peek(3); string(mark) == "\xEF\xBB\xBF" {
		s.discard(3)
	}
	return s
}

func (s *jsonScanner) discard(n int) {
	_, _ = s.in.Discard(n) // of what was peeked
	s.off += int64(n)
}

// at runs read at offset off and comes back.
func (s *jsonScanner) at(off int64, read func() error) error {
	back := s.off
	if err := s.seek(off); err != nil {
		return err
	}
	if err := read(); err != nil {
		return err
	}
	return s.seek(back)
}

func (s *jsonScanner) seek(off int64) error {
	if _, err := s.from.Seek(off, io.SeekStart); err != nil {
		return err
	}
	s.in.Reset(s.from)
	s.off = off
	return nil
}

// buffered returns at least one byte, without taking it.
func (s *jsonScanner) buffered() ([]byte, error) {
	p, err := s.in.Peek(max(1, s.in.Buffered()))
	if len(p) > 0 {
		return p, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}

// next returns the next byte that is no white space, without taking it.
func (s *jsonScanner) next() (byte, error) {
	for {
		p, err := s.buffered()
		if err != nil {
			return 0, err
		}
		for i, c := range p {
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				s.discard(i)
				return c, nil
			}
		}
		s.discard(len(p))
	}
}

// take takes the next byte that is no white space, which must be c.
func (s *jsonScanner) take(c byte) error {
	got, err := s.next()
	if err != nil {
		return err
	}
	if got != c {
		return fmt.Errorf("at byte %d is %q in place of %q", s.off, got, c)
	}
	s.discard(1)
	return nil
}

// object calls field with the name of each field of the object that comes next;
// field must take the value. Anything else than an object is skipped.
func (s *jsonScanner) object(field func(name string) error) error {
	return s.each('{', '}', func() error {
		raw, err := s.value(1 << 16)
		if err == nil && raw[0] != '"' {
			err = fmt.Errorf("%q is no string", raw)
		}
		if err != nil {
			return fmt.Errorf("name before byte %d: %w", s.off, err)
		}
		name := string(looseString(raw))
		if err := s.take(':'); err != nil {
			return err
		}
		return field(name)
	})
}

// array calls item for each element of the array that comes next; item must take
// the value. Anything else than an array is skipped.
func (s *jsonScanner) array(item func() error) error { return s.each('[', ']', item) }

func (s *jsonScanner) each(open, end byte, item func() error) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != open {
		return s.skip()
	}
	s.discard(1)
	for first := true; ; first = false {
		if c, err = s.next(); err != nil {
			return err
		}
		switch {
		case c == end:
			s.discard(1)
			return nil
		case first:
		case c != ',':
			return fmt.Errorf("at byte %d is %q in place of a comma", s.off, c)
		default:
			s.discard(1)
		}
		if err = item(); err != nil {
			return err
		}
	}
}

// skip takes the next value.
func (s *jsonScanner) skip() error { return s.pass(func([]byte) {}) }

// value takes the next value and returns it as it is written, valid until the
// next call. Of more than limit bytes it returns errTooLong.
func (s *jsonScanner) value(limit int) ([]byte, error) {
	s.raw = s.raw[:0]
	if cap(s.raw) > maxLine {
		s.raw = nil
	}
	long := false
	err := s.pass(func(p []byte) {
		if long = long || len(s.raw)+len(p) > limit; !long {
			s.raw = append(s.raw, p...)
		}
	})
	if err == nil && long {
		err = errTooLong
	}
	return s.raw, err
}

// pass takes the next value and calls keep with it, piece by piece.
func (s *jsonScanner) pass(keep func([]byte)) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	var e extent
	switch c {
	case '{', '[', '"':
	case '}', ']', ',', ':':
		return fmt.Errorf("at byte %d is %q in place of a value", s.off, c)
	default:
		e.bare = true
	}
	for {
		p, err := s.buffered()
		if e.bare && errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n, done := e.step(p)
		keep(p[:n])
		s.discard(n)
		if done {
			return nil
		}
	}
}

// extent finds where a value ends.
type extent struct {
	depth                int
	bare, quoted, escape bool
}

// step returns how many bytes of p belong to the value, and whether it ends
// with them.
func (e *extent) step(p []byte) (n int, done bool) {
	for i, c := range p {
		switch {
		case e.escape:
			e.escape = false
		case e.quoted:
			switch c {
			case '\\':
				e.escape = true
			case '"':
				e.quoted = false
				if e.depth == 0 {
					return i + 1, true
				}
			}
		case e.bare:
			switch c {
			case ',', ']', '}', ' ', '\t', '\n', '\r':
				return i, true
			}
		case c == '"':
			e.quoted = true
		case c == '{' || c == '[':
			e.depth++
		case c == '}' || c == ']':
			if e.depth--; e.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(p), false
}
