package inspector

import (
	"context"
	"strings"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// Replays is what the inspector asks for to play the client of a connection again.
type Replays interface {
	// Replay plays a connection until its end or that of ctx, and tells what becomes of
	// each message, from one goroutine. The end is worth something with an error too.
	Replay(ctx context.Context, o ReplayOrder, tell func(ReplayEvent)) (ReplayEnd, error)
}

// ReplayOrder says what is to be replayed.
type ReplayOrder struct {
	Conn   uint64
	URL    string   // "" for the recorded one
	Pace   string   // reactive, recorded, 2x, fastest
	Ignore []string // JSON paths that do not count
}

// ReplayOutcome is what became of a message.
type ReplayOutcome string

// The outcomes: those of the client's messages, and of the server's; and a value that
// the server gave anew.
const (
	ReplaySent       ReplayOutcome = "sent"
	ReplaySkipped    ReplayOutcome = "not sent"
	ReplaySame       ReplayOutcome = "same"
	ReplayDiffers    ReplayOutcome = "differs"
	ReplayMissing    ReplayOutcome = "missing"
	ReplayUnexpected ReplayOutcome = "unexpected"
	ReplayLate       ReplayOutcome = "late"
	ReplayUsed       ReplayOutcome = "new value"
)

// ReplayEvent is what became of one message.
type ReplayEvent struct {
	Outcome       ReplayOutcome
	Seq           uint64 // of the recorded message, 0 for none
	Recorded, Got string // what they say, "" when there is none
	Note          string
	Changes       []DiffChange
	More          int // changes there are besides
}

// ReplayEnd is how a replay went.
type ReplayEnd struct {
	Passed bool
	Text   string
	Conn   uint64 // its record, 0 for none
	Note   string // what a user should know besides
}

var replayPaces = []struct{ name, words string }{
	{"reactive", "waits for the answers"}, {"recorded", "as it was recorded"}, {"2x", "twice as fast"}, {"10x", "ten times as fast"},
	{"0.5x", "half as fast"}, {"fastest", "waits for nothing"},
}

// replayAsk is the dialog of a replay. It takes the keys as a prompt does.
type replayAsk struct {
	r      *root
	conn   uint64
	url    string            // as it was proposed
	fields [replayRows]*line // those that are typed
	pace   int               // of replayPaces
	row    int
}

// The rows of the dialog.
const (
	replayTo = iota
	replayPace
	replayIgnore
	replayRows
)

// askReplay asks how to replay a connection.
func (r *root) askReplay(conn uint64, url string) {
	if conn == 0 {
		return
	}
	if r.replayed != nil && r.replayed.running {
		r.tell(draw.Warning, "a replay is under way: "+string(r.replayKey())+" shows it")
		return
	}
	x := &replayAsk{r: r, conn: conn, url: decode.Visible(url)}
	for _, row := range []int{replayTo, replayIgnore} {
		x.fields[row] = &line{r: r, field: newField()}
	}
	x.fields[replayTo].set(x.url)
	if last := r.replayed; last != nil && last.order.Conn == conn {
		x.fields[replayIgnore].set(strings.Join(last.order.Ignore, " "))
		if last.order.URL != "" {
			x.fields[replayTo].set(last.order.URL)
		}
	}
	r.prompt = x
}

func (x *replayAsk) key(e *tcell.EventKey) {
	field := x.fields[x.row]
	switch k := e.Key(); {
	case k == tcell.KeyEscape:
		x.r.prompt = nil
	case k == tcell.KeyEnter || k == tcell.KeyCtrlS:
		x.r.prompt = nil
		o := ReplayOrder{Conn: x.conn, Pace: replayPaces[x.pace].name, Ignore: strings.Fields(x.fields[replayIgnore].field.GetText())}
		if url := strings.TrimSpace(x.fields[replayTo].field.GetText()); url != x.url {
			o.URL = url
		}
		x.r.replay(o)
	case k == tcell.KeyDown, k == tcell.KeyTab:
		x.row = (x.row + 1) % replayRows
	case k == tcell.KeyUp, k == tcell.KeyBacktab:
		x.row = (x.row + replayRows - 1) % replayRows
	case field != nil:
		field.key(e)
	case k == tcell.KeyRight, k == tcell.KeyRune && e.Rune() == ' ':
		x.pace = (x.pace + 1) % len(replayPaces)
	case k == tcell.KeyLeft:
		x.pace = (x.pace + len(replayPaces) - 1) % len(replayPaces)
	}
}

func (x *replayAsk) paste(text string) {
	if field := x.fields[x.row]; field != nil {
		field.paste(text)
	}
}

func (x *replayAsk) hints() [][2]string {
	hints := [][2]string{{"enter", "replay"}, {"esc", "cancel"}, {"↑↓", "row"}}
	if x.row == replayPace {
		hints = append(hints, [2]string{"←→", "choose"})
	}
	return hints
}

// draw draws the dialog above the line r and on it.
func (x *replayAsk) draw(p draw.Painter, r rect) {
	const label = 10
	height := replayRows + 2
	inner := pane(p, rect{r.x, r.y - height + 1, r.width, height}, draw.Text("replay #"+draw.Grouped(x.conn), draw.Title), nil, true)
	for n, name := range [replayRows]string{"to", "pace", "ignore"} {
		mark, style := "  ", draw.Plain
		if n == x.row {
			mark, style = "› ", draw.Accent
		}
		text := ""
		if n == replayPace {
			pace := replayPaces[x.pace]
			text = "‹ " + draw.Cut(pace.name+": "+pace.words, max(0, inner.width-label-5)) + " ›"
		}
		p.Line(inner.x, inner.y+n, inner.width, draw.Line{{Text: mark + draw.Fit(name, label-2), Style: draw.Strong}, {Text: text, Style: style}}, draw.Normal)
	}
	for n, field := range x.fields {
		if field != nil && n != x.row {
			field.field.SetRect(inner.x+label, inner.y+n, max(1, inner.width-label-1), 1)
			field.field.Draw(p.Screen)
		}
	}
	p.Screen.HideCursor()
	if field := x.fields[x.row]; field != nil {
		field.field.SetRect(inner.x+label, inner.y+x.row, max(1, inner.width-label-1), 1)
		field.field.Draw(p.Screen)
	}
}
