package decode

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// recordSeparator stands between the texts of RFC 7464, and ends those of SignalR.
const recordSeparator = 0x1E

var byteOrderMark = []byte("\ufeff")

// readJSON reads JSON text, also several texts in a row, and text that is JSON up
// to where it breaks off. A number or a word alone is JSON too, but a tree shows
// nothing of it that the text does not.
func readJSON(in *Input) (*Reading, string) {
	scan := scanJSON(in.Payload)
	if scan == nil {
		return nil, ""
	}
	if !scan.fits(in) {
		return nil, "as JSON it breaks off: " + scan.wrong.String()
	}
	valid := utf8.Valid(scan.doc.data)
	if !valid && in.Type != frame.Text {
		return nil, "as JSON it is not valid UTF-8"
	}
	r := &Reading{Decoder: "JSON", trust: certain, Root: scan.root(newScope(), 0)}
	switch {
	case !in.Whole && (scan.wrong == nil || scan.wrong.off == len(in.Payload)):
		r.Note = fmt.Sprintf("only the first %s are here", count(len(in.Payload), "byte"))
	case scan.wrong != nil:
		r.Note, r.trust = "breaks off: "+scan.wrong.String(), likely
	case !valid:
		r.Note = "not valid UTF-8"
	case r.Root.Kind == String:
		r.trust = likely
	}
	return r, ""
}

// jsonScan is what looking a text through found.
type jsonScan struct {
	doc    jsonDoc
	first  int // where the first text begins
	texts  extent
	member bool // whether an object among the texts has a member
	wrong  *breach
}

// scanJSON looks data through; it is nil when it does not begin like an object, an
// array or a string.
func scanJSON(data []byte) *jsonScan {
	s := jsonScanner{data: data, index: newIndexer(len(data))}
	off := textGap(data, len(data)-len(bytes.TrimPrefix(data, byteOrderMark)))
	if off == len(data) || data[off] != '{' && data[off] != '[' && data[off] != '"' {
		return nil
	}
	scan := &jsonScan{first: off}
	if s.index.enter(-1) != nil {
		return nil
	}
	for off < len(data) && scan.wrong == nil {
		begin := off
		s.index.value(off)
		if off, scan.wrong = s.value(off); off == begin {
			s.index.open[0].count--
		}
		scan.member = scan.member || data[begin] == '{' && (scan.wrong == nil && off-begin > 2 || len(s.index.open) > 1 && s.index.open[1].count > 0)
		if scan.wrong == nil {
			off = textGap(data, off)
		}
	}
	scan.texts = extent{start: -1, end: off, count: s.index.open[0].count}
	scan.doc = jsonDoc{data: data[:off], index: s.index.finish(off)}
	if e, ok := scan.doc.index.at(-1); ok {
		scan.texts = e
	}
	return scan
}

// textGap returns where the next text begins.
func textGap(data []byte, off int) int {
	for off < len(data) && (isSpace(data[off]) || data[off] == recordSeparator) {
		off++
	}
	return off
}

// fits reports whether what was scanned is enough to be shown as JSON: all of it,
// or where it breaks off, an object with a member or half of the payload.
func (s *jsonScan) fits(in *Input) bool {
	return s.wrong == nil || s.member || s.texts.count > 0 &&
		(s.texts.end > len(in.Payload)/2 || !in.Whole && s.wrong.off == len(in.Payload))
}

// root returns the tree of the text, or the list of the texts. home is where the
// data begins in the payload, -1 when it is not part of it.
func (s *jsonScan) root(sc scope, home int) Node {
	doc := s.doc
	doc.scope, doc.home = sc, home
	if s.texts.count == 1 {
		node, _ := doc.node(s.first)
		return node
	}
	return Node{
		Kind:   Array,
		Note:   count(s.texts.count, "JSON text") + " in a row",
		Offset: home,
		Size:   len(doc.data),
		Count:  s.texts.count,
		raw:    doc.data,
		within: &jsonBranch{doc: &doc, extent: s.texts, first: s.first},
	}
}
