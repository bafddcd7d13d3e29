package recorded_test

import (
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/mock/recorded"
)

var plain websocket.Dialer

// It catches answers that come before what they answer, or not at all, and a close
// frame that is not the recorded one.
func TestAnswersFollowWhatTheClientSays(t *testing.T) {
	k := newTalk(1, "ws://chat.example/room").
		server(1, "hello").
		client(2, `{"op":"join"}`).
		server(3, "joined").server(4, "news").
		client(5, `{"op":"leave"}`).
		server(6, "left")
	k.close(7, 1001, "bye")
	g := serve(t, recorded.Options{Pace: recorded.Fastest}, k)
	c := g.gorilla("/room", plain)
	want(t, c, "hello")
	say(t, c, `{ "op": "join" }`)
	want(t, c, "joined", "news")
	say(t, c, `{"op":"what"}`)
	say(t, c, `{"op":"leave"}`)
	want(t, c, "left")
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 1001) {
		t.Fatalf("the connection ended with %v, not 1001", err)
	}
	if e := <-g.ended; e.Missing != 0 || e.Left != 0 {
		t.Errorf("%d missing and %d left at the end", e.Missing, e.Left)
	}
	if n := g.count(recorded.Unknown); n != 1 {
		t.Errorf("%d messages were unknown, not 1", n)
	}
}

// It catches an id of the capture that reaches a client which chose another, and an
// answer that waits for requests it does not answer.
func TestIDsAreTheClients(t *testing.T) {
	k := newTalk(1, "ws://rpc.example/").
		client(1, `{"id":1,"method":"a"}`).
		client(2, `{"id":2,"method":"b"}`).
		server(3, `{"id":1,"result":"A"}`).
		server(4, `{"id":2,"result":"B"}`).
		server(5, `{"method":"tick"}`)
	g := serve(t, recorded.Options{Pace: recorded.Fastest, Match: compare.ByID}, k)
	c := g.gorilla("/", plain)
	say(t, c, `{"id":"x-900","method":"b"}`)
	want(t, c, `{"id":"x-900","result":"B"}`)
	say(t, c, `{"id":77,"method":"a"}`)
	want(t, c, `{"id":77,"result":"A"}`, `{"method":"tick"}`)
	say(t, c, `{"id":78,"method":"a"}`) // asked again
	want(t, c, `{"id":78,"result":"A"}`)
}
