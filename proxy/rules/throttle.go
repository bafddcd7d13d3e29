package rules

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// throttle limits how fast a direction is.
type throttle struct{ rate int }

func readThrottle(r *reader, n *yaml.Node) action {
	return &throttle{r.size(n, "throttle", 1, 1<<30)}
}

func (*throttle) of() subject    { return connections }
func (t *throttle) does() string { return fmt.Sprintf("lets %s a second through", bytesOf(t.rate)) }

// bytesOf writes a number of bytes as a text of rules does.
func bytesOf(n int) string {
	for _, u := range units[:3] {
		if size := int(u.bytes); n >= size && n%size == 0 {
			return fmt.Sprintf("%d%s", n/size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// addThrottle throttles the connection, which is one hit, if the rule is for it.
func (c *Conn) addThrottle(r *rule) bool {
	if r.state.off.Load() || r.connections != nil && !r.connections.Match(c.connection) {
		return false
	}
	p := r.state.progress.open(c.connection.ID)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done[frame.Client].Load() && !r.take() {
		return false
	}
	p.done[frame.Client].Store(true)
	c.throttles = append(c.throttles, &use{r, p})
	return true
}

// Rate returns how many bytes a second may go through the direction of what that
// side sends, 0 for no limit. Of several rules the strictest counts.
func (c *Conn) Rate(from frame.Side) int {
	rate := 0
	for _, u := range c.throttles {
		t := u.action.(*throttle)
		if !u.state.off.Load() && u.sees(from) && (rate == 0 || t.rate < rate) {
			rate = t.rate
		}
	}
	return rate
}
