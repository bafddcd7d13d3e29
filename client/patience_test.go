package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// TestPatience catches a stage of Dial that waits for ever, or that goes on when
// its context has ended.
func TestPatience(t *testing.T) {
	// Each server keeps its connections, and has reached the stage when it says so.
	silent := func(before string, reads bool) func(chan<- struct{}) func(*forwarder, net.Conn) {
		return func(at chan<- struct{}) func(*forwarder, net.Conn) {
			return func(_ *forwarder, c net.Conn) {
				r := bufio.NewReader(c)
				if reads {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
				} else if _, err := r.Peek(1); err != nil {
					return
				}
				_, _ = io.WriteString(c, before)
				at <- struct{}{}
				_, _ = io.Copy(io.Discard, r)
			}
		}
	}
	for name, c := range map[string]struct {
		scheme, proxy string
		serve         func(chan<- struct{}) func(*forwarder, net.Conn)
	}{
		"TLS":           {"wss", "", silent("", false)},
		"answer":        {"ws", "", silent("", true)},
		"half answer":   {"ws", "", silent("HTTP/1.1 101 x\r\nUp", true)},
		"interim":       {"ws", "", silent("HTTP/1.1 100 Continue\r\n\r\n", true)},
		"http proxy":    {"ws", "http", silent("", true)},
		"half a proxy":  {"ws", "http", silent("HTTP/1.1 200", true)},
		"https proxy":   {"ws", "https", silent("", false)},
		"socks proxy":   {"ws", "socks5", silent("", false)},
		"half of socks": {"ws", "socks5", silent("\x05\x00", false)},
		"TLS by proxy":  {"wss", "http", silent("HTTP/1.1 200 OK\r\n\r\n", true)},
	} {
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
			t.Run(name+", "+cause.Error(), func(t *testing.T) {
				at := make(chan struct{}, 1)
				f := newForwarder(t, c.proxy, plainly, c.serve(at))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := client.Options{URL: c.scheme + "://" + f.url.Host, Timeout: -1}
				if c.proxy != "" {
					o.URL, o.Proxy = c.scheme+"://server.test", f.url
				}
				if cause == context.DeadlineExceeded {
					o.Timeout = 50 * time.Millisecond
				} else {
					go func() {
						<-at
						cancel()
					}()
				}
				conn, facts, err := client.Dial(ctx, o)
				if conn != nil || !errors.Is(err, cause) {
					t.Fatalf("error %v", err)
				}
				if facts.State != frame.Failed {
					t.Errorf("recorded %s", facts.State)
				}
			})
		}
	}
}

// TestBodyThatDoesNotEnd catches a refusal that is waited for as long as a server
// likes.
func TestBodyThatDoesNotEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := answering(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nwait")
		cancel()
	})
	_, _, err := client.Dial(ctx, client.Options{URL: url, Timeout: -1})
	var refused *client.Refused
	// What the context ended may be the waiting for the head or for the body.
	if !errors.As(err, &refused) && !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	url = answering(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nwait")
	})
	_, _, err = client.Dial(t.Context(), client.Options{URL: url, Timeout: -1})
	if !errors.As(err, &refused) || string(refused.Body) != "wait" {
		t.Errorf("error %v", err)
	}
}

// TestContextDoesNotOutliveDial catches a connection that ends with the context it
// was made with, or with the time for that.
func TestContextDoesNotOutliveDial(t *testing.T) {
	u := answering(t, func(c net.Conn, _ []string) {
		_, _ = io.WriteString(c, accepted+"\r\n")
		_, _ = io.ReadFull(c, make([]byte, 6))
		_, _ = io.WriteString(c, "\x81\x02hi")
	})
	ctx, cancel := context.WithCancel(t.Context())
	conn, _, err := client.Dial(ctx, client.Options{URL: u, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := conn.Send(frame.Draft{Type: frame.Text}, false); err != nil {
		t.Fatal(err)
	}
	if m := next(t, conn); string(m.Payload) != "hi" {
		t.Errorf("got %q", m.Payload)
	}
	_ = conn.Hangup()
}

// TestUnreachable catches an error that does not tell where it was to go.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for _, u := range []url.URL{{Scheme: "ws", Host: l.Addr().String()}, {Scheme: "wss", Host: "name.invalid:1"}} {
		conn, facts, err := client.Dial(t.Context(), client.Options{URL: u.String()})
		var reach *client.ConnectError
		if conn != nil || !errors.As(err, &reach) || reach.Address != u.Host || facts.State != frame.Failed || facts.Error == "" {
			t.Errorf("%v: %v", u, err)
		}
	}
}
