package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a text of rules and where.
type Error struct {
	// File is the name the text was given.
	File string
	// Line and Column count from 1, columns in characters.
	Line, Column int
	// Message says what is wrong, in lower case and without characters that
	// could harm a terminal.
	Message string
	// Suggestion is what may have been meant or can be done, as a question or a
	// sentence without its full stop; it is empty when there is nothing to say.
	Suggestion string
}

// Error returns file, line, column and message, parted by colons.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", harmless(e.File), e.Line, e.Column, e.Message)
}

func (e *Error) suggest(format string, args ...any) *Error {
	e.Suggestion = harmless(fmt.Sprintf(format, args...))
	return e
}

// suggestOne suggests the candidate most like word, or else names them all.
func (e *Error) suggestOne(word string, candidates []string) *Error {
	if like := nearest(word, candidates); like != "" {
		return e.suggest("did you mean %s?", like)
	}
	return e.suggest("it can be %s", listed(candidates))
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// harmless escapes what does not print.
func harmless(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// short returns at most so many characters of s, quoted.
func short(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strconv.Quote(s)
}

// nearest returns the candidate most like word, or "" when none is.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	best, least := "", max(1, min(3, len(word)/2))+1
	for _, c := range candidates {
		if d := distance(word, strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance returns how many letters have to be changed, added or left out to
// make b of a.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = slices.Min([]int{change, row[j] + 1, corner + 1})
		}
	}
	return row[len(b)]
}
