//go:build e2e

package e2e

import (
	"encoding/json"
	"net/url"
)

// plan is what a client is told to do; see doc.go.
type plan struct {
	Case      string            `json:"case"`
	URL       string            `json:"url"`
	Deflate   bool              `json:"deflate,omitempty"`
	Protocols []string          `json:"protocols,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Origin    string            `json:"origin,omitempty"`
	Steps     []step            `json:"steps"`
}

// step is one thing a peer does.
type step struct {
	Do     string   `json:"do"`
	Type   string   `json:"type,omitempty"`
	Text   string   `json:"text,omitempty"`
	Base64 []byte   `json:"base64,omitempty"`
	Size   int      `json:"size,omitempty"`
	Texts  []string `json:"texts,omitempty"`
	Repeat int      `json:"repeat,omitempty"`
	Ping   string   `json:"ping,omitempty"`
	Count  int      `json:"count,omitempty"`
	Code   int      `json:"code"`
	Reason string   `json:"reason"`
}

func text(s string) step         { return step{Do: "send", Type: "text", Text: s} }
func binary(p []byte) step       { return step{Do: "send", Type: "binary", Base64: p} }
func noise(t string, n int) step { return step{Do: "send", Type: t, Size: n} }
func ping(s string) step         { return step{Do: "ping", Text: s} }
func receive(n int) step         { return step{Do: "receive", Count: n} }
func echo() step                 { return step{Do: "echo"} }

// fragments sends a text in fragments of 5000 bytes, more than the write buffer
// of any of the libraries, and a ping behind the first.
func fragments(ping string, letters ...string) step {
	return step{Do: "fragments", Texts: letters, Repeat: 5000, Ping: ping}
}

func closing(code int, reason string) step {
	return step{Do: "close", Code: code, Reason: reason}
}

// address returns the URL that makes the server at base play steps for a case.
func address(base, name string, steps ...step) string {
	query, err := json.Marshal(steps)
	if err != nil {
		panic(err) // steps are plain data
	}
	return base + "/" + name + "?steps=" + url.QueryEscape(string(query))
}
