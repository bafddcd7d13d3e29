package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a filter and where.
type Error struct {
	// Text is the filter.
	Text string
	// Column is where the fault is, in characters of Text from 1.
	Column int
	// Message says what is wrong. It is in lower case and without characters
	// that could harm a terminal.
	Message string
	// Suggestion is what may have been meant or can be done, as a question or a
	// sentence without its full stop; it is empty when there is nothing to say.
	Suggestion string
}

// Error returns the message and the column.
func (e *Error) Error() string {
	return fmt.Sprintf("filter: %s at column %d", e.Message, e.Column)
}

// fault returns an Error at a place, which counts characters from 0.
func fault(source string, from int, format string, args ...any) *Error {
	column := min(max(from, 0), utf8.RuneCountInString(source)) + 1
	return &Error{Text: source, Column: column, Message: harmless(fmt.Sprintf(format, args...))}
}

func (e *Error) suggest(format string, args ...any) *Error {
	e.Suggestion = harmless(fmt.Sprintf(format, args...))
	return e
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

// nearest returns the candidate most like word, if one is like it.
func nearest(word string, candidates []string) (best string, ok bool) {
	least := max(1, min(3, len(word)/3)) + 1
	folded := strings.ToLower(word)
	for _, c := range candidates {
		d := distance(folded, strings.ToLower(c), least)
		if len(word) >= 4 && strings.Contains(strings.ToLower(c), folded) {
			d = min(d, 1)
		}
		if d < least {
			best, least, ok = c, d, true
		}
	}
	return best, ok
}

// distance returns how many letters have to be changed, added, left out or
// swapped with their neighbour to make b of a, or most when that is less.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d >= most || -d >= most || len(a) > 64 {
		return most
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return min(row[len(b)], most)
}
