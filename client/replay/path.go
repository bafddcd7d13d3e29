package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Path leads to one value of a JSON text.
type Path struct {
	text  string
	steps []any // names and indices
}

// maxSteps bounds the length of a path.
const maxSteps = 60

// ParsePath reads a path such as $.user.tokens[0] or $['access token'].
func ParsePath(text string) (Path, error) {
	p := Path{text: text}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return Path{}, fmt.Errorf("path %q does not begin with $, as in $.a.b", text)
	}
	for rest != "" {
		var step string
		switch {
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return Path{}, fmt.Errorf("path %q: the name at %q has no end", text, rest)
			}
			p.steps = append(p.steps, rest[2:2+end])
			rest = rest[2+end+2:]
		case rest[0] == '[':
			step, rest, ok = strings.Cut(rest[1:], "]")
			n, err := strconv.ParseUint(step, 10, 31)
			if err != nil || !ok {
				return Path{}, fmt.Errorf("path %q: [%s] is no index, a number from 0", text, step)
			}
			p.steps = append(p.steps, int(n))
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if step = rest[1:end]; step == "" || step == "*" {
				return Path{}, fmt.Errorf("path %q has to lead to one value, by names and indices", text)
			}
			p.steps = append(p.steps, step)
			rest = rest[end:]
		default:
			return Path{}, fmt.Errorf("path %q: %q is neither .name nor [index]", text, rest)
		}
		if len(p.steps) > maxSteps {
			return Path{}, fmt.Errorf("path %q has more than %d steps", text, maxSteps)
		}
	}
	return p, nil
}

// String returns the text the path was made of.
func (p Path) String() string { return p.text }

// maxJSON bounds the texts that are read as JSON, in bytes.
const maxJSON = 16 << 20

// find returns the value p leads to in a payload: the text of a string, otherwise
// the value as it is written. What stands before an object or an array, as the
// number of a Socket.IO packet, does not count.
func (p Path) find(payload []byte) (string, bool) {
	if len(payload) > maxJSON {
		return "", false
	}
	begin := bytes.IndexAny(payload, "{[")
	if begin < 0 {
		return "", false
	}
	value := json.RawMessage(payload[begin:])
	for _, step := range p.steps {
		switch step := step.(type) {
		case string:
			var object map[string]json.RawMessage
			if json.Unmarshal(value, &object) != nil {
				return "", false
			}
			var ok bool
			if value, ok = object[step]; !ok {
				return "", false
			}
		case int:
			var array []json.RawMessage
			if json.Unmarshal(value, &array) != nil || step >= len(array) {
				return "", false
			}
			value = array[step]
		}
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, true
	}
	return string(bytes.TrimSpace(value)), true
}
