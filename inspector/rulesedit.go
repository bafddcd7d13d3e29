package inspector

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// turn switches the selected rule on or off.
func (l *ruleList) turn() {
	rule := l.selected()
	if rule == nil {
		return
	}
	name, on := rule.Name, !rule.On
	l.changer.do(0, func(ctx context.Context) {
		err := l.r.i.o.Actions.SwitchRule(ctx, name, on)
		l.r.i.post(func() {
			if err != nil {
				l.r.tell(draw.Bad, decode.Visible(err.Error()))
				return
			}
			word := "off"
			if on {
				word = "on"
			}
			l.r.tell(draw.Good, "rule "+decode.Visible(name)+" is "+word)
			l.read()
		})
	})
}

// edit has the user edit the rules, or the text that was refused before.
func (l *ruleList) edit() {
	if l.err != nil || !l.loaded {
		l.r.tell(draw.Warning, l.nothing())
		return
	}
	if l.draft == "" {
		l.editText(l.book.Text)
		return
	}
	l.r.ask("edit: t the text that was refused  r the rules in force", func(key rune) bool {
		switch key {
		case 't':
			l.editText(l.draft)
		case 'r':
			l.draft = ""
			l.editText(l.book.Text)
		default:
			return false
		}
		return true
	})
}

func (l *ruleList) editText(text string) {
	if text == "" {
		text = "rules:\n"
	}
	l.r.outside([]byte(text), false, func(payload []byte) { l.put(string(payload)) })
}

// put puts a text in force. One that is refused is kept to be edited again.
func (l *ruleList) put(text string) {
	l.changer.do(0, func(ctx context.Context) {
		err := l.r.i.o.Actions.SetRules(ctx, text)
		l.r.i.post(func() {
			if err == nil {
				l.draft = ""
				l.r.tell(draw.Good, "the rules are in force; no file was written")
				l.read()
				return
			}
			l.draft = text
			l.r.ask(decode.Visible(err.Error())+": e edits again  esc keeps the text", func(key rune) bool {
				if key == 'e' {
					l.editText(l.draft)
				}
				return key == 'e'
			})
		})
	})
}

// add has the user write a rule for messages like the one that is selected.
func (l *ruleList) add() {
	if l.err != nil || !l.loaded {
		l.r.tell(draw.Warning, l.nothing())
		return
	}
	text := withRule(&l.book, l.r.example())
	l.r.outside([]byte(text), false, func(payload []byte) { l.put(string(payload)) })
}

// example returns the message that is selected in the screens behind, or nil.
func (r *root) example() *frame.Message {
	for _, s := range slices.Backward(r.stack) {
		switch s := s.(type) {
		case *messages:
			if row, ok := s.list.Selected(); ok && row.Message != nil {
				return row.Message
			}
		case *queue:
			if s.shown != nil {
				return &s.shown.Message
			}
		}
	}
	return nil
}

// withRule returns the text of a set of rules with a new one for messages like m
// at its end; m may be nil.
func withRule(b *RuleBook, m *frame.Message) string {
	text := b.Text
	if strings.TrimSpace(text) == "" {
		text = "rules:\n"
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	indent := "  "
	if len(b.Rules) > 0 {
		lines := strings.Split(b.Text, "\n")
		if at := b.Rules[0].Line - 1; at >= 0 && at < len(lines) {
			if before, _, ok := strings.Cut(lines[at], "- "); ok && strings.TrimSpace(before) == "" {
				indent = before
			}
		}
	}
	name, used := "new rule", func(name string) bool {
		return slices.ContainsFunc(b.Rules, func(r Rule) bool { return r.Name == name })
	}
	for n := 2; used(name); n++ {
		name = "new rule " + strconv.Itoa(n)
	}
	line := func(format string, args ...any) { text += indent + fmt.Sprintf(format, args...) + "\n" }
	line("- name: %s", name)
	line("  when: %s", quoteYAML(likeness(m)))
	if m != nil {
		line("  from: %s", m.From)
	}
	line("  drop: true # or another action: replace, delay, duplicate, truncate, answer, close …")
	return text
}

// quoteYAML writes a text of one line as a YAML scalar in single quotes.
func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// telling are the members by which messages in JSON usually tell what they are.
var telling = []string{"type", "event", "op", "method", "action", "kind", "cmd", "command", "channel", "topic", "e", "t"}

// likenessMost bounds the payloads that are read for a likeness, and the texts in
// one.
const (
	likenessMost = 64 << 10
	likenessText = 40
)

// likeness returns a filter that matches m and messages like it.
func likeness(m *frame.Message) string {
	if m == nil {
		return "size > 0"
	}
	text := likenessJSON(m)
	if text == "" {
		text = likenessOf(m)
	}
	if f, err := filter.ParseMessages(text); err != nil || !f.Match(m, &frame.Connection{ID: m.Conn}) {
		return "type == " + strconv.Quote(m.Type.String())
	}
	return text
}

func likenessOf(m *frame.Message) string {
	begin := string(m.Payload[:min(len(m.Payload), likenessText)])
	if m.Type != frame.Text || begin == "" || decode.Visible(begin) != begin {
		return ""
	}
	return "text startsWith " + strconv.Quote(begin)
}

func likenessJSON(m *frame.Message) string {
	var members map[string]json.RawMessage
	if len(m.Payload) > likenessMost || json.Unmarshal(m.Payload, &members) != nil {
		return ""
	}
	for _, name := range telling {
		var value string
		if json.Unmarshal(members[name], &value) == nil && value != "" && len(value) <= likenessText && decode.Visible(value) == value {
			return "json." + name + " == " + strconv.Quote(value)
		}
	}
	return ""
}
