package decode

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRatio is how many times its size something may inflate to when that is
	// more than smallInflated.
	maxRatio      = 256
	smallInflated = 1 << 20
	// probeSize is how many bytes are inflated to see whether something can be.
	probeSize = 4 << 10
)

// inflater opens a compressed stream.
type inflater func(io.Reader) (io.ReadCloser, error)

// gunzip inflates what RFC 1952 describes, all members of it.
func gunzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// unzlib inflates what RFC 1950 describes.
func unzlib(r io.Reader) (io.ReadCloser, error) { return zlib.NewReader(r) }

func fitsGzip(_ scope, head []byte, _ bool) bool {
	return len(head) >= 18 && head[0] == 0x1F && head[1] == 0x8B && head[2] == 8 && head[3]&0xE0 == 0 && probe(gunzip, head, false)
}

func fitsZlib(_ scope, head []byte, whole bool) bool {
	return len(head) >= 8 && head[0]&0xF == 8 && head[0]>>4 <= 7 && head[1]&0x20 == 0 &&
		(int(head[0])<<8|int(head[1]))%31 == 0 && probe(unzlib, head, whole)
}

func openGzip(s scope, data []byte) (Node, error) { return s.inflate(gunzip, data) }

func openZlib(s scope, data []byte) (Node, error) { return s.inflate(unzlib, data) }

// probe reports whether the beginning inflates. What must be whole must also end as
// it says.
func probe(open inflater, head []byte, whole bool) bool {
	r, err := open(bytes.NewReader(head))
	if err != nil {
		return false
	}
	defer r.Close()
	n, err := io.CopyN(io.Discard, r, probeSize)
	return err == nil || err == io.EOF || !whole && n > 0 && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum))
}

// inflate returns the content of a compressed stream as far as it can be had.
func (s scope) inflate(open inflater, data []byte) (Node, error) {
	limit := min(s.left(), max(smallInflated, maxRatio*len(data)))
	if limit == 0 {
		return Node{}, errMade
	}
	r, err := open(bytes.NewReader(data))
	if err != nil {
		return Node{}, err
	}
	defer r.Close()
	var out bytes.Buffer
	_, err = io.CopyN(&out, r, int64(limit)+1)
	made := out.Bytes()
	if len(made) == 0 && err != nil && err != io.EOF {
		return Node{}, err
	}
	more := len(made) > limit
	if more {
		made = made[:limit]
	}
	*s.made += cap(made)
	node := s.content(made)
	switch {
	case more:
		node.Note = fmt.Sprintf("inflates to more than %s, of which the rest is left out", count(limit, "byte"))
	case err != nil && err != io.EOF:
		node.Note = fmt.Sprintf("breaks off after %s: %v", count(len(made), "byte"), err)
	default:
		node.Note = fmt.Sprintf("%s inflate to %s", count(len(data), "byte"), grouped(len(made)))
	}
	return node, nil
}

var errMade = fmt.Errorf("more than %d MiB would be unpacked from one message", maxMade>>20)
