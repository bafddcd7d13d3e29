package inspector

import (
	"regexp"
	"strings"

	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// pager shows lines that fit in memory, such as help and the handshake of a
// connection, and searches them.
type pager struct {
	lines  []draw.Line
	top    int
	side   int // cells scrolled to the right
	height int
	find   *regexp.Regexp
}

func (p *pager) set(lines []draw.Line) {
	p.lines = lines
	p.scroll(0)
}

func (p *pager) scroll(n int) { p.top = min(max(p.top+n, 0), max(0, len(p.lines)-p.height)) }

func (p *pager) draw(to draw.Painter, r rect) {
	p.height = r.height
	p.scroll(0)
	for y := range r.height {
		var l draw.Line
		if i := p.top + y; i < len(p.lines) {
			l = p.lines[i].Skip(p.side)
			if p.find != nil {
				l = matched(l, p.find)
			}
		}
		to.Line(r.x, r.y+y, r.width, l, draw.Normal)
	}
}

// matched marks what re finds in a line.
func matched(l draw.Line, re *regexp.Regexp) draw.Line {
	text := l.String()
	found := re.FindAllStringIndex(text, 100)
	if len(found) == 0 {
		return l
	}
	var out draw.Line
	at := 0
	for _, s := range l {
		for s.Text != "" {
			for len(found) > 0 && found[0][1] <= at {
				found = found[1:]
			}
			n, style := len(s.Text), s.Style
			switch {
			case len(found) == 0 || found[0][0] >= at+n:
			case found[0][0] > at:
				n = found[0][0] - at
			default:
				n, style = min(n, found[0][1]-at), draw.Match
			}
			out = append(out, draw.Span{Text: s.Text[:n], Style: style})
			s.Text, at = s.Text[n:], at+n
		}
	}
	return out
}

// search goes to the next line that holds the text, or with /re/ matches it.
func (p *pager) search(text string) error {
	p.find = nil
	if text == "" {
		return nil
	}
	pattern := "(?i)" + regexp.QuoteMeta(text)
	if inner, ok := strings.CutPrefix(text, "/"); ok && len(inner) > 1 && strings.HasSuffix(inner, "/") {
		pattern = strings.TrimSuffix(inner, "/")
	}
	re, err := regexp.Compile(pattern)
	if err == nil {
		p.find = re
	}
	return err
}

// next goes to the next or the previous line with a match, and reports whether
// there is one.
func (p *pager) next(step int) bool {
	if p.find == nil {
		return false
	}
	for n := 1; n <= len(p.lines); n++ {
		i := ((p.top+n*step)%len(p.lines) + len(p.lines)) % len(p.lines)
		if p.find.MatchString(p.lines[i].String()) {
			p.top = i
			p.scroll(0)
			return true
		}
	}
	return false
}

func (p *pager) act(a keys.Action) bool {
	switch a {
	case keys.Down:
		p.scroll(1)
	case keys.Up:
		p.scroll(-1)
	case keys.PageDown:
		p.scroll(max(1, p.height-1))
	case keys.PageUp:
		p.scroll(-max(1, p.height-1))
	case keys.First:
		p.top = 0
	case keys.Last:
		p.scroll(len(p.lines))
	case keys.Left:
		p.side = max(0, p.side-8)
	case keys.Right:
		p.side += 8
	case keys.NextMatch:
		p.next(1)
	case keys.PrevMatch:
		p.next(-1)
	default:
		return false
	}
	return true
}
