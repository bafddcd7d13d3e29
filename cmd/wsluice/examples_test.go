package main

import (
	"os"
	"strings"
	"testing"
)

// TestExamples catches a command line in the documentation, or in a help text,
// that names a command or a flag that is not there.
func TestExamples(t *testing.T) {
	var lines []string
	for _, file := range []string{"../../README.md", "../../docs/intervene.md", "../../docs/rules.md", "../../docs/compare.md", "../../docs/serve.md", "../../docs/replay.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fenced := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			if !fenced && !strings.HasPrefix(line, "    ") {
				continue
			}
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if strings.HasPrefix(line, "wsluice ") {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) < 30 {
		t.Fatalf("only %d examples were found", len(lines))
	}
	for _, c := range new(program).root().Commands() {
		for line := range strings.Lines(c.Example) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "wsluice ") {
				lines = append(lines, line)
			}
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "wsluice run ") {
			continue // what follows is another command
		}
		root := new(program).root()
		c, args, err := root.Find(words(line)[1:])
		if err == nil {
			err = c.ParseFlags(args)
		}
		if err == nil && c.Args != nil {
			err = c.Args(c, c.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// words splits a line as a shell does, up to a comment, a pipe or a redirection.
func words(line string) (words []string) {
	var word strings.Builder
	var quote rune
	begun := false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			end()
		case strings.ContainsRune("#|>", r) && !begun:
			return words
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	return words
}
