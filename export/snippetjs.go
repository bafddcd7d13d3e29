package export

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// script is what both kinds of JavaScript share.
type script struct{}

func (script) remark(b []byte, text string) []byte { return fmt.Appendf(b, "  // %s\n", oneLine(text)) }

// opening is the call of the constructor up to the options.
func (script) opening(c *frame.Connection, protocols []string) string {
	var b strings.Builder
	b.WriteString("const pause = (ms) => new Promise((done) => setTimeout(done, ms));\n")
	fmt.Fprintf(&b, "const ws = new WebSocket(%s, [", quotedScript(c.URL))
	for i, p := range protocols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quotedScript(p))
	}
	b.WriteByte(']')
	return b.String()
}

func (script) wait(b []byte, pause time.Duration) []byte {
	if pause > 0 {
		b = fmt.Appendf(b, "  await pause(%d);\n", pause.Milliseconds())
	}
	return b
}

// browserScript is JavaScript for the page or console of a browser.
type browserScript struct{ script }

func (s browserScript) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	if len(headers) > 0 {
		b = append(b, "// A browser sends its own header fields; of those captured it cannot be given:\n"...)
		for _, f := range headers {
			b = fmt.Appendf(b, "//   %s: %s\n", oneLine(f.Name), oneLine(f.Value))
		}
	}
	b = append(append(b, s.opening(c, protocols)...), ");\n"...)
	return append(b, `ws.binaryType = "arraybuffer";
ws.addEventListener("message", (e) => console.log("<", e.data));
ws.addEventListener("close", (e) => console.log("closed", e.code, e.reason));
ws.addEventListener("error", () => console.log("failed"));
ws.addEventListener("open", async () => {
`...)
}

func (s browserScript) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	if problem := textProblem(m); problem != "" {
		return b, problem
	}
	switch m.Type {
	case frame.Text:
		return fmt.Appendf(s.wait(b, pause), "  ws.send(%s);\n", quotedScript(string(m.Payload))), ""
	case frame.Binary:
		return fmt.Appendf(s.wait(b, pause), "  ws.send(Uint8Array.from(atob(%q), (c) => c.charCodeAt(0)));\n", base64.StdEncoding.EncodeToString(m.Payload)), ""
	case frame.Ping:
		return b, "a browser sends no pings"
	}
	b = s.wait(b, pause)
	switch {
	case m.Code == frame.NormalClosure || m.Code >= 3000 && m.Code <= 4999:
		return fmt.Appendf(b, "  ws.close(%d, %s);\n", m.Code, quotedScript(m.Reason)), ""
	case m.Code != 0:
		b = fmt.Appendf(b, "  // The code was %d, which a page may not send.\n", m.Code)
	}
	return append(b, "  ws.close();\n"...), ""
}

func (browserScript) end(b []byte) []byte { return append(b, "});\n"...) }

// nodeScript is JavaScript for Node.js with the package ws.
type nodeScript struct{ script }

func (s nodeScript) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	b = append(b, "// npm install ws\nconst WebSocket = require(\"ws\");\n"...)
	b = append(append(b, s.opening(c, protocols)...), ", {\n  headers: {\n"...)
	for _, f := range grouped(headers) {
		b = fmt.Appendf(b, "    [%s]: ", quotedScript(f.name))
		if len(f.values) == 1 {
			b = fmt.Appendf(b, "%s,\n", quotedScript(f.values[0]))
			continue
		}
		b = append(b, '[')
		for i, v := range f.values {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(b, quotedScript(v)...)
		}
		b = append(b, "],\n"...)
	}
	return append(b, `  },
});
ws.on("message", (data, isBinary) => console.log("<", isBinary ? data : data.toString()));
ws.on("close", (code, reason) => console.log("closed", code, reason.toString()));
ws.on("error", (error) => console.error(error.message));
ws.on("open", async () => {
`...)
}

func (s nodeScript) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	b = s.wait(b, pause)
	buffer := fmt.Sprintf("Buffer.from(%q, \"base64\")", base64.StdEncoding.EncodeToString(m.Payload))
	switch m.Type {
	case frame.Text:
		if textProblem(m) != "" {
			return fmt.Appendf(b, "  ws.send(%s, { binary: false });\n", buffer), ""
		}
		return fmt.Appendf(b, "  ws.send(%s);\n", quotedScript(string(m.Payload))), ""
	case frame.Binary:
		return fmt.Appendf(b, "  ws.send(%s);\n", buffer), ""
	case frame.Ping:
		return fmt.Appendf(b, "  ws.ping(%s);\n", buffer), ""
	}
	if !m.Code.Sendable(frame.Client) {
		if m.Code != 0 {
			b = fmt.Appendf(b, "  // The code was %d, which no client may send.\n", m.Code)
		}
		return append(b, "  ws.close();\n"...), ""
	}
	return fmt.Appendf(b, "  ws.close(%d, %s);\n", m.Code, quotedScript(m.Reason)), ""
}

func (nodeScript) end(b []byte) []byte { return append(b, "});\n"...) }

// oneLine is text without what would end a comment or hide in it.
func oneLine(text string) string {
	literal := quotedScript(text)
	return literal[1 : len(literal)-1]
}

// namedValues are the values of one header field.
type namedValues struct {
	name   string
	values []string
}

// grouped puts the values of a field together that comes more than once.
func grouped(fields []frame.Field) (groups []namedValues) {
next:
	for _, f := range fields {
		for i := range groups {
			if strings.EqualFold(groups[i].name, f.Name) {
				groups[i].values = append(groups[i].values, f.Value)
				continue next
			}
		}
		groups = append(groups, namedValues{f.Name, []string{f.Value}})
	}
	return groups
}
