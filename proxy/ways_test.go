package proxy

import (
	"testing"

	"github.com/gorilla/websocket"
)

// Catches a way into the proxy that does not reach the server, or whose frames
// are not recorded.
func TestEcho(t *testing.T) {
	plain, secure := serve(t, false, echo), serve(t, true, echo)
	for name, url := range map[string]string{"ws": "ws://" + plain + "/x?y=z", "wss": "wss://" + secure + "/x?y=z"} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			c := r.dialWebSocket(url)
			for _, text := range []string{"", "hello", string(make([]byte, 100_000))} {
				if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
					t.Fatal(err)
				}
				_, got, err := c.ReadMessage()
				if err != nil || string(got) != text {
					t.Fatalf("echo of %d bytes: %d bytes, %v", len(text), len(got), err)
				}
			}
			_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "bye"))
			if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 1000) {
				t.Errorf("close: %v", err)
			}
			_ = c.Close()
			tape := r.recorder.ended(t, 1)
			if tape.conn.URL != url || tape.conn.Status != 101 || tape.conn.State != "open" {
				t.Errorf("recorded %s %d %s", tape.conn.URL, tape.conn.Status, tape.conn.State)
			}
			if len(tape.wire[0]) < 100_000 || len(tape.wire[1]) < 100_000 {
				t.Errorf("recorded %d and %d bytes", len(tape.wire[0]), len(tape.wire[1]))
			}
			if tape.end.How != "close" || tape.end.EndedBy != "client" {
				t.Errorf("ended %+v", tape.end)
			}
		})
	}
}
