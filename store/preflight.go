package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"time"
)

// preflight looks at a file before bbolt maps it. Bbolt trusts what it reads: a
// wrong page number or size makes it fault, recurse without end, or allocate
// without bound, and the last two cannot be recovered from. A file that is
// missing or empty passes unless mustExist.
func preflight(path string, mustExist bool, wait time.Duration) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && !mustExist {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no regular file", ErrNotCapture)
	}
	if err := share(f, wait); err != nil {
		return err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0 && mustExist:
		return fmt.Errorf("%w: the file is empty", ErrNotCapture)
	case info.Size() == 0:
		return nil
	}
	return checkPages(f, info.Size())
}

// share waits until no other process writes f, and keeps it so until f is
// closed.
func share(f *os.File, wait time.Duration) error {
	for deadline := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		switch ok, err := tryShare(f); {
		case err != nil:
			return fmt.Errorf("lock: %w", err)
		case ok:
			return nil
		case !time.Now().Before(deadline):
			return ErrLocked
		}
	}
}

// The layout of a bbolt file: pages of one size, each with a header of id,
// flags, count and overflow, the first two of them meta pages.
const (
	pageHeader    = 16
	pageElement   = 16
	metaSize      = 64
	boltMagic     = 0xED0CDAED
	noFreelist    = 1<<64 - 1
	flagBranch    = 0x01
	flagLeaf      = 0x02
	flagFreelist  = 0x10
	elementBucket = 0x01
)

// leafBudget bounds how many leaf pages are looked at when a file is opened. It
// is enough for captures of several hundred megabytes; what lies beyond is left
// to the guard around every read.
const leafBudget = 4096

// pages checks the structure of a bbolt file.
type pages struct {
	f                    io.ReaderAt
	size, high           uint64 // of a page; number of pages
	root, freelist, txid uint64
	seen                 map[uint64]bool
	leaves               int
}

// page is a page's header with the bytes of its elements.
type page struct {
	id, size uint64 // size includes overflow pages
	flags    uint16
	count    int
	elements []byte
	inline   bool // within the value of a bucket
}

// checkPages returns an error unless every page that leads to data is what it
// should be.
func checkPages(f io.ReaderAt, size int64) error {
	p := &pages{f: f, seen: make(map[uint64]bool)}
	if err := p.meta(); err != nil {
		return err
	}
	if p.high > uint64(size)/p.size {
		return corrupt("the file has %d bytes, its meta page says %d pages of %d", size, p.high, p.size)
	}
	if err := p.free(); err != nil {
		return err
	}
	depth := -1
	return p.tree(p.root, 0, &depth)
}

// meta reads the newest valid meta page.
func (p *pages) meta() error {
	foreign := true
	buf := make([]byte, pageHeader+metaSize)
	// The second meta page begins at the page size, which only the first one
	// tells; without it all sizes bbolt knows are tried.
	for offset := uint64(0); offset <= 64<<10; offset = max(1<<10, offset*2) {
		if _, err := p.f.ReadAt(buf, int64(offset)); err != nil {
			break
		}
		meta := buf[pageHeader:]
		ne := binary.NativeEndian
		if ne.Uint32(meta) != boltMagic {
			continue
		}
		foreign = false
		sum := fnv.New64a()
		sum.Write(meta[:metaSize-8])
		size := uint64(ne.Uint32(meta[8:]))
		if sum.Sum64() != ne.Uint64(meta[56:]) || size < 1<<10 || size > 64<<10 || offset != 0 && size != offset {
			continue
		}
		if txid := ne.Uint64(meta[48:]); p.size == 0 || txid > p.txid {
			p.size, p.txid = size, txid
			p.root, p.freelist, p.high = ne.Uint64(meta[16:]), ne.Uint64(meta[32:]), ne.Uint64(meta[40:])
		}
	}
	switch {
	case foreign:
		return ErrNotCapture
	case p.size == 0:
		return corrupt("both meta pages are broken")
	}
	return nil
}

// read returns a page with the elements it claims, each of the given size.
func (p *pages) read(id uint64, element int) (g page, err error) {
	var head [pageHeader]byte
	if id < 2 || id >= p.high {
		return g, corrupt("page %d does not exist", id)
	}
	if _, err := p.f.ReadAt(head[:], int64(id*p.size)); err != nil {
		return g, corrupt("page %d: %w", id, err)
	}
	ne := binary.NativeEndian
	overflow := uint64(ne.Uint32(head[12:]))
	g = page{id: id, size: (overflow + 1) * p.size, flags: ne.Uint16(head[8:]), count: int(ne.Uint16(head[10:]))}
	if ne.Uint64(head[:]) != id || overflow >= p.high-id {
		return g, corrupt("page %d has a broken header", id)
	}
	if g.flags == flagFreelist && g.count == 0xFFFF { // the count is the first element
		g.count = int(min(g.size/8, 1<<31))
	}
	n := g.count * element
	if uint64(n)+pageHeader > g.size {
		if g.flags != flagFreelist {
			return g, corrupt("page %d claims %d elements", id, g.count)
		}
		n = int(g.size) - pageHeader
	}
	g.elements = make([]byte, n)
	if _, err := p.f.ReadAt(g.elements, int64(id*p.size)+pageHeader); err != nil {
		return g, corrupt("page %d: %w", id, err)
	}
	return g, nil
}

