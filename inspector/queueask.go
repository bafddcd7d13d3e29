package inspector

import (
	"fmt"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/inspector/draw"
)

// The time a message is held when nothing is said, and at most.
const (
	holdUsually = 30 * time.Second
	holdMost    = time.Hour
)

// intercept begins a hold, after asking what it is to hold, or ends the one that
// is on.
func (r *root) intercept() {
	if r.hold.on {
		r.hold.end()
		return
	}
	if !r.status.Recording {
		r.tell(draw.Warning, "no proxy records this capture: there is nothing to hold")
		return
	}
	conn := r.lookedAt()
	r.enter(&line{
		label: "hold: ", past: &r.hold.past, complete: completeName(filter.OfMessages),
		changed: func(text string) (string, draw.Style) {
			o, fault := parseHold(text, conn)
			if fault != "" {
				return fault, draw.Bad
			}
			return holdWords(o), draw.Good
		},
		done: func(text string) bool {
			o, fault := parseHold(text, conn)
			if fault != "" {
				return false
			}
			r.hold.last = text
			r.hold.begin(o)
			return true
		},
	}, r.hold.last)
}

// holdCommand begins a hold without asking, or ends the one that is on.
func (r *root) holdCommand(argument string) string {
	switch {
	case argument == "off" && !r.hold.on:
		return "there is no hold of this inspector"
	case argument == "off":
		r.hold.end()
		return ""
	case !r.status.Recording:
		return "no proxy records this capture: there is nothing to hold"
	}
	o, fault := parseHold(argument, r.lookedAt())
	if fault == "" {
		r.hold.last = argument
		r.hold.begin(o)
	}
	return fault
}

// lookedAt returns the connection somebody looks at, 0 for none or all of them.
func (r *root) lookedAt() uint64 {
	for i := len(r.stack) - 1; i >= 0; i-- {
		switch s := r.stack[i].(type) {
		case *messages:
			return s.conn
		case *stats:
			return s.conn
		}
	}
	return 0
}

// parseHold reads what is to be held: a filter, then "limit" with a duration and
// "drop", each where it is wanted. No filter stands for everything on conn, or for
// everything when conn is 0. The fault is "" for none.
func parseHold(text string, conn uint64) (o HoldOrder, fault string) {
	rest := strings.TrimSpace(text)
	for again := true; again; {
		again = false
		if before, ok := cutWord(rest, "drop"); ok && !o.Drop {
			rest, o.Drop, again = before, true, true
		}
		at := strings.LastIndexByte(rest, ' ')
		before, ok := cutWord(rest[:max(at, 0)], "limit")
		if !ok || o.Limit != 0 {
			continue
		}
		d, err := time.ParseDuration(rest[at+1:])
		if err != nil || d <= 0 || d > holdMost {
			return o, "limit " + rest[at+1:] + " is no time up to 1h, such as 30s"
		}
		rest, o.Limit, again = before, d, true
	}
	if o.Filter = rest; rest == "" {
		if conn != 0 {
			o.Filter = fmt.Sprintf("conn == %d", conn)
		}
		return o, ""
	}
	if _, err := filter.ParseMessages(rest); err != nil {
		return o, filterFault(err)
	}
	return o, ""
}

// cutWord returns text without its last word, if it is that word.
func cutWord(text, word string) (before string, ok bool) {
	text = strings.TrimSpace(text)
	before, ok = strings.CutSuffix(text, word)
	if !ok || before != "" && !strings.HasSuffix(before, " ") {
		return text, false
	}
	return strings.TrimSpace(before), true
}

// holdWords says what is held and what falls when the time is up.
func holdWords(o HoldOrder) string {
	what, limit, then := "everything", o.Limit, "sent on"
	if o.Filter != "" {
		what = decode.Visible(o.Filter)
	}
	if limit == 0 {
		limit = holdUsually
	}
	if o.Drop {
		then = "dropped"
	}
	return fmt.Sprintf("holds %s, %s after %s", what, then, limit)
}
