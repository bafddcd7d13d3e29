package rules

import (
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// TestRate catches a direction that is throttled to another rate than the
// strictest rule for it says, or at all when none does.
func TestRate(t *testing.T) {
	for _, test := range []struct {
		rules          string
		client, server int
	}{
		{"throttle: 1KB", 1024, 1024},
		{"throttle: 1.5KB\n  from: server", 0, 1536},
		{"throttle: 500", 500, 500},
		{"throttle: 3KB\n- throttle: 1KB\n- throttle: 2KB\n- throttle: 500\n  from: client", 500, 1024},
		{"throttle: 1KB\n  when: host == 'api.example.com'\n- throttle: 500\n  when: host == 'other.example'", 1024, 1024},
		{"throttle: 1KB\n- throttle: 500\n  off: true", 1024, 1024},
	} {
		c := parse(t, test.rules).Open(connection(1))
		if client, server := c.Rate(frame.Client), c.Rate(frame.Server); client != test.client || server != test.server {
			t.Errorf("%s: %d and %d, not %d and %d", test.rules, client, server, test.client, test.server)
		}
	}
}

// TestRateCount catches a throttle that takes more connections than it may, or
// is not off when it is switched off.
func TestRateCount(t *testing.T) {
	s := parse(t, "throttle: 1KB\n  count: 2")
	first, second := s.Open(connection(1)), s.Open(connection(2))
	if s.Open(connection(3)) != nil || s.Rules()[0].Hits != 2 {
		t.Errorf("a third connection is throttled: %+v", s.Rules()[0])
	}
	if s.Open(connection(2)) == nil {
		t.Error("a connection that is throttled is not when it is opened again")
	}
	if err := s.Switch("rule 1", false); err != nil {
		t.Fatal(err)
	}
	if first.Rate(frame.Client) != 0 || second.Rate(frame.Client) != 0 {
		t.Error("a throttle that is off still throttles")
	}
}
