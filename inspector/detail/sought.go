package detail

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// finder finds at most n matches in p, in ascending order and apart.
type finder func(p []byte, n int) [][]int

// newFinder returns what finds query.
func newFinder(query string) (finder, error) {
	if len(query) > MaxSought {
		return nil, fmt.Errorf("text to search for has %d bytes, more than %d", len(query), MaxSought)
	}
	sought := query
	switch body, flags, ok := slashes(query); {
	case query == "":
		return nil, errors.New("text to search for is empty")
	case ok:
		re, err := regexp.Compile(flags + body)
		if err != nil {
			return nil, fmt.Errorf("regular expression: %w", err)
		}
		return re.FindAllIndex, nil
	case len(query) > 3 && strings.HasPrefix(query, `b"`) && strings.HasSuffix(query, `"`):
		exact, err := strconv.Unquote(query[1:])
		if err != nil {
			return nil, fmt.Errorf("bytes to search for, %s: %w", query, err)
		}
		return exactly([]byte(exact)), nil
	case len(query) > 2 && query[0] == '"' && query[len(query)-1] == '"':
		if text, err := strconv.Unquote(query); err == nil {
			sought = text
		}
	}
	switch {
	case !utf8.ValidString(sought):
		return exactly([]byte(sought)), nil
	case strings.IndexFunc(sought, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return anyLetters([]rune(sought)), nil
	}
	return anyCase([]byte(sought)), nil
}

// slashes takes the slashes off a regular expression.
func slashes(query string) (body, flags string, ok bool) {
	flags = "(?m)"
	if strings.HasSuffix(query, "/i") {
		query, flags = query[:len(query)-1], "(?mi)"
	}
	if len(query) < 3 || query[0] != '/' || query[len(query)-1] != '/' {
		return "", "", false
	}
	return query[1 : len(query)-1], flags, true
}

func exactly(sought []byte) finder {
	return func(p []byte, n int) (found [][]int) {
		for at := 0; len(found) < n; {
			i := bytes.Index(p[at:], sought)
			if i < 0 {
				break
			}
			found = append(found, []int{at + i, at + i + len(sought)})
			at += i + len(sought)
		}
		return found
	}
}

// anyCase finds ASCII in any case.
func anyCase(sought []byte) finder {
	lower := bytes.ToLower(sought)
	// The rarest byte by a rough guess is looked for, the rest compared around it.
	rare := 0
	for i, c := range lower {
		if rarity(c) > rarity(lower[rare]) {
			rare = i
		}
	}
	both := []byte{lower[rare], bytes.ToUpper(lower[rare : rare+1])[0]}
	return func(p []byte, n int) (found [][]int) {
		var seen [2]int // where either form of the byte comes next
		next := func(form, from int) int {
			if seen[form] < from || seen[form] == 0 {
				seen[form] = len(p)
				if i := bytes.IndexByte(p[from:], both[form]); i >= 0 {
					seen[form] = from + i
				}
			}
			return seen[form]
		}
		for at := rare; at < len(p) && len(found) < n; {
			i := min(next(0, at), next(1, at))
			start := i - rare
			if start+len(lower) > len(p) {
				break
			}
			if equalASCII(p[start:start+len(lower)], lower) {
				found = append(found, []int{start, start + len(lower)})
				at = i + len(lower)
			} else {
				at = i + 1
			}
		}
		return found
	}
}

// anyLetters finds text with other letters than those of ASCII in any case.
func anyLetters(sought []rune) finder {
	// All forms of the first letter, and the bytes they begin with.
	var first []byte
	for _, r := range forms(sought[0]) {
		if c := string(r)[0]; bytes.IndexByte(first, c) < 0 {
			first = append(first, c)
		}
	}
	return func(p []byte, n int) (found [][]int) {
		seen := make([]int, len(first)) // where each comes next
		for i := range seen {
			seen[i] = -1
		}
		for at := 0; at < len(p) && len(found) < n; at++ {
			start := len(p)
			for i, c := range first {
				if seen[i] < at {
					seen[i] = len(p)
					if k := bytes.IndexByte(p[at:], c); k >= 0 {
						seen[i] = at + k
					}
				}
				start = min(start, seen[i])
			}
			at = start
			if size := foldedPrefix(p[start:], sought); size > 0 {
				found = append(found, []int{start, start + size})
				at += size - 1
			}
		}
		return found
	}
}

// foldedPrefix returns how many bytes of p are sought in any case, 0 when p begins
// otherwise.
func foldedPrefix(p []byte, sought []rune) (size int) {
	for _, want := range sought {
		r, n := utf8.DecodeRune(p[size:])
		if n == 0 || r == utf8.RuneError && n == 1 || !slices.Contains(forms(want), r) {
			return 0
		}
		size += n
	}
	return size
}

// forms returns a letter in every case: those of ASCII are equal only among
// themselves.
func forms(r rune) (all []rune) {
	all = append(make([]rune, 0, 4), r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if (f < utf8.RuneSelf) == (r < utf8.RuneSelf) {
			all = append(all, f)
		}
	}
	return all
}

// rarity ranks bytes by how seldom they are in payloads.
func rarity(c byte) int {
	switch {
	case strings.IndexByte(` "etaoinsr0`, c) >= 0:
		return 0
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte(",:{}[].", c) >= 0:
		return 1
	}
	return 2
}

func equalASCII(p, lower []byte) bool {
	for i, c := range p {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
