package rules

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// TestEndings catches an end of the connection, or silence, at another time than
// a rule says. A script has one event a word: c and s are messages of client and
// server, C and S those with the word match in them, +5s is time that passes,
// and ? asks what is due. What comes of each is said behind it.
func TestEndings(t *testing.T) {
	tests := []struct{ rules, script, want string }{
		{"close: 1000", "c", "close"},
		{"close: 1000\n  when: match", "c C c C", "- close - -"},
		{"close: 1000\n  from: server", "c c s", "- - close"},
		{"close: {code: 1000, after: {messages: 3}}", "c c c c", "- - close -"},
		{"close: {code: 1000, after: {messages: 2}}", "c s c", "- - close"},
		{"close: {code: 1000, after: {messages: 2}}\n  when: match", "C c C", "- - close"},
		{"close: {code: 1000, after: {time: 10s}}", "? c ? +9s ? +1s ? ?", "- - - - close -"},
		{"close: {code: 1000, after: {time: 10s}}\n  when: match", "+20s ? C +9s ? +1s ? ?", "- - - close -"},
		{"close: {code: 1000, after: {time: 10s, messages: 2}}", "c c +20s ?", "- close -"},
		{"close: {code: 1000, after: {time: 10s, messages: 2}}", "c +20s ? c", "- close -"},
		{"close: {code: 1000, after: {time: 10s}}\n- reset: {after: {time: 5s}}", "+5s ? +5s ?", "reset close"},
		{"reset: {after: {messages: 2}}", "c c", "- reset"},
		{"reset: {after: {time: 1ms}}", "+1s ?", "reset"},

		{"silence: true\n  when: match", "c C c s", "- silence silence -"},
		{"silence: true\n  from: server", "c s s c", "- silence silence -"},
		{"silence: {after: {messages: 2}}\n  from: client", "c c ? c s ?", "- - hush-client silence - -"},
		{"silence: {after: {messages: 1}}", "c c s s ?", "- silence - silence -"},
		{"silence: {after: {time: 5s}}", "c +5s ? c s ?", "- hush-client-server silence silence -"},
		{"silence: {after: {time: 5s}}\n  from: server", "+5s ? c s", "hush-server - silence"},
		{"silence: {after: {time: 5s}}\n  count: 1", "+5s ? s", "hush-client-server silence"},
	}
	for _, test := range tests {
		c := parse(t, test.rules).Open(connection(1))
		if got := play(c, test.script); got != test.want {
			t.Errorf("%s\non %s\n got %s\nwant %s", test.rules, test.script, got, test.want)
		}
	}
}

func play(c *Conn, script string) string {
	now := noon
	var out []string
	for _, event := range strings.Fields(script) {
		if d, ok := strings.CutPrefix(event, "+"); ok {
			span, _ := time.ParseDuration(d)
			now = now.Add(span)
			continue
		}
		if event == "?" {
			out = append(out, expire(c, now))
			continue
		}
		m := text(frame.Client, "other")
		if strings.EqualFold(event, "s") {
			m.From = frame.Server
		}
		if event == "C" || event == "S" {
			m.Payload = []byte("a match")
		}
		switch o := c.Apply(m, now); {
		case o.End != nil:
			out = append(out, strings.Fields(sayEnd(o.End))[0])
		case o.Silence:
			out = append(out, "silence")
		default:
			out = append(out, "-")
		}
	}
	return strings.Join(out, " ")
}

// expire asks as the tap does: when something is due.
func expire(c *Conn, now time.Time) string {
	due := c.Due()
	if due.IsZero() || due.After(now) {
		return "-"
	}
	end, silence := c.Expire(now)
	out := ""
	if end != nil {
		out = strings.Fields(sayEnd(end))[0]
	}
	if silence != [2]bool{} {
		out += "hush"
		for side, silent := range silence {
			if silent {
				out += "-" + frame.Side(side).String()
			}
		}
	}
	return out
}

