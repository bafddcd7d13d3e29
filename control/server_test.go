package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// knock returns an HTTP client for the socket of the capture at path.
func knock(t testing.TB, path string) *http.Client {
	t.Helper()
	at, err := locate(path)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", at.socket())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get returns the status and the body of an answer.
func get(t testing.TB, c *http.Client, target string) (int, string) {
	t.Helper()
	response, err := c.Get("http://wsluice" + target)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s breaks off: %v", target, err)
	}
	return response.StatusCode, string(body)
}

// TestRows compares what the routes for people answer with what a reader of the
// file says.
func TestRows(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 11, 2500)
	c := knock(t, path)
	reader := r.Reader()
	defer reader.Close()

	var conns, frames, messages []string
	list, err := reader.Conns(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		conns = append(conns, string(list[i].AppendJSON(nil)))
	}
	all := reader.Frames(t.Context(), store.FrameQuery{Whole: true})
	defer all.Close()
	for all.Next() {
		frames = append(frames, string(all.Record().AppendJSON(nil, false)))
	}
	every := reader.Messages(t.Context(), store.Query{})
	defer every.Close()
	for every.Next() {
		messages = append(messages, string(every.Message().AppendJSON(nil)))
	}
	having := func(rows []string, text string) (some []string) {
		for _, row := range rows {
			if strings.Contains(row, text) {
				some = append(some, row)
			}
		}
		return some
	}
	for _, row := range []struct {
		target string
		want   []string
	}{
		{"/v1/conns", conns},
		{"/v1/conns?limit=3", conns[:3]},
		{"/v1/conns?before=6", conns[len(conns)-5:]},
		{"/v1/conns?filter=state=='refused'", having(conns, `"state":"refused"`)},
		{"/v1/frames", frames},
		{"/v1/frames?last=10", frames[len(frames)-10:]},
		{"/v1/frames?limit=10&start=5", frames[4:14]},
		{"/v1/frames?from=client", having(frames, `"from":"client"`)},
		{"/v1/frames?filter=opcode==9", having(frames, `"opcode":9`)},
		{"/v1/messages", messages},
		{"/v1/messages?last=7", messages[len(messages)-7:]},
		{"/v1/messages?limit=7", messages[:7]},
		{"/v1/messages?conn=2", having(messages, `"conn":2,`)},
		{"/v1/messages?filter=type=='ping'&last=4", func() []string {
			pings := having(messages, `"type":"ping"`)
			return pings[len(pings)-4:]
		}()},
	} {
		status, body := get(t, c, row.target)
		if status != http.StatusOK {
			t.Errorf("%s: status %d, %s", row.target, status, body)
			continue
		}
		if len(row.want) == 0 {
			t.Errorf("%s: there is nothing to compare", row.target)
		}
		same(t, row.target, []byte(body), []byte(strings.Join(row.want, "\n")+"\n"))
	}
	for n := uint64(1); n < uint64(len(frames)); n += 97 {
		record, err := reader.Page(t.Context(), 0, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := reader.Payload(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(payload)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{
			fmt.Sprintf("/v1/payload?frame=%d", n),
			fmt.Sprintf("/v1/payload?conn=%d&seq=%d", record[0].Conn, record[0].Seq),
		} {
			_, got := get(t, c, target)
			same(t, target, []byte(got), want)
		}
	}
	_, copied := get(t, c, "/v1/snapshot")
	file := capturePath(t)
	if err := os.WriteFile(file, []byte(copied), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot, err := store.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	if n, err := snapshot.Count(t.Context(), 0); err != nil || n != uint64(len(frames)) {
		t.Errorf("the snapshot has %d frames, %v, want %d", n, err, len(frames))
	}
}

// TestFollowRoutes follows every kind of row over the socket until the recording
// ends.
func TestFollowRoutes(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	c := knock(t, path)
	stream := func(target string) *bufio.Scanner {
		response, err := c.Get("http://wsluice" + target)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return bufio.NewScanner(response.Body)
	}
	line := func(name string, s *bufio.Scanner, want string) {
		t.Helper()
		if !s.Scan() || !strings.Contains(s.Text(), want) {
			t.Fatalf("%s: line %q, %v, want one with %q", name, s.Text(), s.Err(), want)
		}
	}
	early := r.tape(t, 1)
	r.sync(t)
	conns := stream("/v1/conns?follow=1")
	messages, frames := stream("/v1/messages?follow=1"), stream("/v1/frames?follow=1&from=server")
	events, stats := stream("/v1/events?follow=1"), stream("/v1/stats?every=100ms")
	line("conns", conns, `"conn":1,"state":"open"`)
	line("stats", stats, `"frames":0`)

	late := r.tape(t, 2)
	early.Append(frame.Client, epoch, wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Text}, []byte("one")))
	early.Append(frame.Server, epoch, text("two"))
	r.Log(store.Event{Level: store.LevelInfo, Message: "odd"})
	line("conns", conns, `"conn":2,"state":"open"`)
	line("messages", messages, `"text":"one"`)
	line("messages", messages, `"text":"two"`)
	line("frames", frames, `"payload":"dHdv"`)
	line("events", events, `"message":"odd"`)
	early.Close(frame.End{Time: epoch, How: frame.ByFIN, EndedBy: frame.ByClient})
	line("conns", conns, `"conn":1,"state":"closed"`)

	// What is recorded last comes before the streams end.
	late.Append(frame.Server, epoch, text("last words"))
	r.sync(t)
	r.close(t)
	line("messages", messages, "last words")
	line("frames", frames, `"conn":2`)
	for name, s := range map[string]*bufio.Scanner{"conns": conns, "messages": messages, "frames": frames, "events": events, "stats": stats} {
		for s.Scan() && name == "stats" {
		}
		if s.Text() != "" && name != "stats" || s.Err() != nil {
			t.Errorf("%s: stream ends with %q, %v", name, s.Text(), s.Err())
		}
	}
}

