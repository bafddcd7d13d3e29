package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// maxAnswers is how many messages one rule sends in answer to one.
const maxAnswers = 100

// answer sends messages back to who sent one, which the other side does not get
// unless pass is set.
type answer struct {
	pattern *pattern // nil when the message's text does not matter
	send    []reply
	steps   int // to parts of the message's JSON
	pass    bool
}

// reply is one message to send.
type reply struct {
	kind     frame.Opcode
	template template
}

// replyForms are those a reply can be written in.
var replyForms = []string{"text", "json", "base64"}

func readAnswer(r *reader, n *yaml.Node) action {
	a := new(answer)
	o := r.object(n, "answer", append([]string{"pattern", "pass", "send"}, replyForms...)...)
	if r.fault != nil {
		return a
	}
	if expression := o.fields["pattern"]; expression != nil {
		a.pattern = r.pattern(expression)
	}
	if pass := o.fields["pass"]; pass != nil {
		a.pass = r.flag(pass, "pass")
	}
	if r.fault != nil {
		return a
	}
	send := o.fields["send"]
	if send == nil {
		a.add(r, n)
		return a
	}
	for _, form := range replyForms {
		if o.fields[form] != nil {
			r.failAt(o.fields[form], "answer has both %s and send", form).suggest("write all there is to send into send")
		}
	}
	for i, item := range r.items(send, "send") {
		if i == maxAnswers {
			r.failAt(item, "send has more than %d messages", maxAnswers)
		}
		if r.fault == nil {
			r.object(item, "a message of send", replyForms...)
			a.add(r, item)
		}
	}
	return a
}

// add reads one message to send.
func (a *answer) add(r *reader, n *yaml.Node) {
	var found *yaml.Node
	form := ""
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		switch name := n.Content[i].Value; {
		case !slices.Contains(replyForms, name):
		case found != nil:
			r.failAt(n.Content[i+1], "a message is %s or %s, not both", form, name).suggest("send several as a list under send")
		default:
			form, found = name, n.Content[i+1]
		}
	}
	if r.fault != nil {
		return
	}
	var out reply
	switch form {
	case "":
		r.failAt(n, "there is nothing to answer").suggest("it can have %s", listed(replyForms))
	case "json":
		out = reply{frame.Text, r.jsonValue(found, a.pattern, true)}
	case "text":
		out = reply{frame.Text, r.template(found, r.text(found, "text"), a.pattern, true)}
	case "base64":
		data, err := base64.StdEncoding.DecodeString(r.text(found, "base64"))
		if err != nil && r.fault == nil {
			r.failAt(found, "base64 is not base64: %v", err)
		}
		out = reply{frame.Binary, template{{text: data}}}
	}
	a.send = append(a.send, out)
	a.steps += out.template.steps()
}

func (*answer) of() subject { return messages }

func (a *answer) does() string {
	out := "answers it"
	if len(a.send) > 1 {
		out = fmt.Sprintf("answers it with %d messages", len(a.send))
	}
	if a.pass {
		return out + " and passes it on"
	}
	return out + " in place of its receiver"
}

func (a *answer) act(w *walk) {
	s := source{payload: w.m.Payload}
	if a.pattern != nil {
		places, why := a.pattern.first(s.payload)
		if why != "" {
			w.use.failed(why)
		}
		if places == nil {
			return
		}
		s.places = places
	}
	if a.steps > 0 {
		var why string
		if s.json, why = open(s.payload, a.steps); why != "" {
			w.use.failed(why)
			return
		}
	}
	size := 0
	for _, known := range w.out.Answers {
		size += len(known.Payload)
	}
	var answers []Answer
	for _, to := range a.send {
		payload, why := to.template.fill(nil, &s)
		if size += len(payload); size > MaxResult {
			why = tooLarge
		}
		if why != "" {
			w.use.failed(why)
			return
		}
		if to.kind == frame.Text {
			payload = bytes.ToValidUTF8(payload, []byte("\uFFFD"))
		}
		answers = append(answers, Answer{to.kind, payload})
	}
	if !w.take() {
		return
	}
	w.out.Answers = append(w.out.Answers, answers...)
	if !a.pass {
		w.stop(Outcome{Drop: true})
	}
}
