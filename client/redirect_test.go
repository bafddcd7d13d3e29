package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// redirecting is a server that redirects from each path of to, and takes a
// WebSocket on others; it keeps the requests it got.
func redirecting(t *testing.T, to map[string]string) (*httptest.Server, *[]*http.Request) {
	t.Helper()
	var got []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r)
		if where, ok := to[r.URL.Path]; ok {
			w.Header()["Location"] = []string{where}
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		echo(websocket.Upgrader{}).ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &got
}

// TestRedirects catches a redirect that is followed wrongly, or without leave.
func TestRedirects(t *testing.T) {
	to := map[string]string{
		"/relative": "../end?x=1#part", "/loop": "/loop", "/twice": "/relative", "/nowhere": "", "/ftp": "ftp://x/", "/broken": "http://[",
	}
	s, got := redirecting(t, to)
	to["/absolute"] = strings.Replace(s.URL, "http", "ws", 1) + "/end"
	for _, c := range []struct {
		path    string
		follow  int
		reached string // "" when refused
		asked   int
	}{
		{"/end", 0, "/end", 1},
		{"/relative", 0, "", 1},
		{"/relative", 1, "/end?x=1", 2},
		{"/absolute", 1, "/end", 2},
		{"/twice", 1, "", 2},
		{"/twice", 2, "/end?x=1", 3},
		{"/loop", 5, "", 6},
		{"/nowhere", 5, "", 1},
		{"/ftp", 5, "", 1},
		{"/broken", 5, "", 1},
	} {
		t.Run(fmt.Sprintf("%s %d", c.path, c.follow), func(t *testing.T) {
			*got = nil
			conn, facts, err := client.Dial(t.Context(), client.Options{URL: s.URL + c.path, Redirects: c.follow})
			if len(*got) != c.asked {
				t.Errorf("asked %d times, not %d", len(*got), c.asked)
			}
			if c.reached == "" {
				var refused *client.Refused
				if !errors.As(err, &refused) || refused.Status != 307 || facts.State != frame.Refused {
					t.Errorf("error %v, recorded %s", err, facts.State)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Hangup()
			if want := strings.Replace(s.URL, "http", "ws", 1) + c.reached; facts.URL != want || facts.State != frame.Open || facts.Status != 101 {
				t.Errorf("recorded %s %d of %s, not %s", facts.State, facts.Status, facts.URL, want)
			}
		})
	}
}

// TestRedirectKeepsSecrets catches a secret that is told to another origin, and one
// that is not told to the same.
func TestRedirectKeepsSecrets(t *testing.T) {
	other, there := redirecting(t, nil)
	s, _ := redirecting(t, map[string]string{"/away": other.URL + "/end", "/here": "/end"})
	here, got := redirecting(t, map[string]string{"/": "/end"})
	header := []frame.Field{
		{Name: "authorization", Value: "Bearer x"}, {Name: "COOKIE", Value: "a=b"}, {Name: "Host", Value: "own.test"}, {Name: "X-Other", Value: "y"},
	}
	for _, o := range []client.Options{
		{URL: s.URL + "/away", Header: header},
		{URL: strings.Replace(s.URL, "//", "//u:p@", 1) + "/away", Header: header[3:]},
	} {
		o.Redirects = 1
		conn, _ := dial(t, o)
		_ = conn.Hangup()
		r := (*there)[len(*there)-1]
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.Host != other.Listener.Addr().String() || r.Header.Get("X-Other") != "y" {
			t.Errorf("told another origin %v of host %s", r.Header, r.Host)
		}
	}
	conn, _ := dial(t, client.Options{URL: strings.Replace(here.URL, "//", "//u:p@", 1), Header: header[1:], Redirects: 1})
	_ = conn.Hangup()
	if r := (*got)[1]; r.Header.Get("Authorization") != "Basic dTpw" || r.Header.Get("Cookie") != "a=b" || r.Host != "own.test" {
		t.Errorf("told the same origin %v of host %s", r.Header, r.Host)
	}
	if (*got)[0].Header.Get("Sec-WebSocket-Key") == (*got)[1].Header.Get("Sec-WebSocket-Key") {
		t.Error("both requests have the same key")
	}
}
