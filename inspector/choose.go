package inspector

import (
	"context"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// The opcodes that keys hide.
const (
	pings    = 1<<frame.Ping | 1<<frame.Pong
	controls = pings | 1<<frame.Close
)

// selection names what leaves messages out.
func (m *messages) selection() (words []string) {
	if m.text != "" {
		words = append(words, "filter: "+decode.Visible(m.text))
	}
	if m.from != nil {
		words = append(words, "from "+m.from.String())
	}
	switch {
	case m.hidden == controls:
		words = append(words, "no control frames")
	case m.hidden != 0:
		words = append(words, "no pings")
	}
	return words
}

// choose does what leaves messages out.
func (m *messages) choose(a keys.Action) bool {
	switch a {
	case keys.Filter:
		m.editFilter()
		return true
	case keys.OnlyClient:
		m.only(frame.Client)
	case keys.OnlyServer:
		m.only(frame.Server)
	case keys.HidePings:
		m.hide(pings)
	case keys.HideControl:
		m.hide(controls)
	case keys.Export:
		m.r.export(exported{conn: m.conn, query: m.query(), chosen: len(m.selection()) > 0, message: m.detail.at})
		return true
	default:
		return false
	}
	m.list.SetQuery(m.query())
	return true
}

func (m *messages) only(side frame.Side) {
	if m.from != nil && *m.from == side {
		m.from = nil
	} else {
		m.from = &side
	}
}

func (m *messages) hide(opcodes uint16) {
	if m.hidden == opcodes {
		opcodes = 0
	}
	m.hidden = opcodes
}

// A filter is applied while it is typed in captures of up to filterLive frames,
// when no key has come for typeDelay: half an expression often is a filter too.
const (
	filterLive = 100_000
	typeDelay  = 150 * time.Millisecond
)

// editFilter asks for a filter, which is checked as it is typed.
func (m *messages) editFilter() {
	before, wanted := m.text, m.wanted
	m.r.enter(&line{
		label: "/", past: &m.r.filters, complete: completeName(filter.OfMessages),
		changed: func(text string) (string, draw.Style) {
			f, verdict, style := messageFilter(text)
			switch {
			case style == draw.Bad:
				m.typist.stop()
			case m.list.Counts().Total <= filterLive:
				m.typist.do(typeDelay, func(context.Context) {
					m.r.i.post(func() {
						if m.r.prompt != nil {
							m.filter(text, f)
						}
					})
				})
			default:
				verdict += ", enter applies it"
			}
			return verdict, style
		},
		done: func(text string) bool {
			f, _, style := messageFilter(text)
			if style != draw.Bad {
				m.typist.stop()
				m.filter(text, f)
			}
			return style != draw.Bad
		},
		gone: func() {
			m.typist.stop()
			m.filter(before, wanted)
		},
	}, before)
}

// messageFilter reads a filter and says what it makes of it.
func messageFilter(text string) (*filter.Messages, string, draw.Style) {
	if text == "" {
		return nil, "all", draw.Dim
	}
	f, err := filter.ParseMessages(text)
	if err != nil {
		return nil, filterFault(err), draw.Bad
	}
	return f, "valid", draw.Good
}

// filter shows only what matches f, which text stands for; nil shows all.
func (m *messages) filter(text string, f *filter.Messages) {
	if text != m.text {
		m.text, m.wanted = text, f
		m.list.SetQuery(m.query())
	}
}
