package inspector

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

// command is one that can be typed behind a colon.
type command struct {
	name, usage, help string
	// offers are what its argument can be.
	offers []string
	// run does it and reports what is wrong with the argument, "" for nothing.
	run func(argument string) string
}

// commands are those there are.
func (r *root) commands() []command {
	key := func(a keys.Action) func(string) string {
		return func(string) string {
			r.act(a)
			return ""
		}
	}
	var themes []string
	for _, t := range draw.Themes() {
		themes = append(themes, t.Name)
	}
	return []command{
		{"NUMBER", "17", "go to the frame or connection of that number", nil, nil},
		{"TIME", "12:30:05", "go to the first message from then on", nil, nil},
		{"connections", "connections", "the list of connections", nil, key(keys.ToConns)},
		{"messages", "messages [CONN]", "the messages of a connection, or of all", nil, r.listMessages},
		{"statistics", "statistics", "statistics of the connection", nil, key(keys.ToStatistics)},
		{"queue", "queue", "the queue of held messages", nil, key(keys.ToQueue)},
		{"hold", "hold [EXPR] [limit 30s] [drop]", "hold messages that match, at most so long; hold off ends it", []string{"off"}, r.holdCommand},
		{"replay", "replay [CONN]", "play the client of a connection again", nil, r.replayCommand},
		{"rules", "rules", "the rules in force", nil, key(keys.ToRules)},
		{"compose", "compose [CONN]", "compose a message and send it", nil, r.composeCommand},
		{"kill", "kill [CONN]", "end a connection", nil, r.killCommand},
		{"events", "events", "the event log", nil, key(keys.ToEvents)},
		{"filter", "filter EXPR", "filter the list", nil, r.filterList},
		{"follow", "follow", "follow what comes", nil, key(keys.Follow)},
		{"diff", "diff CONN CONN", "compare two connections", nil, r.diffCommand},
		{"export", "export", "export to a file", nil, key(keys.Export)},
		{"save", "save", "save the payload to a file", nil, key(keys.Save)},
		{"note", "note", "write a note on the message", nil, key(keys.Note)},
		{"count", "count", "count the messages, however many there are", nil, r.countMessages},
		{"theme", "theme NAME", strings.Join(themes, ", "), themes, r.setTheme},
		{"mouse", "mouse on|off", "take the mouse from the terminal", []string{"on", "off"}, r.setMouse},
		{"help", "help", "what keys do here", nil, key(keys.ShowHelp)},
		{"quit", "quit", "leave the inspector", nil, func(string) string {
			r.leave()
			return ""
		}},
	}
}

// command asks for a command.
func (r *root) command(text string) {
	r.enter(&line{label: ":", past: &r.past, complete: r.completeCommand, done: func(text string) bool {
		fault := r.run(strings.TrimSpace(text))
		if fault != "" {
			r.tell(draw.Bad, fault)
		}
		return true
	}}, text)
}

// run does a command and returns what is wrong with it.
func (r *root) run(text string) string {
	if text == "" {
		return ""
	}
	if number, err := strconv.ParseUint(strings.ReplaceAll(text, ",", ""), 10, 64); err == nil {
		return r.goToNumber(number)
	}
	if at, ok := r.parseTime(text); ok {
		return r.goToTime(at)
	}
	name, argument, _ := strings.Cut(text, " ")
	var found []command
	for _, c := range r.commands() {
		if c.run == nil {
			continue
		}
		if c.name == name {
			return c.run(strings.TrimSpace(argument))
		}
		if strings.HasPrefix(c.name, name) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return "there is no command " + strconv.Quote(name) + "; help lists them"
	case 1:
		return found[0].run(strings.TrimSpace(argument))
	}
	return strconv.Quote(name) + " could be " + found[0].name + " or " + found[1].name
}

func (r *root) completeCommand(text string) (offers []string) {
	name, argument, more := strings.Cut(text, " ")
	for _, c := range r.commands() {
		if c.run == nil {
			continue
		}
		if !more && strings.HasPrefix(c.name, name) {
			offers = append(offers, c.name)
		}
		if more && c.name == name {
			for _, o := range c.offers {
				if strings.HasPrefix(o, argument) {
					offers = append(offers, c.name+" "+o)
				}
			}
		}
	}
	return offers
}

// completeName returns a function that completes the last word of a filter.
func completeName(of filter.Subject) func(text string) []string {
	return func(text string) (offers []string) {
		at := strings.LastIndexFunc(text, func(r rune) bool {
			return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) + 1
		for _, n := range filter.Names(of) {
			if word := text[at:]; word != "" && strings.HasPrefix(n.Name, word) && n.Name != word {
				offers = append(offers, text[:at]+n.Name)
			}
		}
		slices.Sort(offers)
		return offers
	}
}

func (r *root) listMessages(argument string) string {
	if argument == "" {
		r.act(keys.ToMessages)
		return ""
	}
	conn, err := strconv.ParseUint(strings.TrimPrefix(argument, "#"), 10, 64)
	if err != nil || conn == 0 {
		return strconv.Quote(argument) + " is no number of a connection"
	}
	r.push(newMessages(r, conn))
	return ""
}

func (r *root) filterList(argument string) string {
	switch s := r.top().(type) {
	case *messages:
		f, verdict, style := messageFilter(argument)
		if style == draw.Bad {
			return verdict
		}
		s.filter(argument, f)
	case *connections:
		if verdict, style := s.setFilter(argument); style == draw.Bad {
			return verdict
		}
	default:
		return "there is nothing to filter here"
	}
	return ""
}

func (r *root) countMessages(string) string {
	m, ok := r.top().(*messages)
	if !ok {
		return "there are no messages to count here"
	}
	m.list.Count()
	return ""
}

func (r *root) setTheme(name string) string {
	t := draw.ThemeNamed(name)
	if t == nil {
		return "there is no theme " + strconv.Quote(name)
	}
	r.i.o.Theme = t
	return ""
}

func (r *root) setMouse(argument string) string {
	if argument != "on" && argument != "off" {
		return "mouse on, or mouse off"
	}
	// The application's lock is held while it draws, but not while it handles
	// keys.
	r.i.app.EnableMouse(argument == "on")
	return ""
}

// goToNumber goes to a connection or a message by its number.
func (r *root) goToNumber(n uint64) string {
	switch s := r.top().(type) {
	case *connections:
		s.list.jump(n)
	case *messages:
		s.list.To(n)
	default:
		return "there are no numbers to go to here"
	}
	return ""
}

func (r *root) goToTime(at time.Time) string {
	m, ok := r.top().(*messages)
	if !ok {
		return "there are no messages to go to here"
	}
	m.list.ToTime(at)
	return ""
}

// parseTime reads a time of day, of the day of the selected message, or a whole
// one.
func (r *root) parseTime(text string) (time.Time, bool) {
	zone := r.i.o.Zone
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, true
		}
	}
	day := time.Now()
	if m, ok := r.top().(*messages); ok {
		if row, ok := m.list.Selected(); ok && row.Message != nil {
			day = row.Message.Time
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			y, m, d := day.In(zone).Date()
			return time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone), true
		}
	}
	return time.Time{}, false
}
