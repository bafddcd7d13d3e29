package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// maxValue bounds a value that is looked at in a damaged file: a block that does
// not compress, with the longest directory it can have.
const maxValue = 16 * maxRaw

// find is where a value lies in a damaged file. What it is has been guessed
// from its key and content, or is known from its bucket.
type find struct {
	a, b uint64 // the key
	at   int64
	size uint32
	rank uint32 // of several with one key, the highest is the best
}

// inTree is the rank of a block that a tree leads to.
const inTree = 1<<32 - 1

// survey finds what is left in a damaged file, without trust in anything: it
// follows the trees as far as they go, and then looks at all pages that no tree
// leads to and that are not known to be free.
type survey struct {
	ctx    context.Context
	f      io.ReaderAt
	pages  pages
	length uint64 // in pages
	done   bitset // pages that were looked at or are free
	broken uint64 // pages a tree leads to that are none

	meta                          map[string][]byte
	blocks, parts, conns          []find
	counters, events, tombs, gaps []find
	marks                         []find
}

type bitset []uint64

func (b bitset) set(i uint64)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i uint64) bool { return b[i/64]&(1<<(i%64)) != 0 }

// look surveys a file of the given size.
func look(ctx context.Context, f io.ReaderAt, size int64) (*survey, error) {
	s := &survey{ctx: ctx, f: f, pages: pages{f: f}, meta: make(map[string][]byte)}
	err := s.pages.meta()
	if err != nil {
		if s.pages.size = guessPage(f, size); s.pages.size == 0 {
			return nil, err
		}
	}
	s.length = uint64(size) / s.pages.size
	s.done = make(bitset, s.length/64+1)
	if err == nil {
		s.pages.high = min(s.pages.high, s.length)
		s.free()
		if err := s.tree(s.pages.root, nil, 0); err != nil {
			return nil, err
		}
		if s.broken == 0 && s.meta[string(keySchema)] != nil {
			return s, nil
		}
	}
	for id := uint64(2); id < s.length; id++ {
		if s.done.has(id) {
			continue
		}
		if id%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if p, ok := s.page(id); ok && p.flags == flagLeaf {
			if err := s.leaf(&p, nil, 0); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// guessPage returns the page size of a file whose meta pages are gone, 0 when it
// has no pages at all.
func guessPage(f io.ReaderAt, size int64) (best uint64) {
	var most int
	for page := uint64(1 << 10); page <= 64<<10; page *= 2 {
		n := 0
		var head [pageHeader]byte
		for id := uint64(2); id < min(uint64(size)/page, 4096) && n < 64; id++ {
			if _, err := f.ReadAt(head[:], int64(id*page)); err != nil {
				break
			}
			flags := binary.NativeEndian.Uint16(head[8:])
			if binary.NativeEndian.Uint64(head[:]) == id && (flags == flagLeaf || flags == flagBranch) {
				n++
			}
		}
		if n > most {
			best, most = page, n
		}
	}
	return best
}

// free marks the pages the freelist names, if it can be read.
func (s *survey) free() {
	if s.pages.freelist == noFreelist {
		return
	}
	g, err := s.pages.read(s.pages.freelist, 8)
	if err != nil || g.flags != flagFreelist || s.pages.free() != nil {
		return
	}
	ids := g.elements
	ne := binary.NativeEndian
	if len(ids) >= 8 && g.size/8 == uint64(g.count) {
		ids = ids[8:][:ne.Uint64(ids)*8]
	}
	for ; len(ids) >= 8; ids = ids[8:] {
		if id := ne.Uint64(ids); id < s.length {
			s.done.set(id)
		}
	}
}

// page reads the header and the elements of a page. It reports false when the
// page is none.
func (s *survey) page(id uint64) (page, bool) {
	p := pages{f: s.f, size: s.pages.size, high: s.length}
	g, err := p.read(id, pageElement)
	return g, err == nil
}

// maxDepth bounds the depth of a tree; real ones have five levels or less.
const maxDepth = 32

// tree goes through the pages below id, which belong to the given bucket, or
// with nil to the root.
func (s *survey) tree(id uint64, bucket []byte, depth int) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if id < 2 || id >= s.length || depth > maxDepth || s.done.has(id) {
		s.broken++
		return nil
	}
	p, ok := s.page(id)
	if !ok || p.flags != flagBranch && p.flags != flagLeaf {
		s.broken++
		return nil
	}
	if p.flags == flagLeaf {
		return s.leaf(&p, bucket, depth)
	}
	s.mark(&p)
	for i := range p.count {
		e := p.elements[i*pageElement:]
		if err := s.tree(binary.NativeEndian.Uint64(e[8:]), bucket, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// mark notes that a page was looked at, with its overflow.
func (s *survey) mark(p *page) {
	for i := range p.size / s.pages.size {
		s.done.set(p.id + i)
	}
}

// leaf notes the values of a leaf page. With no bucket and depth 0 it may be
// that of any.
func (s *survey) leaf(p *page, bucket []byte, depth int) error {
	s.mark(p)
	return s.elements(p.elements[:p.count*pageElement], int64(p.id*s.pages.size)+pageHeader, p.size-pageHeader, bucket, depth)
}

// elements notes the values of a leaf's elements, which begin at offset at; size
// bytes from there on belong to the page.
func (s *survey) elements(elements []byte, at int64, size uint64, bucket []byte, depth int) error {
	ne := binary.NativeEndian
	left := size
	for i := 0; i < len(elements); i += pageElement {
		e := elements[i:]
		from, keySize, valueSize := uint64(i)+uint64(ne.Uint32(e[4:])), uint64(ne.Uint32(e[8:])), uint64(ne.Uint32(e[12:]))
		if from+keySize+valueSize > size || keySize > 64 || valueSize > maxValue || keySize+valueSize > left {
			s.broken++
			continue
		}
		left -= keySize + valueSize // so that no two of them overlap
		key := make([]byte, keySize)
		if _, err := s.f.ReadAt(key, at+int64(from)); err != nil {
			s.broken++
			continue
		}
		value := find{at: at + int64(from+keySize), size: uint32(valueSize)}
		var err error
		switch {
		case ne.Uint32(e)&elementBucket != 0:
			err = s.bucket(key, value, depth)
		case bucket != nil:
			s.known(bucket, key, value)
		default:
			s.unknown(key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket goes through a bucket: a tree of its own, or a page within the value
// when that is small.
func (s *survey) bucket(name []byte, value find, depth int) error {
	head := s.value(value)
	if len(head) < 16 || depth > maxDepth {
		s.broken++
		return nil
	}
	ne := binary.NativeEndian
	if root := ne.Uint64(head); root != 0 {
		if s.pages.root == 0 {
			return nil // its pages are met by themselves
		}
		return s.tree(root, name, depth+1)
	}
	inline := head[16:]
	if len(inline) < pageHeader || ne.Uint16(inline[8:]) != flagLeaf {
		s.broken++
		return nil
	}
	elements := inline[pageHeader:]
	n := int(ne.Uint16(inline[10:])) * pageElement
	if n > len(elements) {
		s.broken++
		return nil
	}
	return s.elements(elements[:n], value.at+16+pageHeader, uint64(len(elements)), name, depth+1)
}

// value reads what was found, nil when it cannot be read.
func (s *survey) value(v find) []byte {
	p := make([]byte, v.size)
	if _, err := s.f.ReadAt(p, v.at); err != nil {
		return nil
	}
	return p
}

// known notes a value of the given bucket.
func (s *survey) known(bucket, key []byte, v find) {
	list, wide := (*[]find)(nil), false
	switch name := string(bucket); name {
	case string(bucketMeta):
		if s.meta[string(key)] == nil {
			s.meta[string(key)] = s.value(v)
		}
		return
	case string(bucketConns):
		list = &s.conns
		v.rank = v.size
	case string(bucketBlocks):
		list = &s.blocks
		v.rank = inTree
	case string(bucketCstat):
		list = &s.counters
	case string(bucketEvents):
		list = &s.events
	case string(bucketTomb):
		list = &s.tombs
	case string(bucketChunks):
		list, wide = &s.parts, true
	case string(bucketGaps):
		list, wide = &s.gaps, true
	case string(bucketMarks):
		list, wide = &s.marks, true
		v.rank = inTree
	default:
		return
	}
	if wide && len(key) == 16 {
		v.a, v.b = binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	} else if !wide && len(key) == 8 {
		v.a = binary.BigEndian.Uint64(key)
	} else {
		s.broken++
		return
	}
	*list = append(*list, v)
}

// unknown notes a value of which the bucket is not known, if it proves by itself
// what it is.
func (s *survey) unknown(key []byte, v find) {
	if len(key) != 8 && len(key) != 16 {
		return
	}
	p := s.value(v)
	v.a = binary.BigEndian.Uint64(key)
	_, noted := readNote(key, p)
	if len(key) == 16 {
		v.b = binary.BigEndian.Uint64(key[8:])
		if _, err := parsePart(v.a, v.b, p); err == nil && sound(p) == nil {
			s.parts = append(s.parts, v)
		} else if noted {
			s.gaps = append(s.gaps, v)
		} else if m, err := parseMark(key, p); err == nil {
			v.rank = uint32(min(max(m.Time.Unix(), 0), inTree-1))
			s.marks = append(s.marks, v)
		}
		return
	}
	switch e, err := storedBlock(key, p); {
	case err == nil && sound(p) == nil:
		v.rank = e.count
		s.blocks = append(s.blocks, v)
	case noted:
		s.tombs = append(s.tombs, v)
	case looksLikeConnection(v.a, p):
		v.rank = v.size
		s.conns = append(s.conns, v)
	}
}

// looksLikeConnection reports whether p can be nothing but a stored connection.
func looksLikeConnection(id uint64, p []byte) bool {
	c := storedConnection{Connection: frame.Connection{ID: id}}
	if id == 0 || c.merge(p) != nil || c.Start.IsZero() {
		return false
	}
	scheme, _, _ := strings.Cut(c.URL, "://")
	return slices.Contains([]frame.State{frame.Open, frame.Closed, frame.Refused, frame.Failed, frame.Bypassed}, c.State) &&
		slices.Contains([]string{"ws", "wss", "tunnel"}, scheme)
}

// check returns an error when what was found is no capture, or not one for this
// program.
func (s *survey) check() error {
	schema := s.meta[string(keySchema)]
	if len(s.blocks) == 0 && len(s.conns) == 0 && len(schema) != 4 {
		return ErrNotCapture
	}
	if len(schema) != 4 {
		return nil
	}
	return checkVersion(schema, s.meta[string(keyFeatures)])
}

// number returns a number of the meta bucket, 0 when it is lost or was not there.
func (s *survey) number(key []byte) uint64 {
	if v := s.meta[string(key)]; len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

// order sorts what was found by key, the best of several first.
func order(finds []find) {
	slices.SortStableFunc(finds, func(x, y find) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(y.rank, x.rank))
	})
}
