package inspector

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/rivo/tview"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
	"github.com/wsluice/wsluice/inspector/rows"
)

// place names a message by the connection and the seq of its first frame.
type place struct{ conn, seq uint64 }

// message is the pane with the detail of one message.
type message struct {
	r      *root
	worker *worker // reads the message
	finder *worker // searches it
	at     place   // the message that is wanted
	shown  place   // the one in pane
	asked  time.Time
	reads  bool // the message is being read
	pane   detail.Pane
	err    error
}

func newMessage(r *root) message {
	return message{r: r, worker: r.i.start(), finder: r.i.start()}
}

func (m *message) busy() bool { return m.worker.busy() || m.finder.busy() }

func (m *message) close() {
	m.worker.close()
	m.finder.close()
}

// The detail of a message is read once the selection has rested on it for
// restDelay. Where it never rests, because it follows what comes, one is read
// after moveDelay all the same.
const (
	restDelay = 80 * time.Millisecond
	moveDelay = 250 * time.Millisecond
)

// want shows another message, once the wish for it has lasted for a moment.
func (m *message) want(conn, seq uint64) {
	at := place{conn, seq}
	if at == m.at {
		return
	}
	switch {
	case !m.worker.busy():
		m.asked = time.Now()
	case time.Since(m.asked) > moveDelay:
		return
	}
	m.read(at, restDelay, func(ctx context.Context) (*detail.Document, error) { return readMessage(ctx, m.r.i, at) })
}

// read shows what get returns after a moment.
func (m *message) read(at place, delay time.Duration, get func(context.Context) (*detail.Document, error)) {
	m.at = at
	m.finder.stop()
	m.worker.do(delay, func(ctx context.Context) {
		m.r.i.post(func() { m.reads = m.at == at })
		doc, err := get(ctx)
		if ctx.Err() != nil {
			return
		}
		m.r.i.post(func() {
			if m.at == at {
				m.reads, m.err, m.shown = false, err, at
				m.pane.Show(doc)
			}
		})
	})
}

// clear shows no message.
func (m *message) clear() {
	m.worker.stop()
	m.finder.stop()
	m.at, m.shown, m.reads, m.err = place{}, place{}, false, nil
	m.pane.Show(nil)
}

// errGone: the message is not in the capture any more.
var errGone = errors.New("the message is not in the capture any more")

