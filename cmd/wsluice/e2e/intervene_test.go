//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestBusyHold would catch a held, edited, dropped or released message that loses,
// changes or reorders another one on a busy compressed connection between real
// peers, a ping that waits for it, and a record that tells it otherwise.
//
// Node compresses and inflates about 3,000 messages a second on one connection;
// that many pass then, however many are asked for.
func TestBusyHold(t *testing.T) {
	for name, deflate := range map[string]bool{"compressed": true, "uncompressed": false} {
		t.Run(name, func(t *testing.T) { busyHold(t, deflate) })
	}
}

func busyHold(t *testing.T, deflate bool) {
	rate, count := 10_000, 30_000
	if !deflate {
		count = 60_000
	}
	s := record(t)
	flows := []flow{{"held", rate, count}, {"other", rate / 10, 0}}
	both, address := streaming(t)
	both.connect(t, s.url(), address, deflate, flows...)
	h := s.hold(t, fmt.Sprintf(`path == "/held" && (json.n == %d || json.n == %d || json.n == %d)`, count/3, count/2, count*2/3),
		"--from", "server", "--limit", "10m")
	for i, verdict := range []string{
		`{"id":%d,"action":"edit","text":"edited\r\n"}`, `release %d`, `drop %d`,
	} {
		id := h.take(t, i+1)
		// While it is held, pings are answered and everything else goes on.
		both.server.next(t, "held", "pong", 5)
		both.server.next(t, "held", "count", 1)
		both.client.next(t, "other", "count", 1)
		h.say(t, verdict, id)
		h.leave(t, i+1, id, "verdict")
	}
	h.end(t)

	results := map[string]streamEvent{}
	for _, f := range flows {
		name := f.name
		for end, from := range map[string]streamer{"client": both.client, "server": both.server} {
			r := from.first(t, name, "result")
			results[name+" at the "+end] = r
			t.Logf("%s at the %s: %d right in %d ms, longest gap %d ms", name, end, r.Right, r.Took, r.Gap)
			if opened := from.first(t, name, "open"); strings.Contains(opened.Extensions, "permessage-deflate") != deflate {
				t.Errorf("extensions %q", opened.Extensions)
			}
			if !r.Whole || r.Code != 1000 || r.Error != "" {
				t.Errorf("%s at the %s ended with %+v", name, end, r)
			}
		}
	}
	if r := results["held at the server"]; both.server.count("held", "pong") != r.Pings || r.Pings < 15 {
		t.Errorf("%d of %d pings were answered", both.server.count("held", "pong"), r.Pings)
	}
	if sent := results["held at the server"].Sent; sent != count {
		t.Fatalf("%d messages were sent, want %d", sent, count)
	}
	for at, r := range results {
		name, _, _ := strings.Cut(at, " ")
		want := results[name+" at the server"].Sent
		if strings.HasSuffix(at, "server") {
			want = results[name+" at the client"].Sent
		}
		if at != "held at the client" && (r.Right != want || r.Wrongs > 0) {
			t.Errorf("%s: %d of %d right, wrong %+v", at, r.Right, want, r.Wrong)
		}
	}
	r := results["held at the client"]
	if r.Right != count-3 || len(r.Wrong) != 2 || r.Wrong[0].Expected != count/3 || r.Wrong[0].Got != "edited\r\n" ||
		r.Wrong[1].Expected != count*2/3 || !strings.Contains(r.Wrong[1].Got, `"n":`+strconv.Itoa(count*2/3+1)+`,`) {
		t.Errorf("held: %d of %d right, others %+v, want one edited, and one left out before the other", r.Right, count, r.Wrong)
	}

	s.stop(t)
	origins := map[string]int{}
	for _, m := range s.messages(t, s.conn(t, "held").Conn) {
		if m.From == "server" && m.Type == "text" {
			origins[m.Origin]++
		}
	}
	if origins["observed"] != count-1 || origins["dropped"] != 2 || origins["edited"] != 1 || origins["injected"] != 0 {
		t.Errorf("recorded %v; want %d observed with the farewell, 2 dropped, 1 edited", origins, count-1)
	}
}