// free checks the list of free pages.
func (p *pages) free() error {
	if p.freelist == noFreelist {
		return nil
	}
	g, err := p.read(p.freelist, 8)
	if err != nil {
		return err
	}
	if g.flags != flagFreelist {
		return corrupt("page %d is no freelist", g.id)
	}
	ids := g.elements
	ne := binary.NativeEndian
	if count := uint64(g.count); len(ids) >= 8 && g.size/8 == count {
		if count = ne.Uint64(ids); count > uint64(len(ids))/8-1 {
			return corrupt("freelist claims %d pages", count)
		}
		ids = ids[8:][:count*8]
	}
	for before := uint64(1); len(ids) > 0; ids = ids[8:] {
		id := ne.Uint64(ids)
		if id <= before || id >= p.high {
			return corrupt("freelist has page %d after %d", id, before)
		}
		before = id
	}
	return nil
}

// tree checks the pages below id. All leaves of a tree are at one depth, which
// is found with the first.
func (p *pages) tree(id uint64, depth int, leafDepth *int) error {
	if p.leaves >= leafBudget && depth == *leafDepth {
		return nil
	}
	if p.seen[id] {
		return corrupt("page %d is used twice", id)
	}
	p.seen[id] = true
	g, err := p.read(id, pageElement)
	if err != nil {
		return err
	}
	switch g.flags {
	case flagBranch:
		if *leafDepth >= 0 && depth >= *leafDepth || g.count == 0 {
			return corrupt("page %d is a branch out of place", id)
		}
		return p.branch(&g, depth, leafDepth)
	case flagLeaf:
		if *leafDepth >= 0 && depth != *leafDepth {
			return corrupt("page %d is a leaf out of place", id)
		}
		*leafDepth = depth
		p.leaves++
		return p.leaf(&g)
	}
	return corrupt("page %d is neither branch nor leaf", id)
}

func (p *pages) branch(g *page, depth int, leafDepth *int) error {
	ne := binary.NativeEndian
	for i := range g.count {
		e := g.elements[i*pageElement:]
		if err := g.within(i, uint64(ne.Uint32(e)), uint64(ne.Uint32(e[4:]))); err != nil {
			return err
		}
		if err := p.tree(ne.Uint64(e[8:]), depth+1, leafDepth); err != nil {
			return err
		}
	}
	return nil
}

func (p *pages) leaf(g *page) error {
	ne := binary.NativeEndian
	for i := range g.count {
		e := g.elements[i*pageElement:]
		at, key, value := uint64(ne.Uint32(e[4:])), uint64(ne.Uint32(e[8:])), uint64(ne.Uint32(e[12:]))
		if err := g.within(i, at, key+value); err != nil {
			return err
		}
		if ne.Uint32(e)&elementBucket != 0 {
			if g.inline {
				return corrupt("page %d has a bucket within a small bucket", g.id)
			}
			at += pageHeader + uint64(i)*pageElement + key
			if err := p.bucket(g, at, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// bucket checks the bucket whose value of the given size lies at offset at of a
// page: a tree of its own, or a page within the value when that is small.
func (p *pages) bucket(g *page, at, size uint64) error {
	if size < 16 {
		return corrupt("page %d has a broken bucket", g.id)
	}
	value := make([]byte, min(size, p.size))
	if _, err := p.f.ReadAt(value, int64(g.id*p.size+at)); err != nil {
		return corrupt("page %d: %w", g.id, err)
	}
	ne := binary.NativeEndian
	if root := ne.Uint64(value); root != 0 {
		depth := -1
		return p.tree(root, 0, &depth)
	}
	inline := value[16:]
	if len(inline) < pageHeader {
		return corrupt("page %d has a broken bucket", g.id)
	}
	in := page{inline: true, id: g.id, size: uint64(len(inline)), flags: ne.Uint16(inline[8:]), count: int(ne.Uint16(inline[10:]))}
	in.elements = inline[pageHeader:]
	if in.flags != flagLeaf || in.count*pageElement > len(in.elements) {
		return corrupt("page %d has a broken bucket", g.id)
	}
	return p.leaf(&in)
}

// within checks that the data of element i lies within the page. Its offset at
// counts from the element.
func (g *page) within(i int, at, size uint64) error {
	if uint64(pageHeader+i*pageElement)+at+size > g.size {
		return corrupt("page %d: element %d exceeds the page", g.id, i)
	}
	return nil
}
