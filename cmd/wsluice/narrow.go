package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// narrowed returns the text of a filter over messages that selects what text
// does, but of connection conn and from one side only; 0 and nil stand for all,
// and so does an empty text.
func narrowed(text string, conn uint64, from *frame.Side) (string, error) {
	var conditions []string
	if conn != 0 {
		conditions = append(conditions, fmt.Sprintf("conn == %d", conn))
	}
	if from != nil {
		conditions = append(conditions, fmt.Sprintf("from == %s", from))
	}
	if text != "" {
		if _, err := filter.ParseMessages(text); err != nil {
			return "", filterFailure(err)
		}
		if len(conditions) == 0 {
			return text, nil
		}
		conditions = append(conditions, condition(text))
	}
	return strings.Join(conditions, " && "), nil
}

// condition returns a filter as an operand of &&: searches are none by
// themselves.
func condition(text string) string {
	// A comment at its end must not take the bracket with it.
	end := ")"
	if strings.Contains(text, "//") {
		end = "\n)"
	}
	// The second kind of brackets refuses those that only close and open the first.
	_, one := filter.ParseMessages("true && (" + text + end)
	_, other := filter.ParseMessages("any([" + text + "\n], #)")
	trimmed := strings.TrimSpace(text)
	switch {
	case one == nil && other == nil:
		return "(" + text + end
	case isSearch(`payload contains `, trimmed) && trimmed[0] == 'b':
		return "payload contains " + trimmed
	case isSearch(`payload contains `, trimmed):
		return "lower(payload) contains lower(" + trimmed + ")"
	}
	if inner, ok := strings.CutPrefix(trimmed, "/"); ok && len(inner) > 1 {
		if re, ok := strings.CutSuffix(inner, "/i"); ok {
			return "payload matches " + strconv.Quote("(?i)"+re)
		}
		if re, ok := strings.CutSuffix(inner, "/"); ok {
			return "payload matches " + strconv.Quote(re)
		}
	}
	return "lower(payload) contains lower(" + strconv.Quote(trimmed) + ")"
}

// isSearch reports whether trimmed is one text in quotes, of characters or bytes:
// no words are an operand.
func isSearch(operator, trimmed string) bool {
	if strings.ContainsAny(trimmed[len(trimmed)-1:], "\"'`") {
		_, err := filter.ParseMessages(operator + trimmed)
		return err == nil && strings.ContainsAny(strings.TrimPrefix(trimmed, "b")[:1], "\"'`")
	}
	return false
}
