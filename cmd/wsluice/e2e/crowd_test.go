//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestCrowd would catch connections that get into each other's way, in the proxy
// or in the capture.
func TestCrowd(t *testing.T) {
	const size = 200
	pki := newAuthority(t)
	servers := []*server{gorillaServer(t, pki), scripted(t, pki, "ws", "node", "peers/server_ws.mjs")}
	s := record(t, "--upstream-ca", pki.file)
	dialer := door{proxy: s.url(), authority: s.authority()}.dialer(t)
	random := rand.New(rand.NewPCG(6455, 7692))
	events := newJournal()
	var talks []*talk
	var ends []*server
	var talking sync.WaitGroup
	for i := range size {
		srv, way := servers[i%2], []string{"ws/off", "ws/fresh", "wss/off", "wss/fresh"}[i/2%4]
		name := fmt.Sprint("n", i)
		var steps []step
		for range 10 + random.IntN(20) {
			kind := []string{"text", "binary"}[random.IntN(2)]
			steps = append(steps, noise(kind, 2+2*random.IntN(1<<random.IntN(14))))
			if random.IntN(4) == 0 {
				steps = append(steps, receive(1))
			}
		}
		steps = append(steps, ping("last"), closing(1000, name))
		p := plan{Case: name, URL: address(srv.base[way], name, echo()), Steps: steps, Deflate: i%3 == 0}
		talks = append(talks, &talk{name: name, back: srv.tapes[way]})
		ends = append(ends, srv)
		talking.Go(func() { dialGorilla(dialer, p, events) })
	}
	talking.Wait()
	for i, one := range talks {
		one.client = events.whole(t, one.name)
		only(t, one.client, "open") // or there is nothing to wait for at the server
		one.server = ends[i].events.whole(t, one.name)
	}
	s.stop(t)
	for _, one := range talks {
		t.Run(one.name, func(t *testing.T) { one.compare(t, s) })
	}
}

// TestBigMessages would catch a limit anywhere on the way, or in the capture, that
// a message of 64 MiB or of 16,000 fragments meets. (Pitfalls F5, F14.)
func TestBigMessages(t *testing.T) {
	const size = 64 << 20
	pki := newAuthority(t)
	all := map[string]*server{}
	for _, srv := range servers(t, pki) {
		all[srv.name] = srv
	}
	s := record(t, "--upstream-ca", pki.file)
	via := door{proxy: s.url(), authority: s.authority()}
	var talks []*talk
	for _, pair := range []struct{ client, server, way string }{
		{"ws", "websockets", "wss/off"},
		{"gorilla", "gorilla", "wss/off"},
		{"chromium", "ws", "wss/off"},
	} {
		c, srv := library(pair.client), all[pair.server]
		name := pair.client + "-" + pair.server
		answer := []step{receive(1), noise("text", size), closing(1000, "")}
		one := &talk{name: name, back: srv.tapes[pair.way]}
		one.client = c.run(t, via, []plan{{Case: name, URL: address(srv.base[pair.way], name, answer...), Steps: []step{noise("binary", size)}}}).whole(t, name)
		one.server = srv.events.whole(t, name)
		talks = append(talks, one)
	}
	s.stop(t)
	for _, one := range talks {
		t.Run(one.name, func(t *testing.T) {
			conn := s.conn(t, one.name)
			one.compareConnection(t, conn)
			one.compareConversation(t, s, conn)
			if one.back != nil { // else the frames have little to be held against
				one.compareWire(t, conn, s.frames(t, conn.Conn))
			}
		})
	}
}