// readMessage reads all there is of a message.
func readMessage(ctx context.Context, i *Inspector, at place) (*detail.Document, error) {
	source := i.o.Source
	conn, err := source.Conn(ctx, at.conn)
	if err != nil {
		return nil, err
	}
	found := source.Messages(ctx, rows.Query{Conn: at.conn, Start: at.seq})
	defer found.Close()
	for found.Next() && found.Message().Seq != at.seq {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	m := found.Message()
	if err := found.Err(); err != nil {
		return nil, err
	} else if m == nil || m.Seq != at.seq {
		return nil, errGone
	}
	whole := *m
	whole.Time = m.Time.In(i.o.Zone)
	subject := detail.Subject{Conn: &conn, Message: &whole}
	if subject.Frames, err = readFrames(ctx, source, &whole); err != nil {
		return nil, err
	}
	if whole.Origin == frame.Edited {
		if subject.Original, err = readOriginal(ctx, source, &whole); err != nil {
			return nil, err
		}
	}
	return prepare(ctx, subject)
}

// originalWithin is how many frames before an edited message its original ends at
// most.
const originalWithin = 64

// readOriginal reads the message in whose place m was sent: the one that the same
// side sent before it, if it was dropped.
func readOriginal(ctx context.Context, source Source, m *frame.Message) (original *frame.Message, err error) {
	found := source.Messages(ctx, rows.Query{Conn: m.Conn, Start: max(m.Seq, originalWithin+1) - originalWithin, Side: &m.From})
	defer found.Close()
	found.Until(m.Seq)
	for found.Next() {
		original = nil
		if last := *found.Message(); last.Origin == frame.Dropped && !last.Type.Control() {
			original = &last
		}
	}
	return original, found.Err()
}

// prepare has decoders read a message and makes it ready to be shown.
func prepare(ctx context.Context, s detail.Subject) (*detail.Document, error) {
	m := s.Message
	s.Readings, s.Why = new(decode.Session).Read(decode.Input{
		Conn: s.Conn, From: m.From, Type: m.Type, Seq: m.Seq, Time: m.Time,
		Payload: m.Payload, Whole: !m.Truncated && m.Incomplete == frame.Whole && m.Error == "",
	})
	return detail.Prepare(ctx, s)
}

// readFrames reads the first frames of a message.
func readFrames(ctx context.Context, source Source, m *frame.Message) (frames []frame.Record, err error) {
	const most = 1000
	for from := m.Seq; len(frames) < min(m.Frames, most); {
		page, err := source.Page(ctx, m.Conn, from, min(max(2*m.Frames, 8), most))
		if err != nil || len(page) == 0 {
			return frames, err
		}
		for _, f := range page {
			if f.Message == m.Seq && len(frames) < most {
				frames = append(frames, f)
			}
		}
		from = page[len(page)-1].Seq + 1
	}
	return frames, nil
}

// draw draws the detail; named says which connection the message is of.
func (m *message) draw(p draw.Painter, r rect, focus, named bool) {
	title := m.pane.Title()
	if doc := m.pane.Document(); named && doc != nil {
		title = append(draw.Line{{Text: fmt.Sprintf("conn #%d  ", doc.Message().Conn), Style: draw.Dim}}, title...)
	}
	if m.err != nil {
		title = draw.Text(fmt.Sprintf("#%s", draw.Grouped(m.at.seq)), draw.Title)
	}
	m.body(p, pane(p, r, title, m.note(), focus), focus)
}

// body draws what is in the pane.
func (m *message) body(p draw.Painter, inner rect, focus bool) {
	if m.err != nil {
		p.Line(inner.x, inner.y, inner.width, draw.Text(" "+draw.Cut(decode.Visible(m.err.Error()), inner.width-2), draw.Bad), draw.Normal)
		for y := 1; y < inner.height; y++ {
			p.Line(inner.x, inner.y+y, inner.width, nil, draw.Normal)
		}
		return
	}
	p.Line(inner.x, inner.y, inner.width, m.pane.Tabs(), draw.Normal)
	m.pane.Resize(inner.width, inner.height-1)
	lines := m.pane.Lines()
	cursor := m.pane.Cursor()
	for y := range inner.height - 1 {
		var l draw.Line
		row := draw.Normal
		if y < len(lines) {
			l = lines[y]
			if y == cursor && focus {
				row = draw.Selected
			}
		}
		p.Line(inner.x, inner.y+1+y, inner.width, l, row)
	}
}

// note is at the right end of the title.
func (m *message) note() draw.Line {
	if m.reads {
		return draw.Text(fmt.Sprintf("reading #%s…", draw.Grouped(m.at.seq)), draw.Warning)
	}
	mark := m.r.marks.of(m.at.conn, m.at.seq)
	text := m.pane.Finding()
	if mark.Label != "" {
		text += "  mark " + mark.Label
	}
	if mark.Note != "" {
		text += `  "` + draw.Cut(mark.Note, 40) + `"`
	}
	return draw.Text(decode.Visible(text), draw.Accent)
}

func (m *message) act(a keys.Action) bool {
	switch a {
	case keys.Down:
		m.pane.Move(1)
	case keys.Up:
		m.pane.Move(-1)
	case keys.PageDown:
		m.pane.Page(1)
	case keys.PageUp:
		m.pane.Page(-1)
	case keys.First:
		m.pane.Home()
	case keys.Last:
		m.pane.End()
	case keys.Left:
		m.pane.Sideways(-8)
	case keys.Right:
		m.pane.Sideways(8)
	case keys.Open:
		m.pane.Toggle()
	case keys.FoldAll:
		m.pane.ToggleAll()
	case keys.NextView:
		m.pane.NextView()
	case keys.PreviousView:
		m.pane.PreviousView()
	case keys.Wrap:
		m.pane.Wrap(!m.pane.Wrapped())
	case keys.NextMatch:
		m.pane.NextFound()
	case keys.PrevMatch:
		m.pane.PreviousFound()
	case keys.Search:
		m.search()
	case keys.Copy:
		if m.ready() {
			name, data := m.pane.Value()
			m.r.copy(name, textOrBase64(data))
		}
	case keys.CopyAs:
		if m.ready() {
			m.copyAs()
		}
	case keys.Save:
		if m.ready() {
			m.r.save(m.pane.Document().Message())
		}
	case keys.EditCopy, keys.EditorCopy:
		if m.ready() {
			m.r.editCopy(m.pane.Document().Message(), a == keys.EditorCopy)
		}
	case keys.SetMark:
		m.r.setMark(m.at)
	case keys.Note:
		m.r.setNote(m.at)
	case keys.Back:
		if m.pane.Finding() == "" {
			return false
		}
		m.pane.ShowFound(nil)
	default:
		return false
	}
	return true
}

// ready reports whether the message that is wanted is shown, and says so if not.
func (m *message) ready() bool {
	doc := m.pane.Document()
	if doc != nil && m.shown == m.at {
		return true
	}
	m.r.tell(draw.Warning, "the message is still being read")
	return false
}

// search asks for what to find in the payload.
func (m *message) search() {
	doc := m.pane.Document()
	if doc == nil {
		return
	}
	m.r.enter(&line{label: "search: ", past: &m.r.searches, done: func(text string) bool {
		if text == "" {
			m.pane.ShowFound(nil)
			return true
		}
		m.finder.do(0, func(ctx context.Context) {
			found, err := doc.Find(ctx, text)
			if ctx.Err() != nil {
				return
			}
			m.r.i.post(func() {
				switch {
				case err != nil:
					m.r.tell(draw.Bad, decode.Visible(err.Error()))
				case m.pane.Document() == doc:
					if n, _ := found.Count(); n == 0 {
						m.r.tell(draw.Warning, "not found: "+decode.Visible(text))
					}
					m.pane.ShowFound(found)
				}
			})
		})
		return true
	}}, "")
}

// copyAs asks in which form to copy.
func (m *message) copyAs() {
	doc := m.pane.Document()
	of := doc.Message()
	m.r.ask("copy as: t text  h hex  b base64  j JSON line  c command", func(key rune) bool {
		switch key {
		case 't':
			m.r.copy("the payload as text", []byte(decode.Visible(string(of.Payload))))
		case 'h':
			m.r.copy("the payload in hex", []byte(hex.EncodeToString(of.Payload)))
		case 'b':
			m.r.copy("the payload in base64", []byte(base64.StdEncoding.EncodeToString(of.Payload)))
		case 'j':
			m.r.copy("the message as JSON", of.AppendJSON(nil))
		case 'c':
			m.r.copy("a command", fmt.Appendf(nil, "wsluice messages %d --filter 'seq == %d' --json", of.Conn, of.Seq))
		default:
			return false
		}
		return true
	})
}

// textOrBase64 returns data in a form that a clipboard holds.
func textOrBase64(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	return []byte(base64.StdEncoding.EncodeToString(data))
}

func (m *message) mouse(action tview.MouseAction) {
	switch action {
	case tview.MouseScrollUp:
		m.pane.Move(-3)
	case tview.MouseScrollDown:
		m.pane.Move(3)
	}
}
