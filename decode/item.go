package decode

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// item is one value of a format in which each value begins with bytes that say
// what it is: MessagePack or CBOR.
type item struct {
	kind Kind // None for the end of a container without a length
	code byte
	// arg is the number that follows the code: a value, a length.
	arg uint64
	// body is where text, bytes or the first child begin, end where the item
	// ends; that of an Object or Array ends where its children begin.
	body, end int
	// count is how many members or values a container announces, -1 for one that
	// ends with a mark.
	count int
	// short marks text or bytes that announce more than there is.
	short bool
	// chunked marks text or bytes in several parts, each with a head of its own.
	chunked bool
}

// grammar is how a format of items is written.
type grammar interface {
	// parse sets it to the item at off, which is within data, or says why there is
	// none.
	parse(it *item, data []byte, off int) (wrong string)
	// fill sets what n shows of an item that is no container, and the notes of
	// any.
	fill(s scope, n *Node, data []byte, off int, it *item)
}

// itemScanner looks a payload of items through once.
type itemScanner struct {
	grammar grammar
	data    []byte
	whole   bool
	index   *indexer
	levels  []level
	stats   itemStats
	item    item // the one that was parsed last
}

// level is a container the scanner is in.
type level struct {
	left   int // items that are to come, -1 when a mark ends them
	object bool
	key    bool // the next item is a key
}

// itemStats is what tells a format from random bytes.
type itemStats struct {
	keys, textKeys int
	textBytes      int // of valid text, as far as it was checked
	badTexts       int
}

const endsEarly = "the payload ends too early"

// value scans the item at off with all that is in it. It returns where it ends and
// how many children it has. When it breaks off, that is where the last good item
// ends, and the containers around it stay open in the index.
func (s *itemScanner) value(off int) (end, count int, wrong *breach) {
	base := len(s.index.open)
	s.levels = s.levels[:0]
	breaks := func(end int, what string) (int, int, *breach) {
		if len(s.index.open) > base {
			count = s.index.open[base].count
		}
		return end, count, &breach{off, what}
	}
	for {
		if off == len(s.data) {
			return breaks(off, endsEarly)
		}
		it := &s.item
		why := s.grammar.parse(it, s.data, off)
		switch {
		case why != "":
			return breaks(off, why)
		case it.kind == None:
			n := len(s.levels) - 1
			if n < 0 || s.levels[n].left >= 0 || s.levels[n].object && !s.levels[n].key {
				return breaks(off, "a mark ends what is not open")
			}
			s.levels = s.levels[:n]
			count = s.index.leave(it.end)
		default:
			s.note(off, it)
			if it.short {
				off = it.end
				return breaks(off, endsEarly)
			}
			if it.count == 0 {
				break
			}
			if s.whole && it.count > len(s.data)-it.end {
				return breaks(it.end, "a container announces more than there is")
			}
			if err := s.index.enter(off); err != nil {
				return breaks(off, err.Error())
			}
			s.enter(it)
			off = it.end
			continue
		}
		off = it.end
		for n := len(s.levels) - 1; n >= 0 && s.levels[n].next(); n-- {
			s.levels = s.levels[:n]
			count = s.index.leave(off)
		}
		if len(s.levels) == 0 {
			return off, count, nil
		}
	}
}

// next notes that a key or value was read, and reports whether it was the last.
func (l *level) next() bool {
	l.key = l.object && !l.key
	if l.left > 0 {
		l.left--
	}
	return l.left == 0
}

// note adds the item at off to the index and the stats.
func (s *itemScanner) note(off int, it *item) {
	key := false
	if n := len(s.levels); n > 0 {
		if key = s.levels[n-1].key; key || !s.levels[n-1].object {
			s.index.value(off)
		}
	}
	if key {
		s.stats.keys++
	}
	if it.kind != String || it.chunked {
		return
	}
	if key {
		s.stats.textKeys++
	}
	const enough = 1 << 20 // to know whether text is text
	if text := s.data[it.body:it.end]; s.stats.textBytes > enough || it.short || utf8.Valid(text) {
		s.stats.textBytes += len(text)
	} else {
		s.stats.badTexts++
	}
}

func (s *itemScanner) enter(it *item) {
	l := level{left: it.count, object: it.kind == Object, key: it.kind == Object}
	if l.object && it.count > 0 {
		l.left *= 2
	}
	if n := len(s.levels); n == cap(s.levels) {
		s.levels = slices.Grow(s.levels, max(8, n))
	}
	s.levels = append(s.levels, l)
}

// trust says how likely the payload is in this format rather than random bytes: how
// much text it holds, and whether that is text.
func (s *itemStats) trust() trust {
	const enough = 4
	if s.badTexts == 0 && (s.keys > 0 && s.keys == s.textKeys || s.textBytes >= enough) {
		return likely
	}
	return possible
}

