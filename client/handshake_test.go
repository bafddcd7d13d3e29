package client_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// TestHandshake catches an answer that is taken though it breaks a rule, or
// refused though it does not, and an error that does not say why.
func TestHandshake(t *testing.T) {
	const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	for name, c := range map[string]struct {
		answer string
		want   string // "" when it is to be taken
	}{
		"right":              {accepted, ""},
		"any case":           {"HTTP/1.1 101 x\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\nsec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n", ""},
		"no upgrade":         {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" + accept, `field Upgrade is "", not websocket`},
		"other upgrade":      {"HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + accept, `field Upgrade is "h2c", not websocket`},
		"no connection":      {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" + accept, `field Connection is "" and has no Upgrade`},
		"other connection":   {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: not-upgrade\r\n" + accept, `field Connection is "not-upgrade" and has no Upgrade`},
		"no accept":          {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", `field Sec-WebSocket-Accept is "", not "s3p`},
		"wrong accept":       {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n", `field Sec-WebSocket-Accept is "x", not "s3p`},
		"two accepts":        {accepted + accept, `field Sec-WebSocket-Accept is "s3p`},
		"subprotocol":        {accepted + "Sec-WebSocket-Protocol: b\r\n", ""},
		"other subprotocol":  {accepted + "Sec-WebSocket-Protocol: c\r\n", `subprotocol "c" was not offered`},
		"subprotocol case":   {accepted + "Sec-WebSocket-Protocol: B\r\n", `subprotocol "B" was not offered`},
		"subprotocol twice":  {accepted + "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", `subprotocol "a, b" was not offered`},
		"empty subprotocol":  {accepted + "Sec-WebSocket-Protocol:\r\n", `subprotocol "" was not offered`},
		"extension":          {accepted + "Sec-WebSocket-Extensions: permessage-deflate\r\n", ""},
		"other extension":    {accepted + "Sec-WebSocket-Extensions: permessage-deflate, x-y\r\n", `extension "x-y" was not offered`},
		"no HTTP":            {"SSH-2.0-OpenSSH_9.9\r\n", `not an HTTP response: it begins with "SSH-2.0"`},
		"HTTP/2":             {"HTTP/2 101\r\n", `not an HTTP response`},
		"no status":          {"HTTP/1.1 abc\r\n", `not an HTTP response`},
		"no colon":           {accepted + "nonsense\r\n", `not an HTTP response`},
		"escape in a name":   {accepted + "a\x1b[2Jb: c\r\n", `not an HTTP response`},
		"escape in a value":  {"HTTP/1.1 101 x\r\nUpgrade: \x1b[2J\r\n", `not an HTTP response`},
		"interim for ever":   {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 12), "not an HTTP response but 10 interim ones"},
		"head without bound": {accepted + strings.Repeat("a: b\r\n", 100_000), "its head is over 262144 bytes"},
		"line without bound": {accepted + "a: " + strings.Repeat("b", 300_000) + "\r\n", "its head is over 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			url := answering(t, func(conn net.Conn, _ []string) { _, _ = io.WriteString(conn, c.answer+"\r\n") })
			conn, facts, err := client.Dial(t.Context(), client.Options{
				URL: url, Key: testKey, Subprotocols: []string{"a", "b"}, Offer: client.Offer{Deflate: true},
			})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.Hangup()
				return
			}
			if conn != nil {
				_ = conn.Abort()
			}
			var bad *client.HandshakeError
			if conn != nil || !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), url) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("the error %q could harm a terminal", err)
			}
			if facts.State != frame.Failed || facts.Error != err.Error() {
				t.Errorf("recorded %s, %q", facts.State, facts.Error)
			}
		})
	}
}

