package rules

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// TestRules catches a status that does not say what stands in the text.
func TestRules(t *testing.T) {
	const text = `# my rules
rules:
  - name: no ads
    when: json.type == "ad"
    from: server
    count: 10
    off: true
    drop: true
  - {replace: {text: "a\tb", with: c, all: true}, when: from == client}
  - refuse: 503
`
	s, err := Parse("my.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if s.Text() != text || s.Name() != "my.yaml" {
		t.Errorf("%s: %q", s.Name(), s.Text())
	}
	want := []Status{
		{Name: "no ads", When: `json.type == "ad"`, From: "server", Does: "drops it", Line: 3, Most: 10},
		{Name: "rule 2", When: "from == client", From: "client", Does: `replaces every "a\tb" by "c"`, Line: 9, On: true},
		{Name: "rule 3", From: "handshake", Does: "refuses it with 503 Service Unavailable", Line: 10, On: true},
	}
	got := s.Rules()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("\n got %+v\nwant %+v", got[i], want[i])
		}
	}
}

// TestDoes catches an action that says in words something else than it does.
func TestDoes(t *testing.T) {
	for rule, want := range map[string]string{
		"replace: {text: a, with: b}":                          `replaces "a" by "b"`,
		"replace: {text: a, with: ''}":                         `removes "a"`,
		"replace: {pattern: 'a+', with: b, all: true}":         `replaces every /a+/ by "b"`,
		"replace: {json: '$.a[0][\"b c\"]', set: {a: [1, x]}}": `sets $.a[0]["b c"] to {"a":[1,"x"]}`,
		"replace: {json: $.a.b, delete: true}":                 "removes $.a.b",
		"drop: true":                                           "drops it",
		"delay: 1500ms":                                        "delays it by 1.5s",
		"delay: {jitter: 1s}":                                  "delays it by up to 1s",
		"delay: {fixed: 1s, jitter: 2s}":                       "delays it by 1s and up to 2s more",
		"duplicate: 1":                                         "sends it once more",
		"duplicate: 3":                                         "sends it 3 times more",
		"reorder: 1":                                           "sends it after the next one",
		"reorder: 3":                                           "sends it after 1 to 3 later ones",
		"truncate: 1KB":                                        "cuts it after 1KB",
		"corrupt: {bits: 1}":                                   "flips a bit of it",
		"corrupt: {bytes: 3}":                                  "changes 3 bytes of it",
		"split: 3":                                             "cuts it into 3 frames",
		"throttle: 10KB":                                       "lets 10KB a second through",
		"throttle: 1000":                                       "lets 1000 bytes a second through",
		"close: true":                                          "closes the connection without a code",
		"close: {code: 1011, reason: \"a\\tb\"}":               `closes the connection with 1011 "a\tb"`,
		"close: {code: 1011, after: {messages: 3}}":            "closes the connection with 1011 after 3 messages",
		"reset: {after: {messages: 1, time: 30s}}":             "resets the connection after 1 message or after 30s",
		"silence: {after: {time: 2m}}":                         "has the direction go silent after 2m0s",
		"answer: {text: a}":                                    "answers it in place of its receiver",
		"answer: {send: [{text: a}, {text: b}], pass: true}":   "answers it with 2 messages and passes it on",
		"refuse: 599":                                          "refuses it with 599",
		"headers: {request: {set: {A: [1, 2], B: 1}, remove: C}, response: {remove: [D, E]}}": "sets A, B of the request, removes C of the request, removes D, E of the response",
		"map: ws://127.0.0.1:9000/a":  "asks ws://127.0.0.1:9000/a instead",
		"map: {host: 127.0.0.1:9000}": "asks 127.0.0.1:9000 instead",
	} {
		if got := parse(t, rule).Rules()[0].Does; got != want {
			t.Errorf("%s\n got %s\nwant %s", rule, got, want)
		}
	}
}

