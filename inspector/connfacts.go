package inspector

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/draw"
)

// connectionFacts tells all that is known of a connection besides its messages.
func connectionFacts(c *frame.Connection, width int, zone *time.Location) []draw.Line {
	lines := []draw.Line{
		fact("URL", draw.Strong, decode.Visible(c.URL)),
		fact("state", stateStyle(c), stateWords(c)),
	}
	if c.Code != 0 {
		code := c.Code.String()
		if c.Reason != "" {
			code += fmt.Sprintf(`: "%s"`, decode.Visible(c.Reason))
		}
		line := fact("close", draw.Strong, code)
		if why := c.Code.Explanation(); line.Width()+2+draw.Width(why) < width {
			lines = append(lines, append(line, draw.Span{Text: "  " + why, Style: draw.Dim}))
		} else {
			lines = append(append(lines, line), wrapped("", why, width, draw.Dim)...)
		}
	}
	if c.Error != "" {
		lines = append(lines, wrapped("error", decode.Visible(c.Error), width, draw.Bad)...)
	}
	lines = append(lines, tlsFacts(c.TLS, width)...)
	lines = append(lines, nil)
	lines = append(lines, handshake(c, width)...)
	if len(c.Body) > 0 {
		lines = append(lines, nil, draw.Text(" body of the refusal", draw.Title))
		for l := range bytes.Lines(c.Body) {
			lines = append(lines, draw.Text(" "+decode.Visible(strings.TrimRight(string(l), "\r\n")), draw.Plain))
		}
	}
	lines = append(lines, nil)
	lines = append(lines, fact("time", draw.Plain, timeWords(c, zone)))
	if c.TLS != nil && c.TLS.Server != nil && c.TLS.Server.Subject != "" {
		leg := c.TLS.Server
		lines = append(lines, wrapped("certificate", fmt.Sprintf("%s, issued by %s, until %s", decode.Visible(leg.Subject),
			decode.Visible(leg.Issuer), leg.NotAfter.In(zone).Format("2006-01-02")), width, draw.Plain)...)
	}
	lines = append(lines, fact("peers", draw.Plain, decode.Visible(c.Client)+" → "+decode.Visible(orNone(c.Server))))
	if c.State != frame.Bypassed {
		for _, side := range [...]frame.Side{frame.Client, frame.Server} {
			lines = append(lines, fact(side.String(), draw.Plain, fmt.Sprintf("%s in %s, %s on the wire",
				draw.Counted(c.Messages[side], "message"), draw.Counted(c.Frames[side], "frame"), draw.Bytes(float64(c.Bytes[side])))))
		}
	}
	if c.Missing > 0 {
		lines = append(lines, fact("missing", draw.Warning, draw.Counted(c.Missing, "frame")+" were pruned or lost"))
	}
	if c.Subprotocol != "" {
		lines = append(lines, fact("protocol", draw.Plain, decode.Visible(c.Subprotocol)))
	}
	if c.Extensions != "" {
		lines = append(lines, wrapped("extensions", decode.Visible(c.Extensions), width, draw.Plain)...)
	}
	return lines
}

const factWidth = 11

func fact(name string, style draw.Style, value string) draw.Line {
	return draw.Line{{Text: " " + draw.Fit(name, factWidth) + " ", Style: draw.Name}, {Text: value, Style: style}}
}

