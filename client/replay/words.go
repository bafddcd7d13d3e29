package replay

// alphabet is which bytes words are made of.
type alphabet [256]bool

// alphabets are those in which ids are looked for, one after the other: what stands
// between separators of any kind, and between those of JSON.
var alphabets = []*alphabet{
	letters(func(c byte) bool { return c == '-' || c == '_' }),
	letters(func(c byte) bool {
		return c > ' ' && c != '"' && c != ',' && c != '{' && c != '}' && c != '[' && c != ']' && c != '\\'
	}),
}

// letters returns the alphabet of letters, digits and others.
func letters(others func(byte) bool) *alphabet {
	a := new(alphabet)
	for i := range a {
		c := byte(i)
		a[i] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || others(c)
	}
	return a
}

// words returns a function that returns the next word of p with what is before it.
// Behind the last word it returns what is left and false.
func words(p []byte, in *alphabet) func() (before, word []byte, more bool) {
	return func() (before, word []byte, more bool) {
		start := 0
		for start < len(p) && !in[p[start]] {
			start++
		}
		end := start
		for end < len(p) && in[p[end]] {
			end++
		}
		before, word = p[:start], p[start:end]
		p = p[end:]
		return before, word, end > start
	}
}

// all reports whether p is one word.
func all(p []byte, in *alphabet) bool {
	for _, c := range p {
		if !in[c] {
			return false
		}
	}
	return len(p) > 0
}

const (
	// shortestID and longestID are how long a word is that may be an id; without
	// digits it has to be longer.
	shortestID, longestID, shortestWord = 5, 2048, 16
)

// identifies reports whether a word looks like an id, a token or a time.
func identifies(word []byte) bool {
	if len(word) < shortestID || len(word) > longestID {
		return false
	}
	for _, c := range word {
		if c >= '0' && c <= '9' {
			return true
		}
	}
	return len(word) >= shortestWord
}
