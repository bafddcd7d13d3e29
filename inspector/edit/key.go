package edit

import (
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// Key does what a key press means, and reports whether it means anything here.
// Those for control are ctrl-z and ctrl-y (undo and redo), ctrl-a (all, for the next
// key to delete or to type over), ctrl-u and ctrl-k (delete the line before and
// behind the cursor). Esc and the function keys mean nothing here.
func (e *Editor) Key(ev *tcell.EventKey) bool {
	e.note = ""
	if e.large != nil {
		return false
	}
	return e.move(ev) || e.change(ev)
}

// move does what goes elsewhere.
func (e *Editor) move(ev *tcell.EventKey) bool {
	far := ev.Modifiers()&(tcell.ModCtrl|tcell.ModAlt) != 0
	key := ev.Key()
	if key == tcell.KeyRune && ev.Modifiers()&tcell.ModAlt != 0 {
		// What terminals send for a word to the left and to the right.
		switch ev.Rune() {
		case 'b':
			key = tcell.KeyLeft
		case 'f':
			key = tcell.KeyRight
		}
	}
	switch key {
	case tcell.KeyLeft, tcell.KeyRight, tcell.KeyUp, tcell.KeyDown, tcell.KeyPgUp, tcell.KeyPgDn, tcell.KeyHome, tcell.KeyEnd:
	case tcell.KeyCtrlA:
		e.moved()
		e.all = len(e.buf.data) > 0
		return true
	default:
		return false
	}
	e.moved()
	switch key {
	case tcell.KeyLeft:
		e.jump(e.left(far))
	case tcell.KeyRight:
		e.jump(e.right(far))
	case tcell.KeyUp:
		e.vertical(-1)
	case tcell.KeyDown:
		e.vertical(1)
	case tcell.KeyPgUp:
		e.vertical(-max(1, e.h-1))
	case tcell.KeyPgDn:
		e.vertical(max(1, e.h-1))
	case tcell.KeyHome:
		e.jump(e.edge(far, -1))
	case tcell.KeyEnd:
		e.jump(e.edge(far, 1))
	}
	return true
}

func (e *Editor) left(far bool) int {
	switch {
	case e.binary:
		return hexLeft(e.at, far)
	case far:
		return e.wordBefore()
	}
	return e.lay.before(e.buf.data, e.at)
}

func (e *Editor) right(far bool) int {
	switch {
	case e.binary:
		return hexRight(e.at, far)
	case far:
		return e.wordBehind()
	}
	return behind(e.buf.data, e.at)
}

// edge returns where the row begins or ends, or with far, all.
func (e *Editor) edge(far bool, way int) int {
	switch {
	case far && way < 0:
		return 0
	case far:
		return len(e.buf.data)
	case e.binary:
		return e.grid().edge(e.at, way)
	case way < 0:
		return e.home()
	}
	return e.end()
}

// vertical goes down by rows, or up, and stays in the column it began in.
func (e *Editor) vertical(rows int) {
	data := e.buf.data
	if e.binary {
		e.jump(e.grid().vertical(e.at, rows, len(data)))
		return
	}
	want := e.want
	if want < 0 {
		want = e.lay.column(data, e.at)
	}
	n := max(0, e.lay.row(data, e.at)+rows)
	if !e.lay.has(data, n) {
		n = len(e.lay.rows) - 1
	}
	e.jump(e.lay.place(data, n, want))
	e.want = want
}

// change does what changes the payload.
func (e *Editor) change(ev *tcell.EventKey) bool {
	switch ev.Key() {
	case tcell.KeyCtrlZ:
		if from, at, ok := e.buf.undo(); ok {
			e.changed(from, at)
		} else {
			e.note = "nothing to undo"
		}
	case tcell.KeyCtrlY:
		if from, at, ok := e.buf.redo(); ok {
			e.changed(from, at)
		} else {
			e.note = "nothing to redo"
		}
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		e.removeBefore(ev.Modifiers()&tcell.ModAlt != 0)
	case tcell.KeyDelete:
		e.removeBehind(ev.Modifiers()&(tcell.ModCtrl|tcell.ModAlt) != 0)
	case tcell.KeyCtrlU, tcell.KeyCtrlK:
		e.removeLine(ev.Key() == tcell.KeyCtrlU)
	case tcell.KeyInsert:
		if !e.binary {
			return false
		}
		e.insert = !e.insert
	case tcell.KeyEnter, tcell.KeyTab:
		if e.binary {
			return false
		}
		text := []byte("\t")
		if ev.Key() == tcell.KeyEnter {
			text = append([]byte(nil), e.ending()...)
		}
		e.insertText(text, false)
	case tcell.KeyRune:
		if ev.Modifiers()&(tcell.ModAlt|tcell.ModCtrl|tcell.ModMeta) != 0 {
			return false
		}
		if e.binary {
			return e.typeDigit(ev.Rune())
		}
		e.insertText(utf8.AppendRune(nil, ev.Rune()), true)
	default:
		return false
	}
	return true
}

// removeBefore deletes the character before the cursor, or the word. Of bytes it
// deletes the one the cursor is in, or the one before.
func (e *Editor) removeBefore(far bool) {
	if e.binary {
		half := e.at % 2
		e.remove(max(0, e.at+half-2), e.at+half)
		return
	}
	e.remove(e.left(far), e.at)
}

// removeBehind deletes the character or the word behind the cursor, or the byte it
// stands on.
func (e *Editor) removeBehind(far bool) {
	if e.binary {
		from := e.at - e.at%2
		e.remove(from, min(from+2, len(e.buf.data)))
		return
	}
	e.remove(e.at, e.right(far))
}

// remove deletes from one place to another, or all when that is selected.
func (e *Editor) remove(from, to int) {
	if e.all {
		e.put(0, len(e.buf.data), nil, false)
	} else if from < to {
		e.put(from, to, nil, true)
	}
}

// removeLine deletes the line before the cursor or behind it, and the line end
// behind it where there is nothing else.
func (e *Editor) removeLine(before bool) {
	from, to := e.at, e.at
	switch {
	case e.binary && before:
		from = e.edge(false, -1)
		to -= to % 2
	case e.binary:
		from -= from % 2
		to = min(e.edge(false, 1)+2, len(e.buf.data))
	case before:
		from = e.lineStart()
	default:
		if to = e.lineEnd(); to == from {
			to = behind(e.buf.data, from)
		}
	}
	e.remove(from, to)
}

// Paste inserts a text as one change. Its line ends become those of the payload.
// Where bytes are edited it must be hexadecimal digits; Status tells when it is
// not, or does not fit in.
func (e *Editor) Paste(text string) {
	e.note = ""
	switch {
	case text == "" || e.large != nil:
	case e.binary:
		e.pasteDigits(text)
	default:
		e.pasteText(text)
	}
}
