package inspector

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// kill asks how a connection is to end, and ends it. If it is known to have ended
// already, it says so.
func (r *root) kill(conn uint64) {
	for i := range r.connections().list.list {
		if c := &r.connections().list.list[i]; c.ID == conn && c.State != frame.Open {
			r.tell(draw.Warning, endedWords(c))
			return
		}
	}
	if conn != 0 {
		r.askEnding(conn)
	}
}

// endedWords says that a connection is not under way.
func endedWords(c *frame.Connection) string {
	return fmt.Sprintf("connection #%d is not under way: it is %s", c.ID, c.State)
}

// killCommand ends the connection of that number, or that which is looked at.
func (r *root) killCommand(argument string) string {
	if argument == "" {
		r.act(keys.Kill)
		return ""
	}
	conn, err := strconv.ParseUint(strings.TrimPrefix(argument, "#"), 10, 64)
	if err != nil || conn == 0 {
		return strconv.Quote(argument) + " is no number of a connection"
	}
	r.kill(conn)
	return ""
}

func (r *root) askEnding(conn uint64) {
	r.ask(fmt.Sprintf("end connection #%d: c with a close frame  r with a TCP reset", conn), func(key rune) bool {
		switch key {
		case 'c':
			r.enter(&line{
				label: "close code and reason: ",
				changed: func(text string) (string, draw.Style) {
					e, fault := parseEnding(text)
					if fault != "" {
						return fault, draw.Bad
					}
					if e.Code != 0 && !(e.Code.Sendable(frame.Client) && e.Code.Sendable(frame.Server)) {
						return "illegal: " + endingWords(e), draw.Warning
					}
					return endingWords(e), draw.Good
				},
				done: func(text string) bool {
					e, fault := parseEnding(text)
					if fault == "" {
						r.confirmEnding(conn, e)
					}
					return fault == ""
				},
			}, "1001")
		case 'r':
			r.confirmEnding(conn, Ending{Reset: true})
		default:
			return false
		}
		return true
	})
}

func (r *root) confirmEnding(conn uint64, e Ending) {
	r.ask(fmt.Sprintf("end connection #%d with %s? y/n", conn, endingWords(e)), func(key rune) bool {
		if key == 'y' || key == 'Y' {
			r.end(conn, e)
		}
		return true
	})
}

// end ends a connection and says what became of it.
func (r *root) end(conn uint64, e Ending) {
	r.work = fmt.Sprintf("ending connection #%d…", conn)
	r.doer.do(0, func(ctx context.Context) {
		c, err := r.i.o.Source.Conn(ctx, conn)
		over := err == nil && c.State != frame.Open
		if err == nil && !over {
			err = r.i.o.Actions.Kill(ctx, conn, e)
		}
		r.i.post(func() {
			r.work = ""
			switch {
			case over:
				r.tell(draw.Warning, endedWords(&c))
			case err != nil:
				r.tell(draw.Bad, fmt.Sprintf("connection #%d: %s", conn, decode.Visible(err.Error())))
			default:
				r.tell(draw.Good, fmt.Sprintf("connection #%d was ended with %s", conn, endingWords(e)))
			}
		})
	})
}

// endingWords says how a connection ends.
func endingWords(e Ending) string {
	switch {
	case e.Reset:
		return "a TCP reset"
	case e.Code == 0:
		return "a close frame without a code"
	case e.Reason != "":
		return "close " + e.Code.String() + `, "` + decode.Visible(e.Reason) + `"`
	}
	return "close " + e.Code.String()
}

// reasonMost is how long the reason of a close frame may be (RFC 6455 section
// 5.5).
const reasonMost = frame.MaxControl - 2

// parseEnding reads a close code and a reason; nothing stands for no code. The
// fault is "" for none.
func parseEnding(text string) (e Ending, fault string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return e, ""
	}
	number, reason, _ := strings.Cut(text, " ")
	code, err := strconv.ParseUint(number, 10, 16)
	if e.Reason = strings.TrimSpace(reason); err != nil || code < 1000 || code > 4999 {
		return e, number + " is no code from 1000 to 4999"
	}
	e.Code = frame.CloseCode(code)
	switch {
	case !utf8.ValidString(e.Reason):
		return e, "the reason is not UTF-8"
	case len(e.Reason) > reasonMost:
		return e, fmt.Sprintf("the reason has %d bytes, more than %d", len(e.Reason), reasonMost)
	}
	return e, ""
}