// TestAgreement catches an answer about compression that does not fit what was
// offered and is taken, or one that is read wrongly.
func TestAgreement(t *testing.T) {
	const all = "permessage-deflate; client_max_window_bits"
	both := func(client, server uint8) [2]uint8 { return [2]uint8{client, server} }
	for _, c := range []struct {
		offer, answer string
		want          string // of the error; "" for none
		bits          [2]uint8
		alone         [2]bool
	}{
		{all, "permessage-deflate", "", both(15, 15), [2]bool{}},
		{all, "PerMessage-Deflate ; server_no_context_takeover;client_no_context_takeover", "", both(15, 15), [2]bool{true, true}},
		{all, "permessage-deflate; client_max_window_bits=9; server_max_window_bits=8", "", both(9, 8), [2]bool{}},
		{all, `permessage-deflate; client_max_window_bits="10"`, "", both(10, 15), [2]bool{}},
		{all, ", permessage-deflate ,", "", both(15, 15), [2]bool{}},
		{"permessage-deflate", "permessage-deflate; client_max_window_bits=9", "client_max_window_bits was not offered", both(0, 0), [2]bool{}},
		{"permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=11", "client_max_window_bits is more than the 10 offered", both(0, 0), [2]bool{}},
		{"permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=9", "", both(9, 15), [2]bool{}},
		{"permessage-deflate; client_max_window_bits=10; client_no_context_takeover", "permessage-deflate", "", both(10, 15), [2]bool{true, false}},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate", "server_max_window_bits=10 was asked for and is not there", both(0, 0), [2]bool{}},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=11", "server_max_window_bits is more than the 10 asked for", both(0, 0), [2]bool{}},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10", "", both(15, 10), [2]bool{}},
		{"permessage-deflate; server_no_context_takeover", "permessage-deflate", "server_no_context_takeover was asked for and is not there", both(0, 0), [2]bool{}},
		{"permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits=12", "permessage-deflate; client_max_window_bits=12", "", both(12, 15), [2]bool{}},
		{"x-a, permessage-deflate", "x-a; b=1, permessage-deflate", "", both(15, 15), [2]bool{}},
		{"x-a", "permessage-deflate", `extension "permessage-deflate" was not offered`, both(0, 0), [2]bool{}},
		{"", "x-a", `extension "x-a" was not offered`, both(0, 0), [2]bool{}},
		{"permessage-deflate; nonsense", "permessage-deflate", "no offer has that form", both(0, 0), [2]bool{}},
		{all, "permessage-deflate, permessage-deflate", "permessage-deflate is there twice", both(0, 0), [2]bool{}},
		{all, "permessage-deflate; x", `parameter "x" is unknown`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_no_context_takeover=1", `parameter "server_no_context_takeover" has a value`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_no_context_takeover; Server_No_Context_Takeover", "is there twice", both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits", "server_max_window_bits has no value", both(0, 0), [2]bool{}},
		{all, "permessage-deflate; client_max_window_bits", "client_max_window_bits has no value", both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits=7", `is "7", not one of 8 to 15`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits=16", `is "16", not one of 8 to 15`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits=08", `is "08", not one of 8 to 15`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits=+9", `is "+9", not one of 8 to 15`, both(0, 0), [2]bool{}},
		{all, "permessage-deflate; server_max_window_bits=", `has the value ""`, both(0, 0), [2]bool{}},
		{all, `permessage-deflate; server_max_window_bits="9`, "does not end", both(0, 0), [2]bool{}},
		{all, "permessage-deflate server_max_window_bits=9", "neither comma nor semicolon", both(0, 0), [2]bool{}},
		{all, "permessage-deflate;", "no name of a parameter", both(0, 0), [2]bool{}},
		{all, "=", "no name of an extension", both(0, 0), [2]bool{}},
	} {
		url := answering(t, func(conn net.Conn, _ []string) {
			_, _ = io.WriteString(conn, accepted+"Sec-WebSocket-Extensions: "+c.answer+"\r\n\r\n")
		})
		conn, _, err := client.Dial(t.Context(), client.Options{URL: url, Key: testKey, Offer: client.Offer{Raw: c.offer}})
		if err != nil {
			if c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q to %q: %v, want %q", c.answer, c.offer, err, c.want)
			}
			continue
		}
		if c.want != "" {
			t.Errorf("%q to %q was taken, want %q", c.answer, c.offer, c.want)
		} else if e := conn.Extensions(); !e.Deflate || e.WindowBits != c.bits || e.NoContextTakeover != c.alone {
			t.Errorf("%q to %q: %+v", c.answer, c.offer, e)
		}
		_ = conn.Hangup()
	}
}

// TestFieldsDecide catches checks that are made against the options where fields
// of the request say otherwise.
func TestFieldsDecide(t *testing.T) {
	url := answering(t, func(conn net.Conn, _ []string) {
		_, _ = io.WriteString(conn, accepted+"Sec-WebSocket-Protocol: own\r\nSec-WebSocket-Extensions: x-own\r\n\r\n")
	})
	c, facts := dial(t, client.Options{URL: url, Subprotocols: []string{"a"}, Header: []frame.Field{
		{Name: "sec-websocket-key", Value: testKey}, {Name: "sec-websocket-protocol", Value: "own,other"}, {Name: "sec-websocket-extensions", Value: "x-own"},
	}})
	if facts.Subprotocol != "own" || c.Extensions().RSV() != 7 {
		t.Errorf("subprotocol %q, RSV bits %d", facts.Subprotocol, c.Extensions().RSV())
	}
}
