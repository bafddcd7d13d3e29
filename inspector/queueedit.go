package inspector

import (
	"context"
	"fmt"
	"slices"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/edit"
	"github.com/wsluice/wsluice/inspector/keys"
)

// heldEdit is what somebody wants to be sent in place of a held message.
type heldEdit struct {
	text *edit.Editor
	gone string // why the message is held no more, "" while it is
}

// heldName names a held message in news.
func heldName(h *Held) string {
	m := &h.Message
	return fmt.Sprintf("%s %s from the %s of #%d", m.Type, draw.Bytes(float64(m.Size)), m.From, m.Conn)
}

// expiredWord says what becomes of a message when its time is up.
func expiredWord(h *Held) string {
	if h.Drop {
		return "dropped"
	}
	return "sent on"
}

// readHeld makes a held message ready to be shown.
func readHeld(ctx context.Context, i *Inspector, h *Held) (*detail.Document, error) {
	m := h.Message
	m.Time = m.Time.In(i.o.Zone)
	subject := detail.Subject{Message: &m}
	if conn, err := i.o.Source.Conn(ctx, m.Conn); err == nil {
		subject.Conn = &conn
	}
	return prepare(ctx, subject)
}

// verdict is what is to become of a held message that is accepted: what somebody
// made of it is sent in its place.
func (x *holding) verdict(h *Held) (Verdict, error) {
	e := x.edits[h.ID]
	if e == nil || !e.text.Changed() {
		return Verdict{Action: Release}, nil
	}
	payload, err := e.text.Bytes()
	return Verdict{Action: Replace, Payload: payload}, err
}

// keepMost bounds how many edits of messages that are gone are kept.
const keepMost = 100

// keep keeps the edit of a message that is held no more for a reason, if somebody
// has changed anything.
func (x *holding) keep(h *Held, why string) {
	e := x.edits[h.ID]
	if e == nil || !e.text.Changed() {
		delete(x.edits, h.ID)
		return
	}
	e.gone = why
	x.kept = append(x.kept, *h)
	if len(x.kept) > keepMost {
		x.forget(x.kept[0].ID)
	}
}

// forget forgets an edit.
func (x *holding) forget(id uint64) {
	delete(x.edits, id)
	x.kept = slices.DeleteFunc(x.kept, func(h Held) bool { return h.ID == id })
}

// rows are what the queue lists: what is gone and has an edit that is kept, and
// behind it what is held.
func (x *holding) rows() []Held { return append(x.kept[:len(x.kept):len(x.kept)], x.held...) }

// judge does what decides about held messages, and what edits them.
func (q *queue) judge(a keys.Action) bool {
	switch a {
	case keys.Accept, keys.SendEdited:
		q.accept()
	case keys.Drop:
		if q.present() {
			q.hold.decide([]Held{*q.shown}, func(*Held) Verdict { return Verdict{Action: Drop} })
		}
	case keys.EditHeld:
		if e := q.open(); e != nil {
			if q.writing = !e.text.Large(); !q.writing {
				q.r.tell(draw.Warning, fmt.Sprintf("too large to be edited here: %s opens your editor", q.r.i.o.Keys.Key(keys.EditorHeld)))
			}
		}
	case keys.EditorHeld:
		if e := q.open(); e != nil {
			if payload, err := e.text.Bytes(); err != nil {
				q.r.tell(draw.Bad, decode.Visible(err.Error()))
			} else {
				q.r.outside(payload, e.text.Binary(), e.text.Replace)
			}
			q.settle()
		}
	case keys.LeaveEdit:
		q.writing = false
		q.settle()
	case keys.Undo:
		if q.edit() != nil {
			q.undo()
			q.r.tell(draw.Plain, "the edit is undone")
		}
	case keys.AcceptAll:
		q.acceptAll()
	case keys.DropAll:
		q.dropAll()
	default:
		return false
	}
	return true
}

// present reports whether the message that is shown is still held, and says so if
// not.
func (q *queue) present() bool {
	if q.shown == nil {
		return false
	}
	if q.hold.find(q.shown.ID) != nil {
		return true
	}
	why := "it is not held any more"
	if e := q.edit(); e != nil && e.gone != "" {
		why = e.gone
	}
	q.r.tell(draw.Warning, heldName(q.shown)+": "+why)
	return false
}

// open returns the edit of the message that is shown, begun if there is none.
func (q *queue) open() *heldEdit {
	e := q.edit()
	if e == nil && q.present() {
		m := &q.shown.Message
		e = &heldEdit{text: edit.New(m.Payload, m.Type == frame.Binary && !looksText(m.Payload))}
		q.hold.edits[q.shown.ID] = e
	}
	return e
}

// settle forgets an edit that changes nothing.
func (q *queue) settle() {
	if e := q.edit(); e != nil && !e.text.Changed() && !q.writing {
		q.undo()
	}
}

// undo forgets the edit of the message that is shown.
func (q *queue) undo() {
	q.hold.forget(q.shown.ID)
	q.writing = false
}

// accept sends the message that is shown on, or what somebody made of it. When it
// is held no more, the edited text can go where messages are composed.
func (q *queue) accept() {
	if e := q.edit(); e != nil && e.gone != "" {
		q.rescue(e)
		return
	}
	if !q.present() {
		return
	}
	v, err := q.hold.verdict(q.shown)
	if err != nil {
		q.r.tell(draw.Bad, decode.Visible(err.Error()))
		return
	}
	q.writing = false
	q.hold.decide([]Held{*q.shown}, func(*Held) Verdict { return v })
}

// rescue offers to compose a message of an edit that came too late.
func (q *queue) rescue(e *heldEdit) {
	m := q.shown.Message
	payload, err := e.text.Bytes()
	if err != nil {
		q.r.tell(draw.Bad, decode.Visible(err.Error()))
		return
	}
	m.Payload, m.Size = payload, uint64(len(payload))
	q.r.ask(e.gone+": c opens the edited text where messages are composed", func(key rune) bool {
		if key == 'c' {
			q.writing = false
			q.r.editCopy(&m, false)
		}
		return key == 'c'
	})
}

// acceptAll sends all on that are held.
func (q *queue) acceptAll() {
	if len(q.hold.held) == 0 {
		return
	}
	for i := range q.hold.held {
		if _, err := q.hold.verdict(&q.hold.held[i]); err != nil {
			q.r.tell(draw.Bad, heldName(&q.hold.held[i])+": "+decode.Visible(err.Error()))
			return
		}
	}
	q.hold.decide(slices.Clone(q.hold.held), func(h *Held) Verdict {
		v, _ := q.hold.verdict(h) // which did not fail
		return v
	})
}

// dropAll drops all that are held when it was asked, after a question.
func (q *queue) dropAll() {
	of := slices.Clone(q.hold.held)
	if len(of) == 0 {
		return
	}
	q.r.ask("drop "+draw.Counted(uint64(len(of)), "held message")+"? It cannot be undone. y/n", func(key rune) bool {
		if key == 'y' || key == 'Y' {
			of = slices.DeleteFunc(of, func(h Held) bool { return q.hold.find(h.ID) == nil })
			q.hold.decide(of, func(*Held) Verdict { return Verdict{Action: Drop} })
		}
		return true
	})
}
