package statistics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/statistics"
)

// TestPings would catch a pong that is taken for the answer to another ping, and
// pings that are lost or counted twice. Words of a script are: "ping x" by the
// client, "pong x" by the server, and the time that passes.
func TestPings(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name, script                               string
		sent, answered, unanswered, waiting, extra uint64
		least, most                                time.Duration
	}{
		{"one", "ping a 20ms pong a", 1, 1, 0, 0, 0, 20 * ms, 20 * ms},
		{"waiting", "ping a", 1, 0, 0, 1, 0, 0, 0},
		{"unasked", "pong a", 0, 0, 0, 0, 1, 0, 0},
		{"another payload", "ping a 20ms pong b", 1, 0, 0, 1, 1, 0, 0},
		{"a beginning is another", "ping ab 20ms pong a 10ms pong ab", 1, 1, 0, 0, 1, 30 * ms, 30 * ms},
		{"twice answered", "ping a 20ms pong a 1ms pong a", 1, 1, 0, 0, 1, 20 * ms, 20 * ms},
		{"in order", "ping a 5ms ping b 15ms pong a 1ms pong b", 2, 2, 0, 0, 0, 16 * ms, 20 * ms},
		{"the last one only", "ping a 5ms ping b 5ms ping c 20ms pong c 1ms pong a", 3, 1, 2, 0, 1, 20 * ms, 20 * ms},
		{"empty, in order", "ping 5ms ping 15ms pong 1ms pong", 2, 2, 0, 0, 0, 16 * ms, 20 * ms},
		{"empty, one passed over", "ping 30s ping 20ms pong 30s ping 20ms pong 30s ping 20ms pong", 4, 3, 1, 0, 0, 20 * ms, 30*time.Second + 20*ms},
		{"a stall", "ping 2s ping 2s ping 2s pong pong pong", 3, 3, 0, 0, 0, 2 * time.Second, 6 * time.Second},
		{"slow, each with its own", "ping a 3s ping b 3s pong a 1s ping c 2s pong b 1s pong c", 3, 3, 0, 0, 0, 3 * time.Second, 6 * time.Second},
		{"clock back", "ping a -20ms pong a", 1, 1, 0, 0, 0, 0, 0},
		{"a flood", strings.Repeat("ping a 1ms ", 40) + "pong a", 40, 1, 8, 31, 0, 32 * ms, 32 * ms},
	} {
		t.Run(test.name, func(t *testing.T) {
			talk := begin()
			words := strings.Fields(test.script)
			for len(words) > 0 {
				word := words[0]
				words = words[1:]
				payload := ""
				if pass, err := time.ParseDuration(word); err == nil {
					talk.now = talk.now.Add(pass)
					continue
				}
				if len(words) > 0 && words[0] >= "a" && words[0] < "d" {
					payload, words = words[0], words[1:]
				}
				if word == "ping" {
					talk.control(frame.Client, frame.Ping, payload)
				} else {
					talk.control(frame.Server, frame.Pong, payload)
				}
			}
			p := talk.Report().Flows[frame.Client].Pings
			if p.Sent != test.sent || p.Answered != test.answered || p.Unanswered != test.unanswered || p.Waiting() != test.waiting || p.Unasked != test.extra {
				t.Errorf("%+v, %d waiting", p, p.Waiting())
			}
			if p.Trips.Min != test.least || p.Trips.Max != test.most {
				t.Errorf("round trips are %v to %v, want %v to %v", p.Trips.Min, p.Trips.Max, test.least, test.most)
			}
			if other := talk.Report().Flows[frame.Server].Pings; other != (statistics.Pings{}) {
				t.Errorf("the server's pings are %+v", other)
			}
		})
	}
}

// TestPingsOfTheUser would catch a ping that never went out and waits, and an answer
// that the user made up.
func TestPingsOfTheUser(t *testing.T) {
	talk := begin()
	talk.say(frame.Client, frame.Ping, 0, func(m *frame.Message) { m.Origin = frame.Dropped })
	talk.say(frame.Client, frame.Ping, 0, func(m *frame.Message) { m.Origin = frame.Injected })
	talk.now = talk.now.Add(time.Millisecond)
	talk.say(frame.Server, frame.Pong, 0, func(m *frame.Message) { m.Origin = frame.Injected })
	talk.now = talk.now.Add(time.Millisecond)
	talk.say(frame.Server, frame.Pong, 0, func(m *frame.Message) { m.Origin = frame.Dropped })
	p := talk.Report().Flows[frame.Client].Pings
	if p.Sent != 1 || p.Answered != 1 || p.Unasked != 0 || p.Trips.Max != 2*time.Millisecond {
		t.Errorf("%+v", p)
	}
}
