//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// conversations are what every client has with every server.
var conversations = []struct {
	name  string
	can   func(client) bool
	steps func(client) (client, server []step)
}{
	{"client talks, server echoes", always, func(c client) ([]step, []step) {
		steps := []step{
			text("hello"), receive(1),
			text(""), binary(nil), receive(2),
			text("Grüße, 世界, 🌊\x00\r\n"), receive(1),
			binary(everyByte), receive(1),
		}
		for i := range 8 { // alike and long enough for back-references over messages
			steps = append(steps, text(fmt.Sprintf(`{"n":%d,"user":"ada","items":[%s]}`, i, strings.Repeat(`"apple",`, 40+i))))
		}
		steps = append(steps, receive(8))
		if c.pings {
			steps = append(steps, ping("are you there"))
		}
		if c.fragments {
			steps = append(steps, fragments("between", "a", "b", "c"), receive(1))
		}
		steps = append(steps, noise("text", 70_000), noise("binary", 1<<20), receive(2), closing(4001, "done ✓"))
		return steps, []step{echo()}
	}},
	{"server talks", always, func(client) ([]step, []step) {
		return nil, []step{
			text("welcome"), ping("alive?"),
			fragments("between", "x", "y", "z"),
			binary(nil), noise("binary", 1000), text(`{"bye":true}`),
			closing(1001, "going away"),
		}
	}},
	{"close without code", func(c client) bool { return c.bareClose }, func(client) ([]step, []step) {
		return []step{closing(0, "")}, nil
	}},
}

func always(client) bool { return true }

var everyByte = func() []byte {
	p := make([]byte, 256)
	for i := range p {
		p[i] = byte(i)
	}
	return bytes.Repeat(p, 2)
}()

// TestConversations would catch any byte changed, lost, added or misread
// between any of the clients and any of the servers, over ws and wss, with and
// without compression. (Pitfalls F1, F2, F3, C1, C2, C3, X1, X2, P1.)
func TestConversations(t *testing.T) {
	pki := newAuthority(t)
	all := servers(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	front := relay(t, s.addr)
	via := door{proxy: "http://" + front.Addr().String(), authority: s.authority()}

	var talks []*talk
	titles := map[*talk]string{}
	for _, c := range clients {
		var plans []plan
		var mine []*talk
		ends := map[*talk]*server{}
		for _, srv := range all {
			for _, way := range slices.Sorted(maps.Keys(srv.base)) {
				for _, conversation := range conversations {
					if !conversation.can(c) || !c.deflate && !strings.HasSuffix(way, "/off") {
						continue
					}
					name := fmt.Sprint("c", len(talks)+len(mine))
					clientSteps, serverSteps := conversation.steps(c)
					p := plan{
						Case: name, URL: address(srv.base[way], name, serverSteps...), Steps: clientSteps,
						Deflate: c.deflate, Protocols: []string{"one", "two"},
					}
					if c.headers {
						p.Origin = "https://app.example"
						p.Headers = map[string]string{
							"Cookie":        `session="a b"; theme=dark`,
							"Authorization": "Bearer e2e",
							"User-Agent":    "e2e/1.0",
						}
					}
					plans = append(plans, p)
					one := &talk{name: name, back: srv.tapes[way]}
					if strings.HasPrefix(way, "ws/") {
						one.front = front
					}
					titles[one] = fmt.Sprintf("%s to %s over %s, %s", c.name, srv.name, way, conversation.name)
					ends[one] = srv
					mine = append(mine, one)
				}
			}
		}
		events := c.run(t, via, plans)
		for _, one := range mine {
			one.client = events.whole(t, one.name)
			only(t, one.client, "open") // or there is nothing to wait for at the server
			one.server = ends[one].events.whole(t, one.name)
		}
		talks = append(talks, mine...)
	}
	s.stop(t)
	for _, one := range talks {
		t.Run(titles[one], func(t *testing.T) { one.compare(t, s) })
	}
}
