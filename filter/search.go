package filter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// folding is how a finder takes upper and lower case.
type folding uint8

const (
	exactly folding = iota
	// ignoringCase takes ASCII letters for ASCII letters only, other letters as
	// Unicode's simple case folding does.
	ignoringCase
)

// finder finds one text in others, in time linear in their length whatever they
// are. It is made once, never changes and takes no memory when it searches.
type finder struct {
	// lower is the text sought, with ASCII letters in lower case when case does
	// not matter.
	lower string
	fold  bool
	// anchor is the place of the byte that is searched for first, being the
	// rarest; first and second are the forms it has, which may be equal.
	anchor        int
	first, second byte
	// probe is the place of the next rarest byte, looked at before all others.
	probe int
	// back is the failure function of Knuth, Morris and Pratt over lower, for
	// texts in which the anchor turns out not to be rare.
	back []int32

	// runes is the text folded, when case does not matter and it holds letters
	// beyond ASCII. Then back is over runes, and a text without one of sure has
	// no match.
	runes []rune
	sure  []byte
}

func newFinder(sought string, how folding) *finder {
	f := &finder{lower: sought, fold: how == ignoringCase}
	if f.fold {
		f.lower = lowerASCII(sought)
		for i := range len(sought) {
			if sought[i] >= utf8.RuneSelf {
				return f.unicode(sought)
			}
		}
	}
	f.anchor = f.rarest(-1)
	if len(f.lower) > 0 {
		f.probe = f.rarest(f.anchor)
		f.first, f.second = f.lower[f.anchor], f.lower[f.anchor]
		if f.fold {
			f.second = upper(f.first)
		}
	}
	f.back = failures([]byte(f.lower))
	return f
}

// rarest returns the place of the rarest byte but the one at except; it is 0 when
// there is no other.
func (f *finder) rarest(except int) (place int) {
	least := 1 << 30
	for i := range len(f.lower) {
		c := f.lower[i]
		w := weights[c]
		if up := upper(c); f.fold && up != c {
			w += weights[up]
		}
		if w < least && i != except {
			least, place = w, i
		}
	}
	return place
}

// unicode prepares the search for a text with letters beyond ASCII.
func (f *finder) unicode(sought string) *finder {
	least := 1 << 30
	for rest := sought; rest != ""; {
		r, size := decode(rest)
		f.runes = append(f.runes, canonical(r))
		if seen, w := telling(r, rest[:size]); w < least {
			least, f.sure = w, seen
		}
		rest = rest[size:]
	}
	f.back = failures(f.runes)
	return f
}

// in reports whether s holds the text.
func (f *finder) in(s string) bool {
	switch {
	case f.runes != nil:
		return f.inUnicode(s)
	case len(s) < len(f.lower):
		return false
	case f.lower == "":
		return true
	}
	// The anchor can only be in s[at:end].
	at, end := f.anchor, len(s)-(len(f.lower)-1-f.anchor)
	one, two := following(s, at, end, f.first), -1
	if f.second != f.first {
		two = following(s, at, end, f.second)
	}
	probe := f.lower[f.probe]
	for tries := 0; one >= 0 || two >= 0; tries++ {
		here := one
		if one < 0 || two >= 0 && two < one {
			here = two
		}
		start := here - f.anchor
		if c := s[start+f.probe]; (c == probe || f.fold && lower[c] == probe) && f.matches(s[start:]) {
			return true
		}
		if tries > 16 && tries > start>>3 {
			return f.automaton(s[start:])
		}
		if here == one {
			one = following(s, here+1, end, f.first)
		} else {
			two = following(s, here+1, end, f.second)
		}
	}
	return false
}

// following returns where c is next in s[at:end], or -1.
func following(s string, at, end int, c byte) int {
	if i := strings.IndexByte(s[at:end], c); i >= 0 {
		return at + i
	}
	return -1
}

