package control

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// query are the parameters of a request.
type query struct{ values url.Values }

// parseQuery reads the parameters, each of them one of names and given once.
func parseQuery(raw string, names []string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, badRequest("escape the values, as with curl --get --data-urlencode", "the query cannot be read: %v", err)
	}
	for name, all := range values {
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			return query{}, badRequest("leave it out", "there is no parameter %q", name)
		case !slices.Contains(names, name):
			return query{}, badRequest("use "+strings.Join(names, ", "), "there is no parameter %q", name)
		case len(all) > 1:
			return query{}, badRequest("give it once", "%q is given %d times", name, len(all))
		}
	}
	return query{values}, nil
}

func (q query) has(name string) bool { return q.values.Has(name) }

func (q query) text(name string) string { return q.values.Get(name) }

// number reads a number, which is 0 when it is not given.
func (q query) number(name string) (uint64, error) {
	if !q.has(name) {
		return 0, nil
	}
	n, err := strconv.ParseUint(q.text(name), 10, 64)
	if err != nil {
		return 0, badRequest("give a whole number from 0 up", "%s=%q is no number", name, q.text(name))
	}
	return n, nil
}

// maxCount bounds what can be asked for at a time.
const maxCount = 1 << 30

// count reads a number of things, which is 0 when it is not given.
func (q query) count(name string) (int, error) {
	n, err := q.number(name)
	if err == nil && (n > maxCount || n == 0 && q.has(name)) {
		return 0, badRequest("give a number from 1 up to "+strconv.Itoa(maxCount), "%s=%q asks for nothing, or too much", name, q.text(name))
	}
	return int(n), err
}

// flag reads whether something is wanted.
func (q query) flag(name string) (bool, error) {
	switch q.text(name) {
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	case "":
		return q.has(name), nil
	}
	return false, badRequest("use 1 or 0", "%s=%q is neither yes nor no", name, q.text(name))
}

// side reads who must have sent something, nil for both.
func (q query) side(name string) (*frame.Side, error) {
	if !q.has(name) {
		return nil, nil
	}
	side := new(frame.Side)
	if err := side.UnmarshalText([]byte(q.text(name))); err != nil {
		return nil, badRequest("use client or server", "%s=%q is no side", name, q.text(name))
	}
	return side, nil
}
