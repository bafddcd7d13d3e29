//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestHTTP would catch plain HTTP that does not pass whole, unchanged and at once
// beside the WebSockets, over http and https.
func TestHTTP(t *testing.T) {
	pki := newAuthority(t)
	body := random(32 << 20)
	heard := make(chan struct{})
	site := http.NewServeMux()
	site.HandleFunc("GET /large", func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	site.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		w.Write(data)
	})
	site.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			select { // the next event only after the client has this one
			case <-heard:
			case <-time.After(patience):
				return
			}
		}
	})
	site.HandleFunc("GET /trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Digest")
		io.WriteString(w, "body")
		w.Header().Set("X-Digest", digest([]byte("body")))
	})
	site.HandleFunc("GET /fields", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header)
	})
	open := httptest.NewServer(site)
	defer open.Close()
	secure := httptest.NewUnstartedServer(site)
	secure.TLS = pki.config(t, "site")
	secure.StartTLS()
	defer secure.Close()

	s := record(t, "--upstream-ca", pki.file)
	proxy, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		Proxy:              func(*http.Request) (*url.URL, error) { return proxy, nil },
		TLSClientConfig:    &tls.Config{RootCAs: pool(t, s.authority())},
		DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 2 * patience}
	for _, base := range []string{open.URL, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)} {
		t.Run(base[:strings.Index(base, ":")], func(t *testing.T) {
			sameBytes(t, "a large body", fetch(t, client, "GET", base+"/large", nil), body)
			sameBytes(t, "a large body there and back", fetch(t, client, "POST", base+"/echo", body), body)
			if got := string(fetch(t, client, "GET", base+"/fields", nil)); got != "map[User-Agent:[Go-http-client/1.1]]" {
				t.Errorf("the server received the fields %s", got)
			}

			response, err := client.Get(base + "/events")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			events := bufio.NewReader(response.Body)
			for i := range 5 {
				line, err := events.ReadString('\n')
				if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
					t.Fatalf("event %d: %q, %v", i, line, err)
				}
				events.ReadString('\n')
				heard <- struct{}{}
			}

			response, err = client.Get(base + "/trailers")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			if string(got) != "body" || err != nil || response.Trailer.Get("X-Digest") != digest(got) {
				t.Errorf("body %q, %v, trailers %v", got, err, response.Trailer)
			}
			s.stderr.await(t, "line about "+base+"/large", func(stderr string) bool {
				return strings.Contains(stderr, base+"/large") && strings.Contains(stderr, base+"/trailers")
			})
		})
	}
	transport.CloseIdleConnections()
	s.stop(t)
	if conns := s.conns(t); len(conns) != 0 {
		t.Errorf("plain HTTP made connections: %+v", conns)
	}
}

func fetch(t testing.TB, client *http.Client, method, url string, body []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return got
}
