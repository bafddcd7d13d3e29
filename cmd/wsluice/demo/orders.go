package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// The messages of graphql-transport-ws are records with id, type and payload.
func graphQL(kind, id string, payload any) record {
	var r record
	if id != "" {
		r = append(r, field{"id", id})
	}
	r = append(r, field{"type", kind})
	if payload != nil {
		r = append(r, field{"payload", payload})
	}
	return r
}

const (
	ordersQuery = "subscription OrderUpdated($shop: ID!) {\n  orderUpdated(shop: $shop) {\n    id\n    state\n    total { amount currency }\n    lines { sku quantity }\n  }\n}"
	stockQuery  = "subscription { stockLevel(sku: \"TEA-250\") { sku left warehouse } }"
)

// subscribeOrders is a shop's page that watches its orders over GraphQL.
func subscribeOrders(a *actor) error {
	if err := a.say(graphQL("connection_init", "", record{{"authorization", "Bearer " + token(a, "https://id.shop.test")}, {"client", record{{"name", "shop-web"}, {"version", "3.18.0"}}}})); err != nil {
		return err
	}
	if _, err := a.hear(); err != nil {
		return err
	}
	if err := a.say(graphQL("subscribe", "1", record{{"operationName", "OrderUpdated"}, {"query", ordersQuery}, {"variables", record{{"shop", "s_4821"}}}})); err != nil {
		return err
	}
	for id := 2; ; id++ {
		if err := a.pause(3 * time.Second); err != nil {
			return err
		}
		if err := a.say(graphQL("subscribe", fmt.Sprint(id), record{{"query", stockQuery}})); err != nil {
			return err
		}
		if err := a.pause(6 * time.Second); err != nil {
			return err
		}
		if err := a.say(graphQL("complete", fmt.Sprint(id), nil)); err != nil {
			return err
		}
		if err := a.say(graphQL("ping", "", nil)); err != nil {
			return err
		}
	}
}

// serveOrders is the server of subscribeOrders.
func serveOrders(a *actor) error {
	stock, order, subscribed := "", 70_311, false
	answer := func(m message) error {
		var request struct {
			ID, Type string
			Payload  struct{ OperationName string }
		}
		if err := json.Unmarshal(m.payload, &request); err != nil {
			return a.leave(4400, "invalid message received")
		}
		switch request.Type {
		case "connection_init":
			return a.say(graphQL("connection_ack", "", nil))
		case "ping":
			return a.say(graphQL("pong", "", nil))
		case "complete":
			stock = ""
		case "subscribe":
			if subscribed = subscribed || request.Payload.OperationName != ""; request.Payload.OperationName != "" {
				return nil
			}
			if a.rng.IntN(3) == 0 {
				return a.say(graphQL("error", request.ID, list{record{
					{"message", "warehouse north does not answer"},
					{"locations", list{record{{"line", 1}, {"column", 16}}}},
					{"path", list{"stockLevel"}}, {"extensions", record{{"code", "UPSTREAM_TIMEOUT"}}},
				}}))
			}
			stock = request.ID
		}
		return nil
	}
	states := []string{"PAID", "PACKED", "SHIPPED", "RETURNED"}
	for {
		if err := a.during(time.Duration(900+a.rng.IntN(900))*time.Millisecond, answer); err != nil {
			return err
		}
		if subscribed {
			lines := list{}
			for range 1 + a.rng.IntN(3) {
				lines = append(lines, record{{"sku", []string{"TEA-250", "MUG-BLUE", "POT-1L", "HONEY-500"}[a.rng.IntN(4)]}, {"quantity", 1 + a.rng.IntN(5)}})
			}
			order++
			update := record{{"id", fmt.Sprintf("o_%d", order)}, {"state", states[a.rng.IntN(len(states))]},
				{"total", record{{"amount", price(4 + 90*a.rng.Float64())}, {"currency", "EUR"}}}, {"lines", lines}}
			if err := a.say(graphQL("next", "1", record{{"data", record{{"orderUpdated", update}}}})); err != nil {
				return err
			}
		}
		if stock != "" {
			level := record{{"sku", "TEA-250"}, {"left", 200 + a.rng.IntN(50)}, {"warehouse", "north"}}
			if err := a.say(graphQL("next", stock, record{{"data", record{{"stockLevel", level}}}})); err != nil {
				return err
			}
		}
	}
}

// token returns a JSON Web Token (RFC 7519) that opens nothing.
func token(a *actor, issuer string) string {
	part := func(r record) string { return base64.RawURLEncoding.EncodeToString(appendJSON(nil, r)) }
	signed := part(record{{"alg", "HS256"}, {"typ", "JWT"}, {"kid", "demo-1"}}) + "." + part(record{
		{"iss", issuer}, {"sub", "u_118"}, {"name", "Ada Ferry"}, {"scope", list{"read", "write"}},
		{"iat", int(a.now.Unix())}, {"exp", int(a.now.Add(time.Hour).Unix())},
	})
	mac := hmac.New(sha256.New, []byte("demo"))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
