package demo

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// watchPrices subscribes to a feed and changes its mind from time to time.
func watchPrices(a *actor) error {
	id := 0
	call := func(method string, symbols ...any) error {
		id++
		params := record{{"channels", list{"trades", "book"}}, {"symbols", list(symbols)}}
		if method == "subscribe" {
			params = append(params, field{"depth", 5})
		}
		return a.say(record{{"id", id}, {"method", method}, {"params", params}})
	}
	if _, err := a.hear(); err != nil {
		return err
	}
	if err := call("subscribe", "BTC-EUR", "ETH-EUR", "SOL-EUR"); err != nil {
		return err
	}
	for symbols := []any{"SOL-EUR", "ETH-EUR", "BTC-EUR"}; ; symbols = append(symbols[1:], symbols[0]) {
		if err := a.pause(7 * time.Second); err != nil {
			return err
		}
		if err := call("unsubscribe", symbols[0]); err != nil {
			return err
		}
		if err := a.pause(4 * time.Second); err != nil {
			return err
		}
		if err := call("subscribe", symbols[0]); err != nil {
			return err
		}
	}
}

// market is what streamPrices knows of a symbol.
type market struct {
	last     float64
	sequence int
}

// feed is the server's end of a price feed.
type feed struct {
	*actor
	markets map[string]*market
	active  []string
	trades  int
}

// streamPrices is the server of watchPrices.
func streamPrices(a *actor) error {
	f := &feed{actor: a, trades: 88_140_200, markets: map[string]*market{
		"BTC-EUR": {64_210.5, 7_401_311}, "ETH-EUR": {2_384.12, 5_118_020}, "SOL-EUR": {171.36, 2_903_447},
	}}
	if err := a.say(record{{"event", "hello"}, {"server", "prices-7f9c"}, {"heartbeat_ms", 4000}}); err != nil {
		return err
	}
	first, err := a.hear()
	if err != nil {
		return err
	}
	if err := f.answer(first); err != nil {
		return err
	}
	for tick := 0; ; tick++ {
		if err := a.during(time.Duration(120+a.rng.IntN(100))*time.Millisecond, f.answer); err != nil {
			return err
		}
		if tick%24 == 12 {
			// The heartbeat.
			beat := appendJSON(nil, a.millis())
			if err := a.peer.send(frame.Ping, beat); err != nil {
				return err
			}
		}
		if len(f.active) == 0 {
			continue
		}
		symbol := f.active[a.rng.IntN(len(f.active))]
		change := f.book
		if a.rng.IntN(3) == 0 {
			change = f.trade
		}
		if err := a.say(change(symbol)); err != nil {
			return err
		}
	}
}

// answer takes a request.
func (f *feed) answer(m message) error {
	var request struct {
		ID     int
		Method string
		Params struct{ Symbols []string }
	}
	if err := json.Unmarshal(m.payload, &request); err != nil {
		return f.say(record{{"error", record{{"code", -32700}, {"message", "parse error"}}}})
	}
	var fresh []string
	for _, symbol := range request.Params.Symbols {
		switch known := slices.Contains(f.active, symbol); {
		case f.markets[symbol] == nil:
		case request.Method == "unsubscribe":
			f.active = slices.DeleteFunc(f.active, func(s string) bool { return s == symbol })
		case !known:
			f.active, fresh = append(f.active, symbol), append(fresh, symbol)
		}
	}
	active := list{}
	for _, symbol := range f.active {
		active = append(active, symbol)
	}
	if err := f.say(record{{"id", request.ID}, {"result", record{{"subscriptions", active}, {"limits", record{{"remaining", 118 - request.ID}, {"per_minute", 120}}}}}}); err != nil {
		return err
	}
	for _, symbol := range fresh {
		if err := f.say(f.snapshot(symbol)); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) snapshot(symbol string) record {
	m := f.markets[symbol]
	return record{
		{"channel", "book"}, {"type", "snapshot"}, {"symbol", symbol}, {"seq", m.sequence}, {"ts", f.millis()},
		{"bids", f.levels(m.last, -1, 5)}, {"asks", f.levels(m.last, 1, 5)},
	}
}

// levels returns prices with amounts, away from a price.
func (f *feed) levels(from, way float64, n int) list {
	var l list
	step := from / 100_000
	for i := range n {
		l = append(l, list{price(from + way*step*float64(1+2*i)), round(f.rng.ExpFloat64()*0.8+0.001, 3)})
	}
	return l
}

func (f *feed) book(symbol string) record {
	m := f.markets[symbol]
	m.sequence++
	r := record{{"channel", "book"}, {"type", "update"}, {"symbol", symbol}, {"seq", m.sequence}, {"ts", f.millis()}}
	side, way := "bids", -1.0
	if f.rng.IntN(2) == 0 {
		side, way = "asks", 1
	}
	return append(r, field{side, f.levels(m.last, way, 1+f.rng.IntN(3))})
}

func (f *feed) trade(symbol string) record {
	m := f.markets[symbol]
	m.last *= 1 + (f.rng.Float64()-0.5)/2000
	f.trades++
	side := []string{"buy", "sell"}[f.rng.IntN(2)]
	return record{
		{"channel", "trades"}, {"symbol", symbol}, {"ts", f.millis()},
		{"trade", record{{"id", f.trades}, {"side", side}, {"price", price(m.last)}, {"amount", round(f.rng.ExpFloat64()*0.2+0.0001, 4)}, {"maker", f.rng.IntN(4) == 0}}},
	}
}
