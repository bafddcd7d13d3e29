package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// diffed is a comparison that is done.
type diffed struct {
	left, right *diffedConn
	rules       *compare.Rules
	result      *compare.Result
	facts       []fact // those that differ
}

// fact is one thing of two handshakes or two ends.
type fact struct {
	of          string // "handshake" or "end"
	name        string
	left, right string
}

// same reports whether the connections are.
func (d *diffed) same() bool { return len(d.facts) == 0 && d.result.Same() }

// keepDifferent leaves the facts that differ by the rules.
func (d *diffed) keepDifferent() {
	d.facts = slices.DeleteFunc(d.facts, func(f fact) bool {
		_, same := d.rules.Same(
			&frame.Message{Type: frame.Text, Payload: []byte(f.left)},
			&frame.Message{Type: frame.Text, Payload: []byte(f.right)})
		return same || d.rules.Detect && f.name == "response Date"
	})
}

// unlike are fields that are another for each handshake (RFC 6455 section 4.1).
var unlike = []string{"Sec-Websocket-Key", "Sec-Websocket-Accept"}

func handshakeFacts(a, b *frame.Connection) []fact {
	facts := []fact{
		{"handshake", "url", a.URL, b.URL},
		{"handshake", "status", number(a.Status), number(b.Status)},
		{"handshake", "subprotocol", a.Subprotocol, b.Subprotocol},
		{"handshake", "extensions", a.Extensions, b.Extensions},
		{"handshake", "body", string(a.Body), string(b.Body)},
	}
	for _, part := range []struct {
		name string
		a, b []frame.Field
	}{{"request ", a.Request, b.Request}, {"response ", a.Response, b.Response}} {
		for _, name := range fieldNames(part.a, part.b) {
			facts = append(facts, fact{"handshake", part.name + name, fieldValue(part.a, name), fieldValue(part.b, name)})
		}
	}
	return facts
}

// fieldNames returns the names of the fields that can be compared, in order.
func fieldNames(fields ...[]frame.Field) (names []string) {
	for _, f := range slices.Concat(fields...) {
		known := func(name string) bool { return strings.EqualFold(name, f.Name) }
		if !slices.ContainsFunc(names, known) && !slices.ContainsFunc(unlike, known) {
			names = append(names, f.Name)
		}
	}
	return names
}

// fieldValue returns the values of all fields with a name.
func fieldValue(fields []frame.Field, name string) string {
	var values []string
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", ")
}

func endFacts(a, b *frame.Connection) []fact {
	return []fact{
		{"end", "state", string(a.State), string(b.State)},
		{"end", "how", string(a.How), string(b.How)},
		{"end", "ended_by", string(a.EndedBy), string(b.EndedBy)},
		{"end", "code", number(int(a.Code)), number(int(b.Code))},
		{"end", "reason", a.Reason, b.Reason},
		{"end", "error", a.Error, b.Error},
	}
}

// number returns n in digits, nothing for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
