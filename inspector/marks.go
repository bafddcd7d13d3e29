package inspector

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// marks are the marks of the capture by their messages.
type marks struct{ by map[place]Mark }

func (m *marks) set(all []Mark) {
	m.by = make(map[place]Mark, len(all))
	for _, mark := range all {
		m.by[place{mark.Conn, mark.Seq}] = mark
	}
}

func (m *marks) of(conn, seq uint64) Mark {
	mark, ok := m.by[place{conn, seq}]
	if !ok {
		mark = Mark{Conn: conn, Seq: seq}
	}
	return mark
}

// labelled returns the mark with a letter: that of the connection if it has one,
// else the newest of all.
func (m *marks) labelled(label string, conn uint64) (found Mark, ok bool) {
	for _, mark := range m.by {
		if mark.Label != label {
			continue
		}
		nearer := mark.Conn == conn && found.Conn != conn
		newer := (mark.Conn == conn) == (found.Conn == conn) && mark.Time.After(found.Time)
		if !ok || nearer || newer {
			found, ok = mark, true
		}
	}
	return found, ok
}

// letters lists the letters in use.
func (m *marks) letters() string {
	var all []string
	for _, mark := range m.by {
		if mark.Label != "" && !slices.Contains(all, mark.Label) {
			all = append(all, mark.Label)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// setMark asks for a letter for a message.
func (r *root) setMark(at place) {
	if at.seq == 0 {
		return
	}
	mark := r.marks.of(at.conn, at.seq)
	text := "mark: a letter"
	if mark.Label != "" {
		text += ", space removes " + decode.Visible(mark.Label)
	}
	r.ask(text, func(key rune) bool {
		switch {
		case key == ' ':
			mark.Label = ""
		case unicode.IsLetter(key) || unicode.IsDigit(key):
			mark.Label = string(key)
		default:
			return false
		}
		r.keepMark(mark)
		return true
	})
}

// setNote asks for a note on a message.
func (r *root) setNote(at place) {
	if at.seq == 0 {
		return
	}
	mark := r.marks.of(at.conn, at.seq)
	r.enter(&line{label: "note: ", done: func(text string) bool {
		mark.Note = strings.TrimSpace(text)
		r.keepMark(mark)
		return true
	}}, mark.Note)
}

// keepMark keeps a mark in the capture.
func (r *root) keepMark(mark Mark) {
	mark.Time = time.Now()
	r.doer.do(0, func(ctx context.Context) {
		err := r.i.o.Actions.SetMark(ctx, mark)
		r.i.post(func() {
			at := place{mark.Conn, mark.Seq}
			switch {
			case err != nil:
				r.tell(draw.Bad, decode.Visible("the mark was not kept: "+err.Error()))
			case mark.Label == "" && mark.Note == "":
				delete(r.marks.by, at)
			default:
				if r.marks.by == nil {
					r.marks.by = make(map[place]Mark)
				}
				r.marks.by[at] = mark
			}
		})
	})
}

// jumpToMark asks for the letter of a mark and goes to its message.
func (r *root) jumpToMark() {
	letters := r.marks.letters()
	if letters == "" {
		r.tell(draw.Plain, "there are no marks; "+string(r.i.o.Keys.Key("mark"))+" sets one")
		return
	}
	r.ask("jump to mark: "+decode.Visible(letters), func(key rune) bool {
		var conn uint64
		m, listed := r.top().(*messages)
		if listed {
			conn = m.connection()
		}
		mark, ok := r.marks.labelled(string(key), conn)
		if ok {
			r.goTo(place{mark.Conn, mark.Seq})
		}
		return ok
	})
}

// goTo shows a message in the list that is open when it holds it, else in that of
// its connection.
func (r *root) goTo(at place) {
	m, ok := r.top().(*messages)
	if ok && m.conn == 0 {
		// The list of all goes by global numbers.
		r.doer.do(0, func(ctx context.Context) {
			page, err := r.i.o.Source.Page(ctx, at.conn, at.seq, 1)
			r.i.post(func() {
				if err != nil || len(page) == 0 || page[0].Seq != at.seq {
					r.tell(draw.Warning, errGone.Error())
				} else if r.top() == m {
					m.list.To(page[0].Global)
				}
			})
		})
		return
	}
	if !ok || m.conn != at.conn {
		m = newMessages(r, at.conn)
		r.push(m)
	}
	m.list.To(at.seq)
}