// TestComplaints checks what a client is told of its mistakes.
func TestComplaints(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 12, 20)
	c := knock(t, path)
	for _, row := range []struct {
		method, target, body string
		status               int
		says, hints          string
	}{
		{"GET", "/", "", 404, "there is no /", "GET /v1/messages?conn&filter"},
		{"GET", "/v2/conns", "", 404, "there is no /v2/conns", "GET /v1/status"},
		{"POST", "/v1/conns", "{}", 405, "takes no POST", "use GET"},
		{"GET", "/v1/prune", "", 405, "takes no GET", "use POST"},
		{"GET", "/v1/conns/99", "", 404, "no such connection: 99", "GET /v1/conns"},
		{"GET", "/v1/conns/x", "", 400, `"x" is no connection number`, ""},
		{"GET", "/v1/messages?conn=99", "", 404, "no such connection", ""},
		{"GET", "/v1/messages?con=1", "", 400, `no parameter "con"`, "conn, filter, from"},
		{"GET", "/v1/messages?limit=0", "", 400, "limit", "from 1 up"},
		{"GET", "/v1/messages?limit=1&limit=2", "", 400, "given 2 times", ""},
		{"GET", "/v1/messages?from=nobody", "", 400, "no side", "client or server"},
		{"GET", "/v1/messages?follow=maybe", "", 400, "neither yes nor no", ""},
		{"GET", "/v1/messages?last=1&start=3", "", 400, "do not go together", ""},
		{"GET", "/v1/messages?filter=sizee%3E3", "", 400, "sizee", "size"},
		{"GET", "/v1/frames?filter=", "", 400, "", ""},
		{"GET", "/v1/conns?filter=state%3D%27open%27", "", 400, "", "=="},
		{"GET", "/v1/messages?filter=%zz", "", 400, "cannot be read", "data-urlencode"},
		{"GET", "/v1/payload", "", 400, "which frame", "conn=NUMBER&seq=NUMBER"},
		{"GET", "/v1/payload?frame=999999", "", 404, "no such frame", ""},
		{"GET", "/v1/payload?conn=1&seq=999999", "", 404, "no such frame", ""},
		{"GET", "/v1/blocks?from=-1", "", 400, "no number", ""},
		{"GET", "/v1/blocks?want=1,x", "", 400, "no number", ""},
		{"GET", "/v1/stats?every=1ms", "", 400, "too short", ""},
		{"POST", "/v1/prune", "", 400, "cannot be read", "JSON"},
		{"POST", "/v1/prune", "{}", 400, "nothing says what is to be kept", "before"},
		{"POST", "/v1/prune", `{"befor":1}`, 400, "befor", ""},
		{"POST", "/v1/delete", `{"conns":[]}`, 400, "no connection is named", ""},
		{"POST", "/v1/delete", `{"conns":[99]}`, 404, "no such connection", ""},
		{"POST", "/v1/delete", `{"conns":[8]}`, 409, "still open", "ended"},
		{"POST", "/v1/delete", `{"conns":[1]}{`, 400, "behind the arguments", ""},
		{"POST", "/v1/delete", strings.Repeat(" ", maxBody+1), 400, "cannot be read", ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), row.method, "http://wsluice"+row.target, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.Do(request)
		if err != nil {
			t.Fatalf("%s %s: %v", row.method, row.target, err)
		}
		var said problem
		err = json.NewDecoder(response.Body).Decode(&said)
		response.Body.Close()
		if response.StatusCode != row.status || err != nil || said.Text == "" ||
			!strings.Contains(said.Text, row.says) || !strings.Contains(said.Hint, row.hints) {
			t.Errorf("%s %s: status %d, %+v, %v", row.method, row.target, response.StatusCode, said, err)
		}
	}
}

