package proxy

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// httpClient is a client that uses the proxy.
func (r *rig) httpClient() *http.Client {
	proxy, _ := url.Parse("http://" + r.address)
	t := &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: r.dialer().TLSClientConfig, DisableCompression: true,
	}
	r.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// site returns the URL of a server with f for a handler.
func site(t *testing.T, secure bool, f http.HandlerFunc) string {
	address := serve(t, secure, f)
	if secure {
		return "https://" + address
	}
	return "http://" + address
}

// Catches a large body cut, changed or held up on its way, in either direction,
// and an exchange that is not logged once.
func TestLargeBodies(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		address := site(t, secure, func(w http.ResponseWriter, r *http.Request) {
			sum := sha256.New()
			n, _ := io.Copy(sum, r.Body)
			w.Header().Set("X-Sum", fmt.Sprintf("%d %x", n, sum.Sum(nil)))
			w.Header().Set("Content-Length", itoa(8<<20))
			_, _ = w.Write(bytes.Repeat([]byte("12345678"), 1<<20))
		})
		r := start(t)
		data := make([]byte, 8<<20+3)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		for _, length := range []int64{int64(len(data)), -1} {
			request, _ := http.NewRequest(http.MethodPost, address+"/up?x", io.NopCloser(bytes.NewReader(data)))
			request.ContentLength = length
			response, err := r.httpClient().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if n != 8<<20 || err != nil || response.ContentLength != n {
				t.Errorf("got %d of %d bytes, %v", n, response.ContentLength, err)
			}
			if want := fmt.Sprintf("%d %x", len(data), sha256.Sum256(data)); response.Header.Get("X-Sum") != want {
				t.Errorf("the server got %s, want %s", response.Header.Get("X-Sum"), want)
			}
		}
		r.stop()
		lines := r.logs.lines("msg=http ")
		if len(lines) != 2 || !strings.Contains(lines[0], "method=POST") || !strings.Contains(lines[0], "status=200") ||
			!strings.Contains(lines[0], "bytes=8388608") || !strings.Contains(lines[0], "duration=") || !strings.Contains(lines[0], address+"/up?x") {
			t.Errorf("logged %q", lines)
		}
		if n := r.recorder.count(); n > 0 {
			t.Errorf("%d connections are recorded", n)
		}
	})
}

// Catches events that wait in the proxy for more to come, the head of the
// response among them.
func TestEventsAreNotHeldBack(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		for _, kind := range []string{"text/event-stream", "application/x-ndjson"} {
			next := make(chan string)
			address := site(t, secure, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				_ = http.NewResponseController(w).Flush()
				for event := range next {
					_, _ = io.WriteString(w, event)
					_ = http.NewResponseController(w).Flush()
				}
			})
			r := start(t)
			response, err := r.httpClient().Get(address)
			if err != nil {
				t.Fatal(err)
			}
			events := bufio.NewReader(response.Body)
			for _, event := range []string{"data: 1\n", "data: 2\n"} {
				next <- event
				if got, err := events.ReadString('\n'); got != event {
					t.Errorf("got %q, %v", got, err)
				}
			}
			close(next)
			_ = response.Body.Close()
		}
	})
}

// Catches trailers lost in either direction.
func TestTrailers(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		address := site(t, secure, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body)
			w.Header().Set("X-Sum", "got "+r.Trailer.Get("X-Check"))
		})
		r := start(t)
		request, _ := http.NewRequest(http.MethodPut, address, io.NopCloser(strings.NewReader("body")))
		request.Trailer = http.Header{"X-Check": {"42"}}
		response, err := r.httpClient().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		if string(body) != "body" || response.Trailer.Get("X-Sum") != "got 42" {
			t.Errorf("got %q with %v", body, response.Trailer)
		}
	})
}

