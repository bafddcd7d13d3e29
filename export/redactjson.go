package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

const (
	// maxJSONDepth is how deep a path is followed.
	maxJSONDepth = 256
	// maxJSONNested is how many times JSON is looked for in strings of JSON.
	maxJSONNested = 3
)

// parseJSONPath reads "a.b[0].*[*]" as the keys and, in brackets, indexes.
func parseJSONPath(text string) ([]string, error) {
	var path []string
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "$."), ".") {
		key, index, _ := strings.Cut(part, "[")
		if key != "" {
			path = append(path, key)
		} else if index == "" {
			return nil, fmt.Errorf("path %q has an empty part", text)
		}
		if len(key) == len(part) {
			continue
		}
		for one := range strings.SplitSeq(index, "[") {
			number, closed := strings.CutSuffix(one, "]")
			if _, err := strconv.ParseUint(number, 10, 31); !closed || err != nil && number != "*" {
				return nil, fmt.Errorf("path %q: %q is no index", text, "["+one)
			}
			path = append(path, "["+number+"]")
		}
	}
	return path, nil
}

// plainKey is a key in the one form in which names are compared.
func plainKey(key string) string { return strings.ToLower(separators.Replace(key)) }

var separators = strings.NewReplacer("_", "", "-", "")

// jsonLevel is an object or array that the walk is in.
type jsonLevel struct {
	object bool
	key    string // the last one
	index  int
}

// jsonWalk goes through text that holds JSON: all of it, behind something else,
// or cut off. Nothing it finds is an error.
type jsonWalk struct {
	*Redactor
	p      []byte
	nested int
	levels []jsonLevel
	deeper int // levels that are not in levels
	clean  []byte
	done   int // bytes of p that are in clean
}

// json returns p without the secrets in JSON.
func (d *Redactor) json(p []byte, nested int) []byte {
	w := jsonWalk{Redactor: d, p: p, nested: nested}
	for i := 0; i < len(p); {
		i = w.step(i)
	}
	if w.done == 0 {
		return p
	}
	return append(w.clean, p[w.done:]...)
}

// step looks at the byte at i and returns where to go on.
func (w *jsonWalk) step(i int) int {
	switch c := w.p[i]; c {
	case '{', '[':
		if w.atPath() && w.inArray() {
			return w.replace(i)
		}
		w.push(c == '{')
	case '}', ']':
		w.pop()
	case ',':
		if w.inArray() {
			w.levels[len(w.levels)-1].index++
		}
	case '"':
		return w.quoted(i)
	case ' ', '\t', '\r', '\n', ':':
	default:
		if w.inArray() && w.atPath() {
			return w.replace(i)
		}
	}
	return i + 1
}

func (w *jsonWalk) push(object bool) {
	if len(w.levels) == maxJSONDepth {
		w.deeper++
		return
	}
	w.levels = append(w.levels, jsonLevel{object: object})
}

func (w *jsonWalk) pop() {
	switch {
	case w.deeper > 0:
		w.deeper--
	case len(w.levels) > 0:
		w.levels = w.levels[:len(w.levels)-1]
	}
}

func (w *jsonWalk) inArray() bool {
	return w.deeper == 0 && len(w.levels) > 0 && !w.levels[len(w.levels)-1].object
}

// quoted looks at the string that begins at i: a key with its value, or a value.
func (w *jsonWalk) quoted(i int) int {
	end := w.end(i)
	colon := w.space(end)
	if colon >= len(w.p) || w.p[colon] != ':' || w.inArray() {
		if w.inArray() && w.atPath() {
			return w.replace(i)
		}
		w.inside(i, end)
		return end
	}
	key := string(looseString(w.p[i:end]))
	if len(w.levels) > 0 && w.deeper == 0 {
		w.levels[len(w.levels)-1].key = key
	}
	value := w.space(colon + 1)
	if value >= len(w.p) {
		return value
	}
	switch rest := w.p[value:]; {
	case bytes.IndexByte([]byte(",:]}"), rest[0]) >= 0: // no value
	case w.atPath(), w.names[plainKey(key)] && !literal(rest):
		return w.replace(value)
	}
	return value
}

// literal reports whether p begins with a value that is no secret, whatever it is
// called.
func literal(p []byte) bool {
	return slices.ContainsFunc([]string{"true", "false", "null"}, func(word string) bool {
		return bytes.HasPrefix(p, []byte(word))
	})
}

// inside looks for JSON in the string p[i:end], and writes that string anew when
// there is a secret in it.
func (w *jsonWalk) inside(i, end int) {
	if w.nested == maxJSONNested || bytes.IndexByte(w.p[i:end], '\\') < 0 || bytes.IndexByte(w.p[i:end], '{') < 0 {
		return
	}
	var text string
	if json.Unmarshal(w.p[i:end], &text) != nil {
		return
	}
	before := w.count
	clean := w.json([]byte(text), w.nested+1)
	if w.count > before {
		w.put(i, end, frame.AppendString(nil, string(clean)))
	}
}

// replace takes the value that begins at i out, and returns where it ended.
func (w *jsonWalk) replace(i int) int {
	end := w.end(i)
	if string(w.p[i:end]) != `"`+Redacted+`"` {
		w.put(i, end, []byte(`"`+Redacted+`"`))
		w.count++
	}
	return end
}

func (w *jsonWalk) put(from, to int, text []byte) {
	w.clean = append(append(w.clean, w.p[w.done:from]...), text...)
	w.done = to
}

// end returns where the value that begins at i ends, at the latest with the text.
func (w *jsonWalk) end(i int) int {
	e := extent{bare: bytes.IndexByte([]byte(`{["`), w.p[i]) < 0}
	n, _ := e.step(w.p[i:])
	return i + max(n, 1)
}

func (w *jsonWalk) space(i int) int {
	for i < len(w.p) && bytes.IndexByte([]byte(" \t\r\n"), w.p[i]) >= 0 {
		i++
	}
	return i
}

// atPath reports whether the value that comes next is at one of the paths.
func (w *jsonWalk) atPath() bool {
	return w.deeper == 0 && slices.ContainsFunc(w.paths, func(path []string) bool {
		if len(path) != len(w.levels) {
			return false
		}
		for i, l := range w.levels {
			if !l.matches(path[i]) {
				return false
			}
		}
		return true
	})
}

func (l *jsonLevel) matches(part string) bool {
	switch {
	case part == "*":
		return true
	case l.object:
		return part == l.key
	}
	return part == "[*]" || part == "["+strconv.Itoa(l.index)+"]"
}
