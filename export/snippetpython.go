package export

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// pythonScript is Python with the package websockets.
type pythonScript struct{}

func (pythonScript) remark(b []byte, text string) []byte {
	return fmt.Appendf(b, "        # %s\n", oneLine(text))
}

func (pythonScript) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	b = append(b, `# pip install websockets
import asyncio
import websockets

headers = [
`...)
	for _, f := range headers {
		b = fmt.Appendf(b, "    (%s, %s),\n", quotedPython(f.Name), quotedPython(f.Value))
	}
	b = append(b, `]
# Version 14 gave the parameter its new name.
version = int(websockets.__version__.split(".")[0])
options = {"additional_headers" if version >= 14 else "extra_headers": headers}


async def receive(ws):
    try:
        async for message in ws:
            print("<", message)
    except websockets.ConnectionClosed:
        pass


async def main():
`...)
	b = fmt.Appendf(b, "    async with websockets.connect(%s, ", quotedPython(c.URL))
	if len(protocols) > 0 {
		b = append(b, "subprotocols=["...)
		for i, p := range protocols {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(b, quotedPython(p)...)
		}
		b = append(b, "], "...)
	}
	return append(b, `max_size=None, **options) as ws:
        reader = asyncio.create_task(receive(ws))
`...)
}

func (pythonScript) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	if problem := textProblem(m); problem != "" {
		return b, problem
	}
	if pause > 0 {
		b = fmt.Appendf(b, "        await asyncio.sleep(%s)\n", seconds(pause))
	}
	switch m.Type {
	case frame.Text:
		return fmt.Appendf(b, "        await ws.send(%s)\n", quotedPython(string(m.Payload))), ""
	case frame.Binary:
		return fmt.Appendf(b, "        await ws.send(%s)\n", quotedBytes(m.Payload)), ""
	case frame.Ping:
		return fmt.Appendf(b, "        await ws.ping(%s)\n", quotedBytes(m.Payload)), ""
	}
	if !m.Code.Sendable(frame.Client) {
		if m.Code != 0 {
			b = fmt.Appendf(b, "        # The code was %d, which no client may send.\n", m.Code)
		}
		return append(b, "        await ws.close()\n"...), ""
	}
	return fmt.Appendf(b, "        await ws.close(%d, %s)\n", m.Code, quotedPython(m.Reason)), ""
}

func (pythonScript) end(b []byte) []byte {
	return append(b, `        await reader
        print("closed", ws.close_code, ws.close_reason)


asyncio.run(main())
`...)
}

// seconds writes d as a number of seconds.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