// Catches a body demanded before the server has agreed, or one it has refused.
func TestContinue(t *testing.T) {
	address := accept(t, false, func(c net.Conn) {
		w := newWire(t, c)
		for {
			head, err := http.ReadRequest(w.r)
			if err != nil {
				return
			}
			if head.URL.Path == "/no" {
				_, _ = io.WriteString(c, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			body, _ := io.ReadAll(head.Body)
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	})
	r := start(t)
	c := r.raw()
	c.send("POST http://" + address + "/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	if got := c.head(); got != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("got %q", got)
	}
	c.send("body")
	response := c.response(http.MethodPost)
	if body, _ := io.ReadAll(response.Body); string(body) != "body" {
		t.Errorf("got %s %q", response.Status, body)
	}
	c = r.raw()
	c.send("POST http://" + address + "/no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	response, err := http.ReadResponse(c.r, nil)
	for err == nil && response.StatusCode == http.StatusContinue {
		response, err = http.ReadResponse(c.r, nil)
	}
	if err != nil || response.StatusCode != http.StatusExpectationFailed {
		t.Errorf("got %v, %v", response, err)
	}
}

// Catches hints that the proxy keeps for itself.
func TestEarlyHints(t *testing.T) {
	const answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	address, _ := heads(t, false, answer)
	c := start(t).raw()
	c.send("GET http://" + address + "/ HTTP/1.1\r\nHost: x\r\n\r\n")
	c.expect(answer)
}

// Catches an answer that broke off on its way to the proxy but comes out of it
// as if it were whole.
func TestTruncatedBodyStaysTruncated(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		for _, answer := range []string{
			"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		} {
			address := accept(t, secure, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 1000))
				_, _ = io.WriteString(c, answer)
				_ = c.Close()
			})
			scheme := map[bool]string{false: "http://", true: "https://"}[secure]
			response, err := start(t).httpClient().Get(scheme + address)
			if err == nil {
				_, err = io.ReadAll(response.Body)
				_ = response.Body.Close()
			}
			if err == nil {
				t.Errorf("half of %q looks whole", answer)
			}
		}
	})
}

// Catches fields added to or taken from plain requests and answers.
func TestPlainArrivesAsSent(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n\x1f\x8b{}"
	address, got := heads(t, false, answer)
	r := start(t)
	for _, way := range ways(r, address) {
		c, target := way()
		c.send("GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\nProxy-Connection: keep-alive\r\nAccept-Encoding: br\r\n\r\n")
		_, path, found := strings.Cut(target, address)
		if !found {
			path = target
		}
		sameLines(t, "the server got", <-got, "GET "+path+" HTTP/1.1\r\nHost: "+address+"\r\nAccept-Encoding: br\r\n\r\n")
		sameLines(t, "the client got", c.head()+"\x1f\x8b{}", answer)
		_ = c.Close()
	}
}

// Catches one client's request on the connection of another, which a server that
// authenticates connections would take for the other's.
func TestUpstreamConnectionsAreNotShared(t *testing.T) {
	address := site(t, false, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	r := start(t)
	get := func(c *http.Client) string {
		response, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	one, other := r.httpClient(), r.httpClient()
	first, again, second := get(one), get(one), get(other)
	if first != again || first == second {
		t.Errorf("the server saw %s, %s of one client and %s of another", first, again, second)
	}
}

// Catches an answer that has to wait for the end of the question, or a question
// whose rest is swallowed when the answer begins.
func TestBothWaysAtOnce(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		address := site(t, secure, func(w http.ResponseWriter, r *http.Request) {
			both := http.NewResponseController(w)
			_ = both.EnableFullDuplex()
			buf := make([]byte, 100)
			for {
				n, err := r.Body.Read(buf)
				_, _ = w.Write(buf[:n])
				_ = both.Flush()
				if err != nil {
					return
				}
			}
		})
		body, writer := io.Pipe()
		request, _ := http.NewRequest(http.MethodPost, address, body)
		answers := make(chan *http.Response, 1)
		client := start(t).httpClient()
		go func() {
			response, err := client.Do(request)
			if err != nil {
				t.Error(err)
			}
			answers <- response
		}()
		_, _ = io.WriteString(writer, "one")
		response := <-answers
		if response == nil {
			return
		}
		got := make([]byte, 3)
		for _, word := range []string{"one", "two", "six"} {
			if word != "one" {
				_, _ = io.WriteString(writer, word)
			}
			if _, err := io.ReadFull(response.Body, got); string(got) != word {
				t.Fatalf("read %q, %v", got, err)
			}
		}
		_ = writer.Close()
		_ = response.Body.Close()
	})
}
