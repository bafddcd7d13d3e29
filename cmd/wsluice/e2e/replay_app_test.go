//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// app is a real application, both ends of it: peers/app_NAME.mjs.
type app struct {
	name   string
	path   string
	replay []string // what a user has to tell replay and diff, besides what they find by themselves
	serve  []string // and serve
	change []change // what is told of its changed server
}

// change is one of the results of a replay that are not same.
type change struct {
	outcome string
	message string // part of the message, recorded or got
	changes string // as path: recorded → got
}

var apps = []app{
	{
		name: "feed", path: "/feed?market=test",
		change: []change{
			{"unexpected", `"prices are late today"`, ""},
			{"differs", `"symbol":"B","n":10`, "$.price: 6610 → 6610.5"},
		},
	},
	{
		name: "chat", path: "/socket.io/?EIO=4&transport=websocket",
		replay: []string{"--ignore", "$.sid"},
		change: []change{{"differs", `42["welcome"`, `$[1].text: "Welcome to the lobby 👋" → "Who are you?"`}},
	},
	{
		name: "graphql", path: "/graphql",
		change: []change{{"differs", `"symbol":"B","cents":600`, "$.payload.data.prices.volume: 60 → null"}},
	},
	{
		name: "mqtt", path: "/mqtt",
		serve: []string{"--mask", "mqttjs_[0-9a-f]+"},
		// A message of the broker is as many messages as it writes to its stream.
		change: []change{
			{"missing", "1", ""}, {"missing", "\x1a", ""}, {"missing", "\x00\x13", ""},
			{"missing", "rooms/2/temperature", ""}, {"missing", "18.25", ""},
		},
	},
}

// appEvent is one line of peers/app.mjs.
type appEvent struct {
	Case  string         `json:"case"`
	Event string         `json:"event"`
	Ports map[string]int `json:"ports"`
	Heard []string       `json:"heard"`
	Error string         `json:"error"`
}

// appServer starts the servers of an application and returns their base URLs:
// original, changed and plain.
func appServer(t testing.TB, name string) map[string]string {
	t.Helper()
	server := listenTo[appEvent](t, nil, "node", "peers/app.mjs", "serve", name)
	bases := map[string]string{}
	for which, port := range server.await(t, "listening", 1, func(e appEvent) bool { return e.Event == "listening" }).Ports {
		bases[which] = fmt.Sprintf("ws://localhost:%d", port)
	}
	return bases
}

// appClient is the client of an application.
type appClient struct {
	*teller[appEvent]
	played int
}

func newAppClient(t testing.TB, name string) *appClient {
	t.Helper()
	return &appClient{teller: listenTo[appEvent](t, nil, "node", "peers/app.mjs", "talk", name)}
}

// talk plays the session of the application, and returns what it got to know.
func (c *appClient) talk(t testing.TB, base, proxy string) []string {
	t.Helper()
	c.played++
	name := strconv.Itoa(c.played)
	c.tell(t, map[string]string{"case": name, "url": base, "proxy": proxy})
	e := c.await(t, "session "+name, 1, func(e appEvent) bool { return e.Case == name })
	if e.Error != "" {
		t.Fatalf("the session at %s: %s; it heard %q", base, e.Error, e.Heard)
	}
	return e.Heard
}

// recordedApp is an application whose session was recorded twice: as connection 1
// with compression, and as connection 2 at a server without it.
type recordedApp struct {
	*sluice
	app
	client *appClient
	bases  map[string]string
	heard  map[int][]string // by the client, by connection
}

func recordApp(t testing.TB, a app) *recordedApp {
	t.Helper()
	r := &recordedApp{sluice: record(t), app: a, client: newAppClient(t, a.name), bases: appServer(t, a.name)}
	r.heard = map[int][]string{
		1: r.client.talk(t, r.bases["original"], r.url()),
		2: r.client.talk(t, r.bases["plain"], r.url()),
	}
	r.stderr.await(t, "ends of the connections", func(log string) bool {
		return strings.Count(log, "connection ended conn=") == 2
	})
	r.stop(t)
	for i, extended := range []bool{true, false} {
		c := r.conns(t)[i]
		if c.Conn != i+1 || c.State != "closed" || (c.Extensions != "") != extended {
			t.Fatalf("recorded %+v", c)
		}
		compressed := 0
		for _, m := range r.messages(t, c.Conn) {
			if m.Compressed {
				compressed++
			}
		}
		if (compressed > 0) != extended {
			t.Fatalf("%d messages of connection %d are compressed, with %q", compressed, c.Conn, c.Extensions)
		}
	}
	return r
}
