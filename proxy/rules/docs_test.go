package rules

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

const page = "../../docs/rules.md"

// TestDocumentation catches an example in docs/rules.md that is no rule, or does
// something else than it says there, and an action or a field nobody can read
// about.
func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```\n(?:```text\n(.*?)```\n)?").FindAllStringSubmatch(text, -1)
	used := make(map[string]bool)
	shown := 0
	for _, block := range blocks {
		rules := block[1]
		if !strings.Contains(rules, "rules:") {
			rules = "rules:\n" + rules
		}
		s, err := Parse("rules.md", []byte(rules))
		if err != nil {
			t.Errorf("%s\n%v", rules, err)
			continue
		}
		for _, word := range regexp.MustCompile(`[a-z]+:`).FindAllString(rules, -1) {
			used[strings.TrimSuffix(word, ":")] = true
		}
		for line := range strings.Lines(block[2]) {
			shown++
			before, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " -> ")
			if got := becomes(s, before); got != want {
				t.Errorf("%s\n%s becomes %s, not %s", rules, before, got, want)
			}
		}
	}
	if len(blocks) < 20 || shown < 16 {
		t.Errorf("%d examples with %d messages were found", len(blocks), shown)
	}
	for name := range actions {
		if !used[name] || !strings.Contains(text, "\n### "+name+"\n") {
			t.Errorf("%s is not explained", name)
		}
	}
	fields := strings.Fields("all delete set with text pattern json fixed jitter bits bytes code reason after messages time base64 send status headers body request response remove to host seed")
	for _, name := range append(fields, common...) {
		if !used[name] && !strings.Contains(text, "`"+name) {
			t.Errorf("the field %s is not explained", name)
		}
	}
}

// becomes says what becomes of a text as the page does.
func becomes(s *Set, payload string) string {
	c := s.Open(connection(1))
	o := c.Apply(text(frame.Client, payload), noon)
	var out []string
	for _, a := range o.Answers {
		said := string(a.Payload)
		if a.Type == frame.Binary {
			said = base64.StdEncoding.EncodeToString(a.Payload)
		}
		out = append(out, "answered "+said)
	}
	switch {
	case len(out) > 0:
		return strings.Join(out, ", ")
	case o.Drop:
		return "dropped"
	case o.Edited:
		return string(o.Payload)
	}
	return payload
}

// TestDocumentedMistake catches the mistake shown on the page when it is told in
// other words.
func TestDocumentedMistake(t *testing.T) {
	_, err := Parse("rules.yaml", []byte("rules:\n  - drop: true\n    when: json.type = \"ad\"\n"))
	data, readErr := os.ReadFile(page)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if !strings.Contains(string(data), fmt.Sprint(err)) {
		t.Errorf("the page does not show: %v", err)
	}
}
