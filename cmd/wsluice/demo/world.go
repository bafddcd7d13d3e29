package demo

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// app is a program that uses one server, with one connection at a time, again
// and again.
type app struct {
	url      string
	origin   string // for what runs in a browser
	agent    string
	protocol string   // the subprotocol it offers and gets
	deflate  bool     // whether it offers and gets permessage-deflate
	refused  *refusal // nil when it is upgraded

	after time.Duration // from the beginning of the demo to its first connection, at least
	again time.Duration // from the end of a connection to the next one

	client, server func(*actor) error

	met chan struct{} // closed when its first handshake is over

	lock  sync.Mutex
	visit visit // the connection there is, or the next one
}

// visit is one connection of an app.
type visit struct {
	number uint64        // from 0
	began  time.Duration // on the demo's clock since it began
}

func (a *app) begin(v visit) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.visit = v
}

func (a *app) current() visit {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.visit
}

const (
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	script  = "Python/3.13 websockets/15.0"
	device  = "fleetbox/4.2"
)

// world returns the apps there are, in the order in which they begin. The first
// seconds show one of each kind.
func world() []*app {
	room := newRoom()
	apps := []*app{
		{url: "wss://prices.test/v2/stream", origin: "https://app.prices.test", agent: browser, protocol: "prices.v2.json",
			client: watchPrices, server: streamPrices},
		{url: "wss://logs.test/tail?service=checkout", agent: script, deflate: true,
			client: readLogs, server: tailLogs},
		{url: "wss://api.test/graphql", origin: "https://shop.test", agent: browser, protocol: "graphql-transport-ws",
			client: subscribeOrders, server: serveOrders},
		member(room, "Ada"), member(room, "Noor"), member(room, "Kenji"),
		{url: "wss://fleet.test/ingest?format=msgpack&vehicle=VAN-07", agent: device,
			client: driveWith(messagePack), server: followVehicle},
		{url: "ws://sensors.test/live?station=harbour", agent: script, again: 1500 * time.Millisecond,
			client: watchStation, server: breakOff},
		{url: "ws://chat.test/rooms/staff?as=guest", origin: "http://chat.test", agent: browser, again: 20 * time.Second,
			client: intrude, server: sendAway},
		{url: "ws://legacy.test/board", agent: "board/0.9", again: 15 * time.Second,
			client: watchBoard, server: breakRules},
		{url: "wss://fleet.test/ingest?format=cbor&vehicle=VAN-12", agent: device,
			client: driveWith(cbor), server: followVehicle},
		{url: "wss://media.test/upload", origin: "https://media.test", agent: browser, again: 12 * time.Second,
			client: upload, server: takeUpload},
		{url: "wss://admin.test/console", origin: "https://admin.test", agent: browser, again: 25 * time.Second,
			refused: &refusal{
				status: http.StatusUnauthorized,
				header: http.Header{"Content-Type": {"application/json"}, "Www-Authenticate": {`Bearer realm="console", error="invalid_token"`}},
				body:   `{"error":"invalid_token","message":"the access token expired","request_id":"01JDA7Q2T9"}` + "\n",
			}},
		{url: "wss://fleet.test/ingest?format=protobuf&vehicle=VAN-31", agent: device,
			client: driveWith(protobuf), server: followVehicle},
		{url: "wss://" + retired + "/feed", agent: script, again: 40 * time.Second},
	}
	for i, a := range apps {
		a.after = time.Duration(i) * 60 * time.Millisecond
		a.met = make(chan struct{})
	}
	return apps
}

// member is one of the people in the chat.
func member(r *room, who string) *app {
	return &app{
		url: "ws://chat.test/rooms/harbour?as=" + who, origin: "http://chat.test", agent: browser,
		client: chatAs(who), server: r.host(who),
	}
}

// retired is a name that leads nowhere.
const retired = "retired.test"

// names returns the hosts of the world.
func names() []string {
	var hosts []string
	for _, a := range world() {
		u, err := url.Parse(a.url)
		if err == nil && u.Hostname() != retired && !slices.Contains(hosts, u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}
