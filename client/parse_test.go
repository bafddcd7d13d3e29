package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// FuzzResponse: whatever a server answers is a response or an error, within
// bounds, and nothing behind its head is taken.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x00"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 403 No\na: b\n c\n\nbody"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r := bufio.NewReader(bytes.NewReader(answer))
		a, err := readResponse(r)
		if err != nil {
			if !errors.Is(err, errNotHTTP) && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("error %v", err)
			}
			return
		}
		rest, _ := io.ReadAll(r)
		if !bytes.HasSuffix(answer, append(bytes.Clone(a.head), rest...)) {
			t.Fatalf("head %q and rest %q of %q", a.head, rest, answer)
		}
		for _, field := range a.fields {
			if field.Name == "" || strings.ContainsAny(field.Name+field.Value, "\r\n") {
				t.Fatalf("field %q of %q", field, a.head)
			}
		}
		if body := a.body(bufio.NewReader(bytes.NewReader(rest))); len(body) > maxBody {
			t.Fatalf("a body of %d bytes", len(body))
		}
		if _, err := a.check([]frame.Field{{Name: "Sec-WebSocket-Key", Value: "x"}}); err == nil && a.status == 0 {
			t.Fatal("a response without a status")
		}
	})
}

// FuzzAgree: no answer makes agree panic, or leaves windows a Conn cannot have; what
// is taken was offered.
func FuzzAgree(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", `permessage-deflate; client_max_window_bits="1\0"`)
	f.Add("a, b; c=d", "b")
	f.Fuzz(func(t *testing.T, offered, answered string) {
		e, err := agree(offered, answered)
		if err != nil {
			return
		}
		if e.Deflate && !strings.Contains(strings.ToLower(offered), deflateName) {
			t.Fatalf("%q was taken as an answer to %q", answered, offered)
		}
		for _, bits := range e.WindowBits {
			if e.Deflate && (bits < 8 || bits > 15) {
				t.Fatalf("windows %v of %q to %q", e.WindowBits, answered, offered)
			}
		}
		for _, name := range e.Unknown {
			if !strings.Contains(strings.ToLower(offered), strings.ToLower(name)) {
				t.Fatalf("%q is in use, %q was offered", name, offered)
			}
		}
	})
}

// A URL becomes where to connect to and what to ask for there.
func TestTarget(t *testing.T) {
	for text, want := range map[string]string{
		"ws://a":                    "a:80|a|/|ws://a/",
		"http://a/":                 "a:80|a|/|ws://a/",
		"wss://a":                   "a:443|a|/|wss://a/",
		"HTTPS://A:8443/B":          "A:8443|A:8443|/B|wss://A:8443/B",
		"ws://a:80/x?":              "a:80|a:80|/x?|ws://a:80/x?",
		"ws://a:/x":                 "a:80|a|/x|ws://a/x",
		"ws://[::1]/":               "[::1]:80|[::1]|/|ws://[::1]/",
		"ws://[::1]:81/":            "[::1]:81|[::1]:81|/|ws://[::1]:81/",
		"ws://[fe80::1%25eth0]:81/": "[fe80::1%eth0]:81|[fe80::1]:81|/|ws://[fe80::1]:81/",
		"ws://bücher.example/ü":     "xn--bcher-kva.example:80|xn--bcher-kva.example|/%C3%BC|ws://xn--bcher-kva.example/%C3%BC",
		"ws://a?q=ä\"x":             "a:80|a|/?q=%C3%A4\"x|ws://a/?q=%C3%A4\"x",
		"ws://u:p@a/":               "a:80|a|/|ws://a/",
		"ws://a/%zz":                `parse "ws://a/%zz": invalid URL escape "%zz"`,
		"a":                         `url "a": scheme "" is not ws, wss, http or https`,
		"ws:a":                      `url "ws:a" has no host`,
		"ws://:80":                  `url "ws://:80" has no host`,
		"ws://-ü-":                  `url "ws://-%C3%BC-": idna: `,
	} {
		got := ""
		if target, err := parseTarget(text); err != nil {
			got = err.Error()
		} else {
			got = strings.Join([]string{target.address, target.field, target.uri, target.String()}, "|")
		}
		if got != want && !(strings.HasSuffix(want, ": ") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// Proxies have ports by their schemes.
func TestProxyAddress(t *testing.T) {
	for text, want := range map[string]string{
		"http://a": "a:80", "https://a": "a:443", "socks5://a": "a:1080", "socks5h://[::1]": "[::1]:1080", "http://a:3128": "a:3128",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := proxyAddress(u); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// Only scheme, host and port together make an origin.
func TestSameOrigin(t *testing.T) {
	for text, want := range map[string]bool{
		"wss://a:8443/other?x": true, "https://A:8443": true,
		"ws://a:8443/": false, "wss://a/": false, "wss://b:8443/": false, "wss://a.b:8443/": false,
	} {
		from, _ := parseTarget("wss://a:8443/")
		if to, err := parseTarget(text); err != nil || from.sameOrigin(to) != want {
			t.Errorf("%s: %v, not %v; %v", text, !want, want, err)
		}
	}
}