// TestSwitch catches a switch that does nothing, and a name that is let pass.
func TestSwitch(t *testing.T) {
	s := parse(t, "drop: true\n  name: no ads")
	c := s.Open(connection(1))
	for _, on := range []bool{false, true} {
		if err := s.Switch("no ads", on); err != nil {
			t.Fatal(err)
		}
		if got := c.Wants(frame.Client); got != on || s.Rules()[0].On != on {
			t.Errorf("switched to %t: %t", on, got)
		}
		if got := c.Apply(text(frame.Client, "x"), noon).Drop; got != on {
			t.Errorf("switched to %t: dropped is %t", on, got)
		}
	}
	for name, want := range map[string]string{
		"no add": `no rule is named "no add", but one is named "no ads"`,
		"x":      `no rule is named "x"`,
	} {
		if err := s.Switch(name, true); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestInherit catches counts and switches that are lost over a reload, or that
// a rule takes over that was changed.
func TestInherit(t *testing.T) {
	const before = "rules:\n- {name: a, drop: true, when: a}\n- {drop: true, when: b}\n- {name: c, drop: true, when: c}\n- {name: d, off: true, drop: true, when: d}\n"
	const after = "rules:\n# another one first\n- {name: new, drop: true, when: n}\n- {name: a, when: \"a\", drop:   true} # the same\n- {name: c, drop: true, when: cc}\n" +
		"- {drop: true, when: b}\n- {name: d, off: true, drop: true, when: d}\n- {name: e, drop: true, when: a}\n"
	s := parse(t, before)
	c := s.Open(connection(1))
	for range 3 {
		for _, payload := range []string{"a", "b", "c"} {
			c.Apply(text(frame.Client, payload), noon)
		}
	}
	for name, on := range map[string]bool{"rule 2": false, "d": true} {
		if err := s.Switch(name, on); err != nil {
			t.Fatal(err)
		}
	}
	next := parse(t, after)
	next.Inherit(s)
	next.Inherit(nil)
	var got []string
	for _, r := range next.Rules() {
		got = append(got, fmt.Sprintf("%s %d %t", r.Name, r.Hits, r.On))
	}
	if want := "new 0 true, a 3 true, c 0 true, rule 4 3 false, d 0 true, e 0 true"; strings.Join(got, ", ") != want {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// TestTake catches a rule that acts once too often when two messages are
// looked at in the same moment.
func TestTake(t *testing.T) {
	r := &rule{most: 2, state: new(state)}
	for i, want := range []bool{true, true, false} {
		if got := r.take(); got != want {
			t.Errorf("time %d of 2: %t", i+1, got)
		}
	}
	if hits := r.state.hits.Load(); hits != 2 {
		t.Errorf("a rule that may act twice has %d hits", hits)
	}
}

// TestCount catches a rule that acts more often than it may when connections
// share it, and, run with the race detector, a switch that breaks what goes on.
func TestCount(t *testing.T) {
	s := parse(t, "drop: true\n  count: 1000\n- replace: {pattern: (x), with: y$1}\n- close: {code: 1000, after: {messages: 5000}}\n"+
		"- silence: {after: {messages: 5000, time: 1h}}\n- corrupt: {bits: 1}\n- answer: {json: '{{json}}'}\n- throttle: 1KB")
	var conns, switching sync.WaitGroup
	var drops [8]int
	for i := range drops {
		conns.Go(func() {
			c := s.Open(connection(uint64(i / 2)))
			if c == nil {
				return // everything was off or done just then
			}
			for range 1000 {
				m := text(frame.Side(i%2), "x")
				for from := range frame.Side(2) {
					c.Wants(from)
					c.Rate(from)
				}
				if o := c.Apply(m, noon); o.Drop && len(o.Acted) == 1 && o.Acted[0] == "rule 1" {
					drops[i]++
				}
				c.Due()
				c.Expire(noon)
			}
		})
	}
	done := make(chan struct{})
	switching.Go(func() {
		for on := false; ; on = !on {
			select {
			case <-done:
				return
			default:
			}
			for i := 2; i <= 7; i++ {
				_ = s.Switch(fmt.Sprintf("rule %d", i), on)
			}
			s.Rules()
			s.Handshake(connection(1))
			next := parse(t, s.Text())
			next.Inherit(s)
			next.Open(connection(1))
		}
	})
	conns.Wait()
	close(done)
	switching.Wait()
	total := 0
	for _, n := range drops {
		total += n
	}
	if hits := s.Rules()[0].Hits; total != 1000 || hits != 1000 {
		t.Errorf("dropped %d times and counted %d, not 1000", total, hits)
	}
}
