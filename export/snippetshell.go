package export

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/frame"
)

// shellPipe is what the tools of the shell share: a pipe of what prints the
// messages and the tool that sends them.
type shellPipe struct{}

func (shellPipe) remark(b []byte, text string) []byte {
	return fmt.Appendf(b, "  # %s\n", oneLine(text))
}

// opening is the beginning of the pipe. The tool takes no message before it is
// connected, and gets a moment for that.
const opening = "{\n  sleep 1\n"

func (shellPipe) wait(b []byte, pause time.Duration) []byte {
	if pause > 0 {
		b = fmt.Appendf(b, "  sleep %s\n", seconds(pause))
	}
	return b
}

// wscatPipe is the command wscat, which sends the lines of its input as text.
type wscatPipe struct{ shellPipe }

func (wscatPipe) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	b = fmt.Appendf(b, "# npm install --global wscat\nset -- --connect %s", quotedWord(c.URL))
	for _, f := range headers {
		b = fmt.Appendf(b, " \\\n  --header %s", quotedWord(f.Name+": "+f.Value))
	}
	for _, p := range protocols {
		b = fmt.Appendf(b, " \\\n  --subprotocol %s", quotedWord(p))
	}
	return append(append(b, '\n'), opening...)
}

func (w wscatPipe) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	switch {
	case m.Type == frame.Ping:
		return b, "wscat sends what it is given as text"
	case m.Type == frame.Binary:
		return b, "wscat sends text only"
	case m.Type == frame.Close:
		return w.remark(b, "wscat closes by itself when its input ends"), ""
	case textProblem(m) != "":
		return b, textProblem(m)
	case bytes.ContainsFunc(m.Payload, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return b, "wscat takes lines as they are typed, without control characters"
	}
	b = w.wait(b, pause)
	return fmt.Appendf(b, "  %s\n", printed(string(m.Payload), `\n`)), ""
}

func (wscatPipe) end(b []byte) []byte { return append(b, "  sleep 1\n} | wscat \"$@\"\n"...) }

// websocatPipe is the command websocat. Messages end with a NUL, so that they may
// have lines; the prefixes tell text from binary.
type websocatPipe struct{ shellPipe }

// websocatLimit is the longest message it is told to take, in bytes.
const websocatLimit = 1 << 20

// A header takes its value behind an equals sign, as all words that follow one
// without are headers to websocat.
func (websocatPipe) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	b = fmt.Appendf(b, "set -- --null-terminated --text --text-prefix t: --binary-prefix b: --base64 -B %d", websocatLimit)
	for _, f := range headers {
		b = fmt.Appendf(b, " \\\n  --header=%s", quotedWord(f.Name+": "+f.Value))
	}
	if len(protocols) > 0 {
		b = fmt.Appendf(b, " \\\n  --protocol=%s", quotedWord(strings.Join(protocols, ", ")))
	}
	b = fmt.Appendf(b, " \\\n  %s\n", quotedWord(c.URL))
	return append(b, opening...)
}

func (w websocatPipe) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	switch {
	case m.Type == frame.Ping:
		return b, "websocat sends pings at fixed times only"
	case m.Type == frame.Close:
		return w.remark(b, "websocat closes by itself when its input ends"), ""
	case len(m.Payload) > websocatLimit/2:
		return b, "it is too long"
	case m.Type == frame.Binary:
		return fmt.Appendf(w.wait(b, pause), "  printf '%%s\\0' b:%s\n", base64.StdEncoding.EncodeToString(m.Payload)), ""
	case textProblem(m) != "":
		return b, textProblem(m)
	case bytes.IndexByte(m.Payload, 0) >= 0:
		return b, "it holds a NUL, which a word of the shell cannot"
	}
	return fmt.Appendf(w.wait(b, pause), "  %s\n", printed("t:"+string(m.Payload), `\0`)), ""
}

func (websocatPipe) end(b []byte) []byte { return append(b, "  sleep 1\n} | websocat \"$@\"\n"...) }

// printed is the command that prints s and then end, an escape of printf. What a
// terminal would not show as it is goes through escapes.
func printed(s, end string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return "printf '%s" + end + "' " + quotedShell(s)
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case unprintable(r):
			for _, c := range []byte(s[:size]) {
				fmt.Fprintf(&b, `\0%03o`, c)
			}
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return "printf '%b" + end + "' " + quotedShell(b.String())
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// quotedWord is s as one word, without what neither a URL nor a header field has.
func quotedWord(s string) string {
	return quotedShell(strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s))
}
