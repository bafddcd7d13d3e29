package replay

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

func text(from frame.Side, seq uint64, payload string) *frame.Message {
	return &frame.Message{Seq: seq, From: from, Type: frame.Text, Payload: []byte(payload), Size: uint64(len(payload))}
}

// What the server gives anew must be found wherever it stands, and what only looks
// alike must be left as it was.
func TestDiscoveries(t *testing.T) {
	for _, test := range []struct{ name, recorded, got, client, want string }{
		{"JSON", `{"id":"ab12-99","n":1}`, `{"id":"cd34-77","n":1}`, `{"ref":"ab12-99"}`, `{"ref":"cd34-77"}`},
		{"number", `{"id":100234}`, `{"id":998877}`, `{"ref":100234}`, `{"ref":998877}`},
		{"within a text", `["sid","x9y8z7w6"]`, `["sid","a1b2c3d4"]`, `join /rooms/x9y8z7w6/now`, `join /rooms/a1b2c3d4/now`},
		{"packet of Socket.IO", `0{"sid":"lv_VI97HAXpY6yYWAAAC","pingInterval":25000}`, `0{"sid":"bw_KX13QQQQy6zzzAAAD","pingInterval":25000}`, `42["as","lv_VI97HAXpY6yYWAAAC"]`, `42["as","bw_KX13QQQQy6zzzAAAD"]`},
		{"token in parts", `{"jwt":"eyJh1.eyJz2.sig33"}`, `{"jwt":"eyJh1.eyJx9.sig44"}`, `Bearer eyJh1.eyJz2.sig33`, `Bearer eyJh1.eyJx9.sig44`},
		{"token with separators in it", `{"t":"abcd+1234/xyz=="}`, `{"t":"pqrs/9876+12345"}`, `{"auth":"abcd+1234/xyz=="}`, `{"auth":"pqrs/9876+12345"}`},
		{"more members now", `{"id":"ab12-99"}`, `{"new":true,"id":"cd34-77"}`, `{"ref":"ab12-99"}`, `{"ref":"cd34-77"}`},
		{"part of a longer word", `{"id":"ab1299"}`, `{"id":"cd3477"}`, `{"ref":"xab1299"}`, `{"ref":"xab1299"}`},
		{"a plain word", `{"state":"pending"}`, `{"state":"active"}`, `{"want":"pending"}`, `{"want":"pending"}`},
		{"a small number", `{"count":7}`, `{"count":9}`, `{"page":7}`, `{"page":7}`},
		{"nothing new", `{"id":"ab12-99"}`, `{"id":"ab12-99"}`, `{"ref":"ab12-99"}`, `{"ref":"ab12-99"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newValues(&Options{Detect: true})
			v.discover(text(frame.Server, 1, test.recorded), text(frame.Server, 1, test.got))
			// Until the client has used it, it is no reason for anything.
			if same := v.renewed(text(frame.Server, 2, test.client)); string(same) != test.client {
				t.Errorf("the server is expected to send %s", same)
			}
			got, uses := v.change(text(frame.Client, 3, test.client), nil)
			if string(got) != test.want || (len(uses) > 0) != (test.client != test.want) {
				t.Errorf("the client sends %s (%v), want %s", got, uses, test.want)
			}
			if now := v.renewed(text(frame.Server, 4, test.client)); string(now) != test.want {
				t.Errorf("the server is expected to send %s, want %s", now, test.want)
			}
		})
	}
}

// Values are kept in bounded memory, the latest of them.
func TestDiscoveriesAreBounded(t *testing.T) {
	v := newValues(&Options{Detect: true})
	for i := range 3 * maxFound {
		v.keep(0, time.Duration(i+1e6).String(), "now", 1)
	}
	if len(v.found[0]) != maxFound || v.found[0][time.Duration(3*maxFound-1+1e6).String()] == nil {
		t.Errorf("%d are kept", len(v.found[0]))
	}
}

// A path must lead to the one value it says, as text or as it is written.
func TestPath(t *testing.T) {
	const payload = `42{"a":{"b c":[1,{"d":"x\ny"}]},"n":1.50,"o":{"k": 1}}`
	for path, want := range map[string]string{
		"$.a['b c'][1].d": "x\ny", `$.a["b c"][0]`: "1", "$.n": "1.50", "$.o": `{"k": 1}`,
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.find([]byte(payload)); !ok || got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"$.x", "$.a[0]", "$.n.m", "$.a['b c'][7]"} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.find([]byte(payload)); ok {
			t.Errorf("%s leads to %q", path, got)
		}
	}
	for _, path := range []string{"", "a", "$a", "$.", "$..a", "$.*", "$[-1]", "$[1", "$['a", "$.a b.[x]"} {
		if p, err := ParsePath(path); err == nil {
			t.Errorf("%q is read as %v", path, p.steps)
		}
	}
}

// A quantile must be right to 1/64, and never less than the truth.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(rng.Int64N(1 << rng.IntN(40)))
		h.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(0, int(q*float64(len(all))+0.999999)-1)].Truncate(time.Microsecond)
		if got := h.Quantile(q); got < want || got > want+want/64+time.Microsecond {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.Count() != 10_000 || h.Max() != all[len(all)-1] {
		t.Errorf("%d counted, the longest %v", h.Count(), h.Max())
	}
	if new(Histogram).Quantile(0.5) != 0 {
		t.Error("an empty one has a median")
	}
}

// An exchange of frames must come out at the same shares.
func FuzzShares(f *testing.F) {
	f.Add(uint16(10), uint16(3), uint16(7), uint16(20))
	f.Fuzz(func(t *testing.T, a, b, c, now uint16) {
		whole := int(a) + int(b) + int(c)
		k := maker{payload: make([]byte, now), changed: true}
		message := &frame.Message{Type: frame.Text}
		size, start := 0, 0
		for i, n := range []uint16{a, b, c} {
			m := &move{message: message, start: start, end: start + int(n), whole: whole, first: i == 0, last: i == 2}
			m.frame.Header = frame.Header{Opcode: frame.Text, Fin: i == 2, Length: uint64(n)}
			start = m.end
			h, header := frame.Parse(k.append(nil, m))
			if size += int(h.Length); len(k.append(nil, m)) != header+int(h.Length) {
				t.Fatal("a frame is not as long as it says")
			}
		}
		if size != int(now) {
			t.Errorf("%d bytes of %d are sent", size, now)
		}
	})
}