// TestActions removes what was recorded while recording goes on.
func TestActions(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 13, 500)
	client, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	done, err := client.Delete(t.Context(), 1, 2)
	if err != nil || done.Connections != 2 || done.Bytes == 0 {
		t.Fatalf("deleted %+v, %v", done, err)
	}
	if _, err := client.Conn(t.Context(), 1); err == nil {
		t.Error("a deleted connection is still there")
	}
	local, remote := r.Reader(), store.NewReader(client)
	defer local.Close()
	// Blocks with frames of deleted connections are sent whole, others are not.
	want := everything(t, t.Context(), local)
	same(t, "what is left", everything(t, t.Context(), remote), want)
	same(t, "what is left, a second time", everything(t, t.Context(), remote), want)

	if done, err = client.Prune(t.Context(), store.Bound{Before: epoch.Add(time.Hour)}); err != nil || done.Frames == 0 {
		t.Fatalf("pruned %+v, %v", done, err)
	}
	same(t, "what is left then", everything(t, t.Context(), remote), everything(t, t.Context(), local))
	status, err := client.Status(t.Context())
	if err != nil || status.Pruned == 0 {
		t.Errorf("status says %d frames were pruned, %v", status.Pruned, err)
	}
}

// TestStalledReaders has readers that take nothing while the recorder works at
// speed: they must cost it nothing, and be dropped.
func TestStalledReaders(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{patience: 300 * time.Millisecond})
	tape := r.tape(t, 1)
	noise := rand.NewChaCha8([32]byte{1})
	var piece []byte
	for range 1000 {
		p := make([]byte, 180)
		_, _ = noise.Read(p)
		piece = append(piece, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Binary}, p)...)
	}
	burst := func() {
		for range 64 {
			tape.Append(frame.Server, epoch, piece)
		}
		r.sync(t)
	}
	burst()
	at, err := locate(path)
	if err != nil {
		t.Fatal(err)
	}
	var stalled []net.Conn
	for i := range 10 {
		c, err := net.Dial("unix", at.socket())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		target := []string{"/v1/frames?follow=1", "/v1/messages", "/v1/snapshot", "/v1/blocks?limit=64", "/v1/conns?follow=1"}[i%5]
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: wsluice\r\n\r\n", target)
		if i%5 < 4 {
			stalled = append(stalled, c)
		}
	}
	for range 6 {
		burst()
	}
	if s := r.Stats(); s.Stalls != 0 || s.Frames != 7*64*1000 {
		t.Errorf("%d stalls and %d frames with stalled readers", s.Stalls, s.Frames)
	}
	// Those whose answer does not fit the socket are gone: what they get ends
	// before the answer does.
	for r.server.door.inside.Load() > 10-int32(len(stalled)) {
		time.Sleep(time.Millisecond)
	}
	for i, c := range stalled {
		if n, _ := io.Copy(io.Discard, c); n == 0 || n > 8<<20 {
			t.Errorf("stalled reader %d got %d bytes", i, n)
		}
	}
}

// TestTooMany checks the bounds of what clients may take.
func TestTooMany(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 14, 10)
	at, err := locate(path)
	if err != nil {
		t.Fatal(err)
	}
	visit := func(target string) (net.Conn, *http.Response) {
		t.Helper()
		c, err := net.Dial("unix", at.socket())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: wsluice\r\n\r\n", target)
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		return c, response
	}
	var streams []net.Conn
	for range maxStreams {
		c, response := visit("/v1/messages?follow=1")
		if response.StatusCode != http.StatusOK {
			t.Fatalf("status %d", response.StatusCode)
		}
		streams = append(streams, c)
	}
	if _, response := visit("/v1/snapshot"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d for one stream too many", response.StatusCode)
	}
	if _, response := visit("/v1/count"); response.StatusCode != http.StatusOK {
		t.Errorf("status %d for a short answer among many long ones", response.StatusCode)
	}
	for r.server.door.inside.Load() < maxConns {
		visit("/v1/count")
	}
	if _, response := visit("/v1/count"); response.StatusCode != http.StatusServiceUnavailable || !response.Close {
		t.Errorf("status %d for one connection too many", response.StatusCode)
	}
	if _, err := Dial(t.Context(), path); err == nil || !strings.Contains(err.Error(), "too many readers") {
		t.Errorf("error %v for one client too many", err)
	}
	// There is room again when one leaves.
	streams[0].Close()
	for r.server.door.inside.Load() >= maxConns {
		time.Sleep(time.Millisecond)
	}
	if _, response := visit("/v1/count"); response.StatusCode != http.StatusOK {
		t.Errorf("status %d when there is room again", response.StatusCode)
	}
}
