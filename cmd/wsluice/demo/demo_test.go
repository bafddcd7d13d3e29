package demo

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// door lets a proxy record into a capture.
type door struct{ recorder *store.Recorder }

func (d door) Open(c *frame.Connection) (proxy.Tape, error) { return d.recorder.Open(c) }

// record runs a demo through a real proxy until enough holds for the capture, and
// returns the capture, which is at rest then.
func recordDemo(t *testing.T, o Options, enough func(*store.Reader) bool) *store.Reader {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "demo.db")
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := certs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	servers, clients := x509.NewCertPool(), x509.NewCertPool()
	servers.AppendCertsFromPEM(d.Certificate())
	clients.AddCert(authority.Certificate())
	p, err := proxy.New(proxy.Options{Recorder: door{recorder}, Authority: authority, Upstream: d.Upstream(), Roots: servers})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(serving, listener) }()

	// The bound is for a test that would never end.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	playing, end := context.WithCancel(ctx)
	played := make(chan error, 1)
	go func() { played <- d.Run(playing, &url.URL{Scheme: "http", Host: listener.Addr().String()}, clients) }()

	reader := recorder.Reader()
	for version := uint64(0); !enough(reader); {
		if version, err = reader.Wait(ctx, version); err != nil {
			t.Errorf("not all there is to see came: %v", err)
			break
		}
	}
	reader.Close()
	end()
	if err := <-played; err != nil {
		t.Error(err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := store.Verify(t.Context(), path, nil)
	if err != nil || !report.OK() {
		t.Fatalf("the capture is not whole: %v %v", err, report.Problems)
	}
	if reader, err = store.Open(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

// connections returns all connections, the oldest first.
func connections(t *testing.T, r *store.Reader) []frame.Connection {
	t.Helper()
	conns, err := r.Conns(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(conns)
	return conns
}

// messages returns what a connection said.
func messages(t *testing.T, r *store.Reader, conn uint64) []frame.Message {
	t.Helper()
	var all []frame.Message
	cursor := r.Messages(t.Context(), store.Query{Conn: conn})
	defer cursor.Close()
	for cursor.Next() {
		m := *cursor.Message()
		m.Payload = bytes.Clone(m.Payload)
		all = append(all, m)
	}
	if err := cursor.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// kinds names what there is to see, and says how it is recognised.
func kinds(t *testing.T, r *store.Reader) map[string]bool {
	seen := make(map[string]bool)
	for _, c := range connections(t, r) {
		seen["open or closed "+c.URL] = c.Status == 101 || seen["open or closed "+c.URL]
		switch {
		case c.State == frame.Refused && c.Status == 401 && bytes.HasPrefix(c.Body, []byte(`{"error":`)):
			seen["refused"] = true
		case c.State == frame.Failed && strings.Contains(c.URL, retired):
			seen["failed"] = true
		case c.How == frame.ByReset && c.EndedBy == frame.ByServer:
			seen["reset"] = true
		case c.Code == frame.PolicyViolation && c.Reason != "" && c.EndedBy == frame.ByServer:
			seen["policy violation"] = true
		case c.Code == frame.NoStatusReceived:
			seen["illegal close code"] = true
		}
		if c.TLS != nil && c.TLS.Server != nil && c.TLS.Server.Verified {
			seen["verified TLS"] = true
		}
		for _, m := range messages(t, r, c.ID) {
			if m.Error != "" {
				t.Errorf("%s: message %d cannot be read: %s", c.URL, m.Seq, m.Error)
			}
			seen[m.Type.String()] = true
			seen["compressed"] = seen["compressed"] || m.Compressed && m.WireSize < m.Size/2
			seen["fragmented text"] = seen["fragmented text"] || m.Frames > 1 && m.Type == frame.Text
			seen["fragmented binary"] = seen["fragmented binary"] || m.Frames > 1 && m.Type == frame.Binary && bytes.HasPrefix(m.Payload, []byte("\x89PNG"))
			if m.Violation != frame.Legal {
				seen[m.Violation.Name()] = true
			}
			for name, part := range map[string]string{
				"JWT": `"resume":"eyJ`, "bearer token": `"Bearer eyJ`, "gzip in base64": `"data":"H4sI`, "right to left": "صباح", "emoji": "☀", "snapshot": `"snapshot"`,
				"GraphQL": `"orderUpdated"`, "delivered": `"delivered"`,
			} {
				seen[name] = seen[name] || bytes.Contains(m.Payload, []byte(part))
			}
		}
	}
	return seen
}

// TestKinds would catch a kind of traffic that the demo promises and does not
// show, a message no decoder could make sense of, a capture that is not whole,
// and, with the check in TestMain, a goroutine that outlives the demo.
func TestKinds(t *testing.T) {
	wanted := []string{
		"refused", "failed", "reset", "policy violation", "illegal close code", "verified TLS", "text", "binary", "ping", "pong", "close",
		"compressed", "fragmented text", "fragmented binary", "JWT", "bearer token", "gzip in base64", "right to left", "emoji", "snapshot", "GraphQL", "delivered",
		frame.ReservedBits.Name(), frame.MaskedServer.Name(), frame.InvalidUTF8.Name(), frame.NonMinimalLength.Name(), frame.IllegalCloseCode.Name(),
	}
	for _, a := range world() {
		if a.refused == nil && !strings.Contains(a.url, retired) {
			wanted = append(wanted, "open or closed "+a.url)
		}
	}
	var missing []string
	recordDemo(t, Options{Seed: 1, Rate: 4}, func(r *store.Reader) bool {
		seen := kinds(t, r)
		missing = slices.DeleteFunc(slices.Clone(wanted), func(kind string) bool { return seen[kind] })
		return len(missing) == 0
	})
	if len(missing) > 0 {
		t.Errorf("missing: %q", missing)
	}
}

// TestGoodbyes would catch connections that a demo just drops when it ends.
func TestGoodbyes(t *testing.T) {
	r := recordDemo(t, Options{Rate: 4}, func(r *store.Reader) bool {
		open := 0
		for _, c := range connections(t, r) {
			if c.State == frame.Open {
				open++
			}
		}
		return open >= 8
	})
	left := 0
	for _, c := range connections(t, r) {
		if c.State == frame.Open || c.How == frame.ByShutdown {
			t.Errorf("%s has no end of its own: %s %s", c.URL, c.State, c.How)
		}
		if c.Code == frame.GoingAway && c.EndedBy == frame.ByClient && c.How == frame.ByClose {
			left++
		}
	}
	if left < 6 {
		t.Errorf("%d connections said goodbye", left)
	}
}

// TestSeed would catch content that depends on anything but the seed and the
// beginning.
func TestSeed(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	// Of each, what does not depend on when the other side says something.
	said := func(seed uint64) map[string][]string {
		const each = 4
		texts := make(map[string][]string)
		collect := func(r *store.Reader) bool {
			clear(texts)
			for _, c := range connections(t, r) {
				for _, m := range messages(t, r, c.ID) {
					key := fmt.Sprintf("%s %s", c.URL, m.From)
					if len(texts[key]) < each && m.Type.Data() {
						texts[key] = append(texts[key], string(m.Payload))
					}
				}
			}
			for _, key := range independent {
				if len(texts[key]) < each {
					return false
				}
			}
			return true
		}
		recordDemo(t, Options{Seed: seed, Start: start, Rate: 6}, collect)
		return texts
	}
	first, second, other := said(7), said(7), said(8)
	for _, key := range independent {
		if !slices.Equal(first[key], second[key]) {
			t.Errorf("%s says %q once, and %q with the same seed", key, first[key], second[key])
		}
		if slices.Equal(first[key], other[key]) {
			t.Errorf("%s says the same with another seed", key)
		}
	}
}

var independent = []string{
	"wss://fleet.test/ingest?format=msgpack&vehicle=VAN-07 client",
	"wss://fleet.test/ingest?format=cbor&vehicle=VAN-12 client",
	"wss://fleet.test/ingest?format=protobuf&vehicle=VAN-31 client",
	"ws://sensors.test/live?station=harbour server",
	"wss://prices.test/v2/stream server",
}

// TestNoProxy would catch a demo that goes on for ever, or ends without a word,
// when its proxy is gone.
func TestNoProxy(t *testing.T) {
	d, err := Open(Options{Rate: 10})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	if err := d.Run(t.Context(), &url.URL{Scheme: "http", Host: nobody}, nil); err == nil || !strings.Contains(err.Error(), "proxy cannot be reached") {
		t.Errorf("error %v", err)
	}
}

// TestStrangers would catch a tunnel that leads anywhere but to the demo's own
// servers.
func TestStrangers(t *testing.T) {
	d, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { defer close(served); d.serve(ctx) }()
	for request, want := range map[string]string{
		"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n":                                                     "HTTP/1.1 405 ",
		"CONNECT retired.test:443 HTTP/1.1\r\nHost: retired.test:443\r\n\r\n":                                               "HTTP/1.1 502 ",
		"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\nGET / HTTP/1.1\r\nHost: example.com\r\n\r\n":        "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 404 ",
		"CONNECT chat.test:80 HTTP/1.1\r\nHost: chat.test:80\r\n\r\nGET /rooms/harbour HTTP/1.1\r\nHost: chat.test\r\n\r\n": "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 404 ",
	} {
		conn, err := net.Dial("tcp", d.Upstream().Host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		var answer bytes.Buffer
		_, err = answer.ReadFrom(conn)
		conn.Close()
		if !strings.HasPrefix(answer.String(), want) || err != nil {
			t.Errorf("%q is answered with %q, %v", request, answer.String(), err)
		}
	}
	stop()
	<-served
}

// TestOrder would catch apps that overtake one another: pictures and guides name
// connections by number.
func TestOrder(t *testing.T) {
	var want []string
	for _, a := range world() {
		want = append(want, a.url)
	}
	var got []string
	recordDemo(t, Options{Rate: 20}, func(r *store.Reader) bool {
		got = nil
		for _, c := range connections(t, r) {
			if !slices.Contains(got, c.URL) {
				got = append(got, c.URL)
			}
		}
		return len(got) == len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("the order is %q,\nwant %q", got, want)
	}
}

// TestManners would catch a peer that says something after its goodbye: what
// breaks a rule is what is meant to.
func TestManners(t *testing.T) {
	r := recordDemo(t, Options{Rate: 4}, func(r *store.Reader) bool { return len(connections(t, r)) > 15 })
	for _, c := range connections(t, r) {
		for _, m := range messages(t, r, c.ID) {
			if m.Violation != frame.Legal && !strings.Contains(c.URL, "legacy.test") {
				t.Errorf("%s: message %d of the %s: %v", c.URL, m.Seq, m.From, m.Violation)
			}
		}
	}
}
