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

	after time.Duration // from the beginning of the demo to its first connection
	again time.Duration // from the end of a connection to the next one

	client, server func(*actor) error

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

// world returns the apps there are. The first seconds show one of each kind.
func world() []*app {
	const ms = time.Millisecond
	room := newRoom()
	apps := []*app{
		{url: "wss://prices.test/v2/stream", origin: "https://app.prices.test", agent: browser, protocol: "prices.v2.json",
			client: watchPrices, server: streamPrices},
		{url: "wss://logs.test/tail?service=checkout", agent: script, deflate: true, after: 120 * ms,
			client: readLogs, server: tailLogs},
		{url: "wss://api.test/graphql", origin: "https://shop.test", agent: browser, protocol: "graphql-transport-ws", after: 200 * ms,
			client: subscribeOrders, server: serveOrders},
		{url: "wss://fleet.test/ingest?format=msgpack&vehicle=VAN-07", agent: device, after: 260 * ms,
			client: driveWith(messagePack), server: followVehicle},
		{url: "wss://fleet.test/ingest?format=cbor&vehicle=VAN-12", agent: device, after: 480 * ms,
			client: driveWith(cbor), server: followVehicle},
		{url: "wss://fleet.test/ingest?format=protobuf&vehicle=VAN-31", agent: device, after: 700 * ms,
			client: driveWith(protobuf), server: followVehicle},
		{url: "ws://sensors.test/live?station=harbour", agent: script, after: 340 * ms, again: 1500 * ms,
			client: watchStation, server: breakOff},
		{url: "ws://chat.test/rooms/staff?as=guest", origin: "http://chat.test", agent: browser, after: 400 * ms, again: 20 * time.Second,
			client: intrude, server: sendAway},
		{url: "ws://legacy.test/board", agent: "board/0.9", after: 450 * ms, again: 15 * time.Second,
			client: watchBoard, server: breakRules},
		{url: "wss://media.test/upload", origin: "https://media.test", agent: browser, after: 520 * ms, again: 12 * time.Second,
			client: upload, server: takeUpload},
		{url: "wss://admin.test/console", origin: "https://admin.test", agent: browser, after: 600 * ms, again: 25 * time.Second,
			refused: &refusal{
				status: http.StatusUnauthorized,
				header: http.Header{"Content-Type": {"application/json"}, "Www-Authenticate": {`Bearer realm="console", error="invalid_token"`}},
				body:   `{"error":"invalid_token","message":"the access token expired","request_id":"01JDA7Q2T9"}` + "\n",
			}},
		{url: "wss://retired.test/feed", agent: script, after: 800 * ms, again: 40 * time.Second},
	}
	for i, who := range people {
		apps = append(apps, &app{
			url: "ws://chat.test/rooms/harbour?as=" + url.QueryEscape(who), origin: "http://chat.test", agent: browser,
			after: time.Duration(150+i*100) * ms, client: chatAs(who), server: room.host(who),
		})
	}
	return apps
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
