package export

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quotedScript is s as a literal of JavaScript, and of Python as long as s is
// made of characters: all of it ASCII, and harmless within a page. Bytes that are
// not UTF-8 become U+FFFD.
func quotedScript(s string) string { return quoted(s, true) }

// quotedPython is s as a str literal of Python.
func quotedPython(s string) string { return quoted(s, false) }

func quoted(s string, surrogates bool) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == '<' && surrogates || r == 0x7F:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		case surrogates:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quotedBytes is p as a bytes literal of Python.
func quotedBytes(p []byte) string {
	var b strings.Builder
	b.WriteString(`b"`)
	for _, c := range p {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7F:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quotedShell is s as one word for a POSIX shell. No word can hold a NUL.
func quotedShell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