// TestWants catches a tap that is kept looking when there is nothing more to
// see, which costs, or not asked to when there is.
func TestWants(t *testing.T) {
	for _, test := range []struct {
		rules          string
		client, server bool
	}{
		{"drop: true", true, true},
		{"drop: true\n  from: client", true, false},
		{"drop: true\n  when: from == server && size > 3", false, true},
		{"close: {after: {time: 5s}}", false, false},
		{"close: {after: {time: 5s}}\n  when: size > 3", true, true},
		{"close: {after: {time: 5s, messages: 3}}", true, true},
		{"throttle: 1KB", false, false},
	} {
		c := parse(t, test.rules).Open(connection(1))
		if c == nil || c.Wants(frame.Client) != test.client || c.Wants(frame.Server) != test.server {
			t.Errorf("%s: %v", test.rules, c)
		}
	}
	c := parse(t, "drop: true\n  count: 2").Open(connection(1))
	for i, want := range []bool{true, true, false} {
		if got := c.Wants(frame.Client); got != want {
			t.Errorf("after %d of 2 messages it wants %t", i, got)
		}
		c.Apply(text(frame.Client, "x"), noon)
	}
	c = parse(t, "close: 1000").Open(connection(1))
	c.Apply(text(frame.Client, "x"), noon)
	if c.Wants(frame.Client) || c.Wants(frame.Server) {
		t.Error("a connection that was closed is still looked at")
	}
	c = parse(t, "silence: true\n  from: server").Open(connection(1))
	c.Apply(text(frame.Server, "x"), noon)
	if !c.Wants(frame.Server) || c.Wants(frame.Client) {
		t.Error("of a connection the server of which is silent the wrong side is looked at")
	}
}

// TestOpen catches a connection that is looked at when no rule can act on it,
// and one that is not when a rule can.
func TestOpen(t *testing.T) {
	for _, test := range []struct {
		rules string
		open  bool
	}{
		{"rules: []", false},
		{"drop: true\n  off: true", false},
		{"drop: true\n  off: true\n- delay: 1s", true},
		{"refuse: 503", false},
		{"drop: true\n  when: conn == 1", true},
		{"drop: true\n  when: conn == 2", false},
		{"throttle: 1KB", true},
		{"throttle: 1KB\n  off: true", false},
		{"throttle: 1KB\n  when: host == 'api.example.com'", true},
		{"throttle: 1KB\n  when: host == 'other.example'", false},
		{"close: {after: {time: 5s}}", true},
	} {
		if got := parse(t, test.rules).Open(connection(1)) != nil; got != test.open {
			t.Errorf("%s: %t", test.rules, got)
		}
	}
	s := parse(t, "drop: true\n  count: 1")
	s.Open(connection(1)).Apply(text(frame.Client, "x"), noon)
	if s.Open(connection(2)) != nil {
		t.Error("a rule that has done all it was to do still opens connections")
	}
}

// TestOpenAgain catches counts on a connection that begin anew, or a direction
// that speaks again, when another rule is switched or the text is loaded again.
func TestOpenAgain(t *testing.T) {
	const text = "rules:\n- close: {code: 1000, after: {messages: 3}}\n  when: match\n" +
		"- silence: {after: {time: 5s}}\n  from: server\n- throttle: 1KB\n- delay: 1s\n  off: true"
	s := parse(t, text)
	c := s.Open(connection(1))
	if got := play(c, "C C +5s ?"); got != "- - hush-server" {
		t.Fatal(got)
	}
	runtime.GC()
	again := parse(t, text)
	again.Inherit(s)
	before := c
	for _, next := range []*Set{s, again} {
		c = next.Open(connection(1))
		if got := play(c, "? s"); got != "hush-server silence" {
			t.Errorf("opened again: %s", got)
		}
		if hits := next.Rules()[2].Hits; hits != 1 {
			t.Errorf("one connection was throttled, %d times", hits)
		}
		runtime.KeepAlive(before)
		before = c
	}
	if got := play(c, "C"); got != "close" {
		t.Errorf("the third message that matches: %s", got)
	}
	if err := again.Switch("rule 2", false); err != nil {
		t.Fatal(err)
	}
	if c := again.Open(connection(1)); c.Wants(frame.Server) {
		t.Error("a direction stays silent when its rule is off")
	}
}

// TestForget catches progress that is kept for connections nobody has any more.
func TestForget(t *testing.T) {
	s := parse(t, "close: {code: 1000, after: {messages: 3}}")
	for id := range uint64(100) {
		s.Open(connection(id))
	}
	l := &s.rules[0].state.progress
	for range 1000 {
		runtime.GC()
		l.mu.Lock()
		left := len(l.of)
		l.mu.Unlock()
		if left == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d connections are still known", len(l.of))
}
