package export

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"

	"github.com/wsluice/wsluice/frame"
)

// The parts of the page.
var (
	//go:embed page/body.html
	pageBody string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

const (
	// pageLimit is how many bytes of a payload a page holds.
	pageLimit = 64 << 10
	// pageBlock is the size of the blocks of data in bytes, roughly: a browser
	// reads one at a time.
	pageBlock = 512 << 10
)

type page struct {
	buffered
	began bool
	block int // bytes in the block under way
}

// NewHTML returns a Writer of one page for a browser: a timeline, a list that is
// filtered as one types, and each message as text, tree and bytes. The page needs
// nothing else, and its policy lets it load nothing and run no script but its
// own; what was captured is data in it, never markup. Of a payload it holds
// 64 KiB, and says where that is not all. It takes only messages.
func NewHTML(w io.Writer) Writer { return &page{buffered: newBuffered(w)} }

func (p *page) Connection(c *frame.Connection) error {
	b, at := p.next()
	return p.add(c.AppendJSON(b), at)
}

func (p *page) Message(m *frame.Message) error {
	part := *m
	part.Cut(pageLimit)
	b, at := p.next()
	return p.add(part.AppendJSON(b), at)
}

func (p *page) Frame(*frame.Record) error { return nil }

// Close completes the page.
func (p *page) Close() error {
	b := p.begin(p.line[:0])
	if p.block > 0 {
		b = append(b, "]</script>\n"...)
	}
	b = append(append(append(b, "<script>"...), pageScript...), "</script>\n</body>\n</html>\n"...)
	if err := p.write(b); err != nil {
		return err
	}
	return p.Flush()
}

// next makes room for the next object of a block, and returns where it begins.
func (p *page) next() ([]byte, int) {
	b := p.begin(p.line[:0])
	switch {
	case p.block > pageBlock:
		b = append(b, "]</script>\n"...)
		p.block = 0
		fallthrough
	case p.block == 0:
		b = append(b, `<script type="application/json">[`...)
	default:
		b = append(b, ",\n"...)
	}
	return b, len(b)
}

// add writes b with an object of JSON at the end. In it < and > and & can only be
// within strings; they are written so that no parser of markup sees them.
func (p *page) add(b []byte, at int) error {
	marks := bytes.Count(b[at:], []byte{'<'}) + bytes.Count(b[at:], []byte{'>'}) + bytes.Count(b[at:], []byte{'&'})
	if marks > 0 {
		const more = len(`\u003c`) - 1
		n := len(b)
		b = append(b, make([]byte, marks*more)...)
		for to := len(b); n > at; {
			n--
			c := b[n]
			if c != '<' && c != '>' && c != '&' {
				to--
				b[to] = c
				continue
			}
			to -= more + 1
			copy(b[to:], `\u00`)
			b[to+4], b[to+5] = "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15]
		}
	}
	p.block += len(b) - at
	return p.write(b)
}

// begin begins the page when that is not done.
func (p *page) begin(b []byte) []byte {
	if p.began {
		return b
	}
	p.began = true
	policy := "default-src 'none'; style-src " + source(pageStyle) + "; script-src " + source(pageScript) + "; base-uri 'none'; form-action 'none'"
	return append(b, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="`+policy+`">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wsluice: captured WebSocket messages</title>
<style>`+pageStyle+`</style>
</head>
<body>
`+pageBody...)
}

// source names a script or style of the page in its policy.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
