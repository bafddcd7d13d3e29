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
	var held []*appointment
	for _, c := range clients {
		appointments := appoint(c, all)
		var plans []plan
		for _, a := range appointments {
			plans = append(plans, a.plan)
		}
		events := c.run(t, via, plans)
		for _, a := range appointments {
			a.talk.client = events.whole(t, a.talk.name)
			only(t, a.talk.client, "open") // or there is nothing to wait for at the server
			a.talk.server = a.with.events.whole(t, a.talk.name)
			if strings.HasPrefix(a.way, "ws/") {
				a.talk.front = front
			}
		}
		held = append(held, appointments...)
	}
	s.stop(t)
	for _, a := range held {
		t.Run(fmt.Sprintf("%s to %s over %s, %s", a.client.name, a.with.name, a.way, a.topic), func(t *testing.T) {
			a.talk.compare(t, s)
			a.compareCompression(t, s)
		})
	}
}

// appointment is a conversation a client is to have with a server.
type appointment struct {
	client client
	with   *server
	way    string
	topic  string
	plan   plan
	talk   talk
}

// appoint plans the conversations of a client with all servers in all their ways.
func appoint(c client, all []*server) []*appointment {
	var appointments []*appointment
	for _, srv := range all {
		for _, way := range slices.Sorted(maps.Keys(srv.base)) {
			for i, conversation := range conversations {
				if !conversation.can(c) || !c.deflate && !strings.HasSuffix(way, "/off") {
					continue
				}
				name := strings.ReplaceAll(fmt.Sprint(c.name, "-", srv.name, "-", way, "-", i), "/", "-")
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
				appointments = append(appointments, &appointment{
					client: c, with: srv, way: way, topic: conversation.name, plan: p,
					talk: talk{name: name, back: srv.tapes[way]},
				})
			}
		}
	}
	return appointments
}

// compareCompression checks that the conversation was compressed as it was to be;
// otherwise it would prove nothing of compression.
func (a *appointment) compareCompression(t *testing.T, s *sluice) {
	t.Helper()
	conn := s.conn(t, a.talk.name)
	_, compression, _ := strings.Cut(a.way, "/")
	var compressed, texts int
	for _, m := range s.messages(t, conn.Conn) {
		if m.From == "server" && m.Type == "text" && m.Size > 0 {
			texts++
			if m.Compressed {
				compressed++
			}
		}
	}
	if compression == "off" {
		if conn.Extensions != "" || compressed > 0 {
			t.Errorf("without compression: extensions %q, %d messages compressed", conn.Extensions, compressed)
		}
		return
	}
	if !strings.Contains(conn.Extensions, "permessage-deflate") || compressed < texts {
		t.Errorf("with compression: extensions %q, %d of %d messages compressed", conn.Extensions, compressed, texts)
	}
	// Gorilla asks for no context takeover from any server.
	fresh := compression == "fresh" || a.client.name == "gorilla"
	if fresh != strings.Contains(conn.Extensions, "server_no_context_takeover") {
		t.Errorf("context takeover: extensions %q", conn.Extensions)
	}
}
