package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/proxy"
)

// decision is what a line of stdin decides.
type decision struct {
	all bool // everything that is held; ids says nothing then
	ids []uint64
	proxy.Verdict
}

// verdictWords is how a decision is written for a person.
const verdictWords = "release ID…, drop ID…, release all, drop all or edit ID TEXT"

// parseDecision reads a line: a JSON object as POST /v1/verdict takes it, or
// short words.
func parseDecision(line []byte) (decision, error) {
	parse := parseWords
	if trimmed := bytes.TrimSpace(line); bytes.HasPrefix(trimmed, []byte("{")) {
		parse, line = parseVerdict, trimmed
	}
	d, err := parse(line)
	if err == nil && d.Action != proxy.Edit && (d.Payload != nil || d.Type != 0) {
		err = fmt.Errorf("to %s takes no text and no type", d.Action)
	}
	return d, err
}

func parseVerdict(line []byte) (d decision, err error) {
	var v struct {
		ID     *uint64      `json:"id"`
		IDs    []uint64     `json:"ids"`
		All    bool         `json:"all"`
		Action proxy.Action `json:"action"`
		Text   *string      `json:"text"`
		Base64 *string      `json:"base64"`
		Type   string       `json:"type"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err != nil {
		return d, err
	}
	if _, err := in.Token(); err != io.EOF {
		return d, errors.New("there is something behind the object")
	}
	if v.ID != nil {
		v.IDs = append(v.IDs, *v.ID)
	}
	d = decision{all: v.All, ids: v.IDs, Verdict: proxy.Verdict{Action: v.Action}}
	switch {
	case v.Text != nil && v.Base64 != nil:
		return d, errors.New("both text and base64 are given")
	case v.Text != nil:
		d.Payload = []byte(*v.Text)
	case v.Base64 != nil:
		if d.Payload, err = decodeBase64(*v.Base64); err != nil {
			return d, err
		}
		if d.Payload == nil {
			d.Payload = []byte{}
		}
	case v.Action == proxy.Edit:
		return d, errors.New("an edit needs text or base64")
	}
	if v.Type != "" {
		if err := d.Type.UnmarshalText([]byte(v.Type)); err != nil || !d.Type.Data() {
			return d, fmt.Errorf("type %q is neither text nor binary", v.Type)
		}
	}
	return d, d.check()
}

// check refuses what cannot be done.
func (d *decision) check() error {
	switch d.Action {
	case proxy.Release, proxy.Drop:
	case proxy.Edit:
		if d.all || len(d.ids) != 1 {
			return errors.New("an edit is for one id")
		}
	default:
		return unknownAction(d.Action)
	}
	if d.all == (len(d.ids) > 0) {
		return errors.New("give an id, several, or all")
	}
	return nil
}

func unknownAction(a proxy.Action) error {
	return fmt.Errorf("action %q is none of release, drop and edit", a)
}

// parseWords reads "release 7 8", "drop all" and "edit 7 TEXT", of which the text
// is all that follows one blank.
func parseWords(line []byte) (d decision, err error) {
	line = bytes.TrimLeft(line, " \t")
	action, rest, _ := bytes.Cut(line, []byte(" "))
	switch d.Action = proxy.Action(bytes.TrimRight(action, "\r")); d.Action {
	case proxy.Release, proxy.Drop:
	case proxy.Edit:
		id, text, ok := bytes.Cut(rest, []byte(" "))
		if !ok {
			return d, errors.New("an edit needs an id and a text")
		}
		rest, d.Payload = id, append([]byte{}, text...)
	default:
		return d, unknownAction(d.Action)
	}
	for word := range strings.FieldsSeq(string(rest)) {
		if word == "all" {
			d.all = true
			continue
		}
		id, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return d, fmt.Errorf("%q is no id", word)
		}
		d.ids = append(d.ids, id)
	}
	return d, d.check()
}
