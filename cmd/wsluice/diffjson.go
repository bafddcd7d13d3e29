package main

import (
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// diffLine is a line of JSON about a comparison. What are all lines of is told by
// "of": "handshake", "message", "end", "substitution", "detected" and, as the last
// one, "summary".
type diffLine struct {
	Of      string           `json:"of"`
	Name    capturedText     `json:"name,omitempty"`
	Outcome *compare.Outcome `json:"outcome,omitempty"`
	From    *frame.Side      `json:"from,omitempty"`
	Seqs    *diffSeqs        `json:"seq,omitempty"`
	As      *compare.Form    `json:"as,omitempty"`
	Changes []diffChange     `json:"changes,omitempty"`
	More    int              `json:"more_changes,omitempty"`
	Path    capturedText     `json:"path,omitempty"`
	Count   int              `json:"count,omitempty"`
	Left    *capturedText    `json:"left,omitempty"`
	Right   *capturedText    `json:"right,omitempty"`
	*diffSummary
}

// capturedText is text that is written harmlessly, as in all JSON of wsluice.
type capturedText string

// MarshalJSON writes t as frame.AppendString does.
func (t capturedText) MarshalJSON() ([]byte, error) { return frame.AppendString(nil, string(t)), nil }

// diffSeqs are the numbers of two messages; 0 is left out.
type diffSeqs struct {
	Left  uint64 `json:"left,omitempty"`
	Right uint64 `json:"right,omitempty"`
}

// diffChange is a change; bytes, and what is not UTF-8, are in base64.
type diffChange struct {
	Kind        compare.Kind  `json:"kind"`
	Path        capturedText  `json:"path"`
	Left        *capturedText `json:"left,omitempty"`
	Right       *capturedText `json:"right,omitempty"`
	LeftBase64  []byte        `json:"left_base64,omitempty"`
	RightBase64 []byte        `json:"right_base64,omitempty"`
}

// diffSummary says what came out.
type diffSummary struct {
	Same     bool           `json:"same"`
	Facts    int            `json:"handshake_and_end"`
	Messages map[string]int `json:"messages"`
}

// json writes a comparison as a JSON object a line.
func (d *diffed) json(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	facts := func(of string) error {
		for _, f := range d.facts {
			if f.of == of {
				if err := out.Encode(factLine(f)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := facts("handshake"); err != nil {
		return err
	}
	for _, p := range d.result.Pairs {
		if p.Outcome == compare.Same {
			continue
		}
		line := diffLine{Of: "message", Outcome: &p.Outcome, From: &p.From, Seqs: &diffSeqs{p.Left, p.Right}}
		if p.Outcome == compare.Differs {
			difference, err := d.result.Difference(p)
			if err != nil {
				return err
			}
			line.As, line.More = &difference.Form, difference.More
			for _, c := range difference.Changes {
				line.Changes = append(line.Changes, jsonChange(c, difference.Form == compare.Binary))
			}
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	if err := facts("end"); err != nil {
		return err
	}
	for _, s := range d.result.Substitutions {
		if err := out.Encode(diffLine{
			Of: "substitution", Left: captured(s.Left), Right: captured(s.Right), Path: capturedText(s.Path), Count: s.Count,
		}); err != nil {
			return err
		}
	}
	for _, path := range d.result.Detected {
		if err := out.Encode(diffLine{Of: "detected", Path: capturedText(path)}); err != nil {
			return err
		}
	}
	summary := diffSummary{Same: d.same(), Facts: len(d.facts), Messages: map[string]int{}}
	for outcome, n := range d.result.Count {
		summary.Messages[compare.Outcome(outcome).String()] = n
	}
	return out.Encode(diffLine{Of: "summary", diffSummary: &summary})
}

func factLine(f fact) diffLine {
	return diffLine{Of: f.of, Name: capturedText(f.name), Left: captured(f.left), Right: captured(f.right)}
}

func captured(s string) *capturedText {
	t := capturedText(s)
	return &t
}

// jsonChange makes a change of one in a message that is binary, or not.
func jsonChange(c compare.Change, binary bool) diffChange {
	out := diffChange{Kind: c.Kind, Path: capturedText(c.Path)}
	part := func(p compare.Part) (*capturedText, []byte) {
		switch {
		case p.Bytes == nil:
			return captured(p.Text), nil
		case binary || !utf8.Valid(p.Bytes):
			return nil, p.Bytes
		}
		return captured(string(p.Bytes)), nil
	}
	if c.Kind != compare.Added {
		out.Left, out.LeftBase64 = part(c.Left)
	}
	if c.Kind != compare.Removed {
		out.Right, out.RightBase64 = part(c.Right)
	}
	return out
}