// matches reports whether s begins with the text; it is long enough.
func (f *finder) matches(s string) bool {
	if !f.fold {
		return s[:len(f.lower)] == f.lower
	}
	for i := range len(f.lower) {
		if lower[s[i]] != f.lower[i] {
			return false
		}
	}
	return true
}

// automaton searches s byte by byte.
func (f *finder) automaton(s string) bool {
	matched := 0
	for i := range len(s) {
		c := s[i]
		if f.fold {
			c = lower[c]
		}
		for matched > 0 && f.lower[matched] != c {
			matched = int(f.back[matched-1])
		}
		if f.lower[matched] == c {
			matched++
		}
		if matched == len(f.lower) {
			return true
		}
	}
	return false
}

// inUnicode searches s character by character.
func (f *finder) inUnicode(s string) bool {
	if !slices.ContainsFunc(f.sure, func(c byte) bool { return strings.IndexByte(s, c) >= 0 }) {
		return false
	}
	matched := 0
	for len(s) > 0 {
		r, size := decode(s)
		s = s[size:]
		r = canonical(r)
		for matched > 0 && f.runes[matched] != r {
			matched = int(f.back[matched-1])
		}
		if f.runes[matched] == r {
			matched++
		}
		if matched == len(f.runes) {
			return true
		}
	}
	return false
}

// failures returns, for every beginning of sought, the length of its longest
// proper beginning that is also its end.
func failures[T byte | rune](sought []T) []int32 {
	back := make([]int32, len(sought))
	for i := 1; i < len(sought); i++ {
		n := back[i-1]
		for n > 0 && sought[n] != sought[i] {
			n = back[n-1]
		}
		if sought[n] == sought[i] {
			n++
		}
		back[i] = n
	}
	return back
}

// decode returns the character s begins with. Bytes that are not UTF-8 are
// characters of their own, beyond Unicode.
func decode(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		r = unicode.MaxRune + 1 + rune(s[0])
	}
	return r, size
}

// canonical returns the one that stands for all characters equal to r when case
// does not matter.
func canonical(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower[byte(r)])
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		if other >= utf8.RuneSelf && other < least {
			least = other
		}
	}
	return least
}

// telling returns bytes of which one is in every text that holds r, which
// encoded is, in some case, and how common they are.
func telling(r rune, encoded string) (bytes []byte, total int) {
	forms := []string{encoded}
	if r < utf8.RuneSelf {
		forms = []string{string(rune(lower[byte(r)])), string(rune(upper(lower[byte(r)])))}
	}
	for other := unicode.SimpleFold(r); r >= utf8.RuneSelf && other != r; other = unicode.SimpleFold(other) {
		if other >= utf8.RuneSelf {
			forms = append(forms, string(other))
		}
	}
	for _, form := range forms {
		rarest := form[0]
		for i := range len(form) {
			if weights[form[i]] < weights[rarest] {
				rarest = form[i]
			}
		}
		if !slices.Contains(bytes, rarest) {
			bytes, total = append(bytes, rarest), total+weights[rarest]
		}
	}
	return bytes, total
}

// lower maps ASCII capitals to small letters and all other bytes to themselves.
var lower = func() (t [256]byte) {
	for c := range 256 {
		t[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			t[c] += 'a' - 'A'
		}
	}
	return t
}()

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

func lowerASCII(s string) string {
	out := make([]byte, len(s))
	for i := range len(s) {
		out[i] = lower[s[i]]
	}
	return string(out)
}

// common is the bytes of JSON in the order of how often they occur, roughly.
const common = "\"ea,:tinor0s1lcd 2um}{pb53_4h7689gfykv.-/wAxTSECDzIRNjBOMPLFUqHV[]KGYWXZQJ()+=&%@"

// weights are how many of 1000 bytes of JSON are this one, roughly.
var weights = func() (t [256]int) {
	for c := range t {
		t[c] = 1
	}
	for i := range len(common) {
		t[common[i]] = 2 + 90*(len(common)-i)*(len(common)-i)/(len(common)*len(common))
	}
	return t
}()
