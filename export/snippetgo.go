package export

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// goProgram is Go with the package github.com/gorilla/websocket.
type goProgram struct{}

func (goProgram) remark(b []byte, text string) []byte {
	return fmt.Appendf(b, "\t// %s\n", oneLine(text))
}

func (goProgram) open(b []byte, c *frame.Connection, headers []frame.Field, protocols []string) []byte {
	b = append(b, `// go get github.com/gorilla/websocket
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

func main() {
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, Subprotocols: []string{`...)
	for i, p := range protocols {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendQuoteToASCII(b, p)
	}
	b = append(b, "}}\n\tconn, _, err := dialer.Dial("...)
	b = strconv.AppendQuoteToASCII(b, c.URL)
	b = append(b, ", http.Header{\n"...)
	for _, f := range grouped(headers) {
		b = strconv.AppendQuoteToASCII(append(b, "\t\t"...), f.name)
		b = append(b, ": {"...)
		for i, v := range f.values {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendQuoteToASCII(b, v)
		}
		b = append(b, "},\n"...)
	}
	return append(b, `	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_, p, err := conn.ReadMessage()
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("< %q\n", p)
		}
	}()
	send := func(pause time.Duration, kind int, payload string) {
		time.Sleep(pause)
		if err := conn.WriteMessage(kind, []byte(payload)); err != nil {
			log.Fatal(err)
		}
	}
`...)
}

func (goProgram) send(b []byte, pause time.Duration, m *frame.Message) ([]byte, string) {
	kind := map[frame.Opcode]string{frame.Text: "Text", frame.Binary: "Binary", frame.Ping: "Ping", frame.Close: "Close"}[m.Type]
	wait := "0"
	if pause > 0 {
		wait = fmt.Sprintf("%d*time.Millisecond", pause.Milliseconds())
	}
	b = fmt.Appendf(b, "\tsend(%s, websocket.%sMessage, ", wait, kind)
	b = strconv.AppendQuoteToASCII(b, string(m.Payload))
	return append(b, ")\n"...), ""
}

func (goProgram) end(b []byte) []byte { return append(b, "\t<-done\n}\n"...) }