// itemDoc is a payload of items that was looked through.
type itemDoc struct {
	scope
	grammar grammar
	// data ends where reading stopped.
	data  []byte
	index *index
	// home is where data begins in the payload, -1 when it is not part of it.
	home int
	// again looks small containers through again.
	again itemScanner
}

// readItems reads a payload that is one container of items. A mark for the format
// in the subprotocol makes a guess certain.
func readItems(in *Input, name string, g grammar, mark string) (*Reading, string) {
	if in.Type != frame.Binary {
		return nil, ""
	}
	told := in.Conn != nil && strings.Contains(strings.ToLower(in.Conn.Subprotocol), mark)
	node, stats, wrong := openItems(newScope(), in.Payload, 0, g, in.Whole)
	if wrong == nil && node.Size < len(in.Payload) {
		wrong = &breach{node.Size, fmt.Sprintf("%s are left over", count(len(in.Payload)-node.Size, "byte"))}
	}
	trust := stats.trust()
	const trivial = 4 // shorter ones without text say nothing
	switch {
	case node.Count == 0 || node.Kind != Object && node.Kind != Array:
		return nil, ""
	case trust == possible && !told && (wrong != nil || len(in.Payload) < trivial):
		return nil, ""
	case wrong != nil && (in.Whole || wrong.off < len(in.Payload)):
		return nil, "as " + name + " it breaks off: " + wrong.String()
	}
	r := &Reading{Decoder: name, Root: node, trust: trust}
	switch {
	case told:
		r.trust = certain
	case trust == possible:
		r.Note = "a guess: the bytes fit, but may be something else"
	}
	if wrong != nil {
		r.Note = fmt.Sprintf("only the first %s are here", count(len(in.Payload), "byte"))
	}
	return r, ""
}

// openItems returns the tree of the first item of data.
func openItems(sc scope, data []byte, home int, g grammar, whole bool) (Node, *itemStats, *breach) {
	s := itemScanner{grammar: g, data: data, whole: whole, index: newIndexer(len(data))}
	end, _, wrong := s.value(0)
	doc := &itemDoc{scope: sc, grammar: g, data: data[:end:end], home: home}
	doc.index = s.index.finish(end)
	node, _ := doc.node(0)
	return node, &s.stats, wrong
}

// skip returns where the item at off ends, how many children it has, and the
// container it is if the index knows it.
func (d *itemDoc) skip(off int) extent {
	if e, ok := d.index.at(off); ok {
		return e
	}
	if d.again.index == nil {
		d.again = itemScanner{grammar: d.grammar, data: d.data, index: &indexer{}}
	}
	d.again.index.open = d.again.index.open[:0]
	end, n, wrong := d.again.value(off)
	if wrong != nil {
		end = len(d.data)
	}
	return extent{start: off, end: end, count: n}
}

// node makes the Node of the item at off, and returns where it ends.
func (d *itemDoc) node(off int) (Node, int) {
	node := Node{Offset: -1}
	if d.home >= 0 {
		node.Offset = d.home + off
	}
	if off >= len(d.data) {
		node.Note = "the value is missing"
		return node, off
	}
	it := new(item)
	if d.grammar.parse(it, d.data, off) != "" || it.kind == None {
		node.Note = "the value is missing"
		return node, len(d.data)
	}
	e := extent{end: it.end}
	if it.count != 0 {
		e = d.skip(off)
	}
	node.Kind, node.Size, node.raw = it.kind, e.end-off, d.data[off:e.end:e.end]
	if it.kind == Object || it.kind == Array {
		node.Count = e.count
		node.within = &itemBranch{doc: d, extent: e, first: it.end, object: it.kind == Object}
	}
	d.grammar.fill(d.scope, &node, d.data, off, it)
	if it.short {
		node.Note = "the end is missing"
	}
	return node, e.end
}

// itemBranch makes the children of a container.
type itemBranch struct {
	doc    *itemDoc
	extent extent
	first  int
	object bool
	// inKey is whether the container is part of a key. What it has for keys itself
	// is not looked into.
	inKey bool
}

func (b *itemBranch) children(dst []Node, from, n int) ([]Node, error) {
	i, off := b.extent.near(from, b.first)
	for ; i < b.extent.count && len(dst) < n; i++ {
		if i < from {
			if off = b.doc.skip(off).end; b.object {
				off = b.doc.skip(off).end
			}
			continue
		}
		var key, node Node
		if b.object {
			key, off = b.doc.node(off)
		}
		node, off = b.doc.node(off)
		if b.object {
			node.Key, node.KeyKind = key.Value, key.Kind
			if key.Cut {
				node.Key += "…"
			}
			if container, ok := key.within.(*itemBranch); ok {
				node.Key = "…"
				if !b.inKey {
					container.inKey = true
					node.Key = summarize(&key)
				}
			}
		}
		dst = append(dst, node)
	}
	return dst, nil
}
