package filter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// plainly finds sought in s the slow and certain way.
func plainly(s, sought string, how folding) bool {
	if how == exactly {
		return strings.Contains(s, sought)
	}
	return strings.Contains(foldAll(s), foldAll(sought))
}

// foldAll writes every character as the number of the least of those that are
// the same in another case, and every other byte as a number beyond.
func foldAll(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		least := r
		switch {
		case r == utf8.RuneError && size == 1:
			least = unicode.MaxRune + 1 + rune(s[0])
		case r < utf8.RuneSelf:
			least = unicode.ToLower(r)
		default:
			for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
				if o >= utf8.RuneSelf {
					least = min(least, o)
				}
			}
		}
		fmt.Fprintf(&out, "%d,", least)
		s = s[size:]
	}
	if out.Len() == 0 {
		return ""
	}
	return "," + out.String()
}

func checkFinder(t *testing.T, s, sought string) {
	t.Helper()
	for _, how := range []folding{exactly, ignoringCase} {
		if got, want := newFinder(sought, how).in(s), plainly(s, sought, how); got != want {
			t.Errorf("%q in %q, folding %d: %v", sought, s, how, got)
		}
	}
}

// TestFinder catches a text that is not found, or found where it is not: at the
// edges, in another case, in texts that repeat themselves.
func TestFinder(t *testing.T) {
	for _, test := range [][2]string{
		{"", ""}, {"", "a"}, {"a", ""}, {"a", "a"}, {"A", "a"}, {"ab", "b"}, {"xab", "AB"}, {"ababac", "abac"},
		{"[]{}", "{}"}, {"@`", "`"}, {"[", "{"}, // bytes that differ in the bit that letters differ in by case
		{"K", "k"}, {"\u212a", "k"}, {"k", "\u212a"}, {"ſ", "s"}, {"GRÖSSE größe", "Größe"}, {"ÀÉ", "àé"},
		{"ПРИВЕТ мир", "привет"}, {"ὈΔΥΣΣΕΎΣ", "ὀδυσσεύσ"}, {"Ⱥ", "ⱥ"}, {"ⱥx", "Ⱥx"}, {"ǅ", "ǆ"},
		{"caf\xe9", "\xe9"}, {"caf\xc3\xa9", "\xa9"}, {"é\xff", "É\xff"}, {"\xc3é", "é"},
	} {
		checkFinder(t, test[0], test[1])
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, alphabet := range []string{"ab", "aAbB", "aä\u00c4\xff", "eE ,\"", "kK\u212asSſ"} {
		letters := strings.SplitAfter(alphabet, "")
		text := func(n int) string {
			var b strings.Builder
			for range random.IntN(n) {
				b.WriteString(letters[random.IntN(len(letters))])
			}
			return b.String()
		}
		for range 3000 {
			checkFinder(t, text(60), text(6))
		}
	}
}

// TestFinderLinear catches a search that takes time by both lengths: without a
// bound, this one would look at 10^11 bytes.
func TestFinderLinear(t *testing.T) {
	for _, test := range []struct{ s, sought string }{
		{strings.Repeat("a", 16<<20), strings.Repeat("a", 8000) + "b"},
		{strings.Repeat("a", 16<<20), "b" + strings.Repeat("a", 8000)},
		{strings.Repeat("ab", 8<<20), strings.Repeat("ab", 4000) + "aa"},
		{strings.Repeat("ж", 1<<20), strings.Repeat("ж", 4000) + "б"},
	} {
		for _, how := range []folding{exactly, ignoringCase} {
			if newFinder(test.sought, how).in(test.s) {
				t.Errorf("found %.20q", test.sought)
			}
		}
	}
}

func FuzzFinder(f *testing.F) {
	f.Add("the quick brown fox", "Brown")
	f.Add("größe", "GRÖSSE")
	f.Add("\xff\xe9k", "K")
	f.Fuzz(checkFinder)
}