// wrapped is a fact of as many lines as it takes.
func wrapped(name, value string, width int, style draw.Style) (lines []draw.Line) {
	room := max(20, width-factWidth-3)
	for value != "" || len(lines) == 0 {
		part := value
		if draw.Width(part) > room {
			part = draw.Text(value, style).Take(room).String()
			if space := strings.LastIndexByte(part, ' '); space > room/2 {
				part = part[:space+1]
			}
		}
		if part == "" {
			break
		}
		value = value[len(part):]
		lines = append(lines, fact(name, style, part))
		name = ""
	}
	return lines
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func stateStyle(c *frame.Connection) draw.Style {
	switch c.State {
	case frame.Open:
		return draw.Good
	case frame.Refused, frame.Failed:
		return draw.Bad
	}
	return draw.Plain
}

func stateWords(c *frame.Connection) string {
	switch c.State {
	case frame.Open:
		return "open"
	case frame.Refused:
		return fmt.Sprintf("refused: the server answered %d instead of 101", c.Status)
	case frame.Failed:
		return "failed: there was no answer to the handshake"
	case frame.Bypassed:
		return "passed as a tunnel, not looked at"
	}
	words := string(c.State)
	if how := endWords(c); how != "" {
		words += ": " + how
	}
	return words
}

// endWords says who ended a connection and how.
func endWords(c *frame.Connection) string {
	if c.EndedBy == "" {
		return ""
	}
	who := map[frame.Party]string{frame.ByClient: "the client", frame.ByServer: "the server", frame.ByProxy: "the proxy"}[c.EndedBy]
	switch c.How {
	case frame.ByClose:
		return who + " closed it with a close frame"
	case frame.ByFIN:
		return who + " ended the stream without a close frame"
	case frame.ByReset:
		return who + " reset the TCP connection"
	case frame.ByShutdown:
		return "wsluice was stopped"
	}
	return "by " + who + ", after an error"
}

func timeWords(c *frame.Connection, zone *time.Location) string {
	const day, clock = "2006-01-02 15:04:05.000", "15:04:05.000"
	text := c.Start.In(zone).Format(day)
	if !c.End.IsZero() {
		text += " to " + c.End.In(zone).Format(clock) + ", " + draw.Lapse(c.End.Sub(c.Start))
	}
	return text
}

func tlsFacts(t *frame.TLS, width int) (lines []draw.Line) {
	if t == nil {
		return nil
	}
	if leg := t.Client; leg != nil {
		lines = append(lines, wrapped("TLS client", tlsWords(leg)+", with a certificate of wsluice", width, draw.Plain)...)
	}
	if leg := t.Server; leg != nil {
		checked, style := "certificate verified", draw.Plain
		if !leg.Verified {
			checked, style = "certificate NOT verified", draw.Warning
		}
		lines = append(lines, wrapped("TLS server", tlsWords(leg)+", "+checked, width, style)...)
	}
	return lines
}

func tlsWords(leg *frame.TLSLeg) string {
	text := decode.Visible(leg.Version) + " " + decode.Visible(leg.Cipher)
	if leg.ALPN != "" {
		text += ", " + decode.Visible(leg.ALPN)
	}
	if leg.ServerName != "" {
		text += ", for " + decode.Visible(leg.ServerName)
	}
	return strings.TrimSpace(text)
}

// handshake shows both sides of it, beside each other where there is room.
func handshake(c *frame.Connection, width int) []draw.Line {
	request := headerLines("request", c.Request)
	response := headerLines("response", c.Response)
	if c.Status != 0 {
		response[0] = draw.Line{{Text: " response ", Style: draw.Title}, {Text: fmt.Sprint(c.Status), Style: draw.Strong}}
	}
	if width < 80 {
		return append(append(request, nil), response...)
	}
	return beside(request, response, width)
}

func headerLines(name string, fields []frame.Field) []draw.Line {
	lines := []draw.Line{draw.Text(" "+name, draw.Title)}
	for _, f := range fields {
		lines = append(lines, draw.Line{
			{Text: " " + decode.Visible(f.Name) + ": ", Style: draw.Name}, {Text: decode.Visible(f.Value)},
		})
	}
	return lines
}

// beside lays two texts out next to each other. What is too long for the left
// one goes on in the next line.
func beside(left, right []draw.Line, width int) (lines []draw.Line) {
	half := width / 2
	left, right = fold(left, half-2), fold(right, width-half-1)
	for i := range max(len(left), len(right)) {
		var l draw.Line
		if i < len(left) {
			l = append(l, left[i]...)
		}
		if i < len(right) {
			l = append(l, draw.Span{Text: strings.Repeat(" ", max(0, half-l.Width()))})
			l = append(l, right[i]...)
		}
		lines = append(lines, l)
	}
	return lines
}

// fold breaks lines that are too long, the rest of them indented.
func fold(lines []draw.Line, width int) (out []draw.Line) {
	for _, l := range lines {
		for l.Width() > width {
			out = append(out, l.Take(width))
			l = append(draw.Line{{Text: "   "}}, l.Skip(width)...)
		}
		out = append(out, l)
	}
	return out
}
