package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/proxy/rules"
)

// fakeProxy does nothing and remembers what it was asked for. One connection is
// under way, the first unless it is told otherwise; in 2 nothing can be injected.
type fakeProxy struct {
	conn     uint64
	opened   func(*fakeQueue) // is told of every queue, if not nil
	lock     sync.Mutex
	injected []proxy.Injection
	ended    []proxy.Ending
	orders   []proxy.Hold
	verdicts map[uint64]proxy.Verdict
	queues   []*fakeQueue
	held     []proxy.Held
	ids      [2]uint64 // of queues and of messages
	set      *rules.Set
	sets     int
	waiting  atomic.Int32 // for a place
}

func (f *fakeProxy) Inject(ctx context.Context, id uint64, in proxy.Injection) (proxy.Delivery, error) {
	switch id {
	case max(f.conn, 1):
	case 2:
		f.waiting.Add(1)
		defer f.waiting.Add(-1)
		<-ctx.Done()
		return proxy.Delivery{}, ctx.Err()
	default:
		return proxy.Delivery{}, fmt.Errorf("connection %d: %w", id, proxy.ErrNotLive)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.injected = append(f.injected, in)
	return proxy.Delivery{Time: epoch, Waited: 300 * time.Microsecond}, nil
}

func (f *fakeProxy) Kill(_ context.Context, id uint64, e proxy.Ending) error {
	if id != max(f.conn, 1) {
		return fmt.Errorf("connection %d: %w", id, proxy.ErrNotLive)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.ended = append(f.ended, e)
	return nil
}

func (f *fakeProxy) Stats() proxy.Stats {
	f.lock.Lock()
	defer f.lock.Unlock()
	return proxy.Stats{Holds: len(f.queues), Held: len(f.held)}
}

// fakeQueue holds what the proxy is offered.
type fakeQueue struct {
	of     *fakeProxy
	id     uint64
	order  proxy.Hold
	events chan proxy.HoldEvent
	once   sync.Once
	closed chan struct{}
	asked  atomic.Int32 // how often for the next event
}

func (f *fakeProxy) Hold(h proxy.Hold) (queue, error) {
	f.lock.Lock()
	f.orders = append(f.orders, h)
	f.ids[0]++
	q := &fakeQueue{of: f, id: f.ids[0], order: h, events: make(chan proxy.HoldEvent, 100_000), closed: make(chan struct{})}
	f.queues = append(f.queues, q)
	f.lock.Unlock()
	if f.opened != nil {
		f.opened(q)
	}
	return q, nil
}

func (q *fakeQueue) ID() uint64 { return q.id }

func (q *fakeQueue) Next(ctx context.Context) (proxy.HoldEvent, error) {
	q.asked.Add(1)
	select {
	case <-q.closed:
		return proxy.HoldEvent{}, io.EOF
	case e := <-q.events:
		return e, nil
	case <-ctx.Done():
		return proxy.HoldEvent{}, ctx.Err()
	}
}

func (q *fakeQueue) Close() {
	q.once.Do(func() {
		close(q.closed)
		f := q.of
		f.lock.Lock()
		defer f.lock.Unlock()
		f.queues = slices.DeleteFunc(f.queues, func(other *fakeQueue) bool { return other == q })
		f.held = slices.DeleteFunc(f.held, func(h proxy.Held) bool { return h.Queue == q.id })
	})
}

// offer has the first queue that wants it hold a message.
func (f *fakeProxy) offer(m frame.Message) (id uint64) {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, q := range f.queues {
		if q.order.Filter != nil && !q.order.Filter.Match(&m, &frame.Connection{ID: m.Conn}) {
			continue
		}
		f.ids[1]++
		h := proxy.Held{ID: f.ids[1], Queue: q.id, Message: m, Since: epoch, Until: epoch.Add(q.order.Limit), Expired: q.order.Expired}
		if q.order.Filter != nil {
			h.Why = q.order.Filter.String()
		}
		f.held = append(f.held, h)
		q.events <- proxy.HoldEvent{Held: &h}
		return h.ID
	}
	return 0
}

func (f *fakeProxy) Held() []proxy.Held {
	f.lock.Lock()
	defer f.lock.Unlock()
	return slices.Clone(f.held)
}

func (f *fakeProxy) Decide(id uint64, v proxy.Verdict) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	i := slices.IndexFunc(f.held, func(h proxy.Held) bool { return h.ID == id })
	if i < 0 {
		return fmt.Errorf("message %d: %w", id, proxy.ErrNotHeld)
	}
	for _, q := range f.queues {
		if q.id == f.held[i].Queue {
			q.events <- proxy.HoldEvent{Fate: &proxy.Fate{ID: id, Action: v.Action, Cause: "verdict"}}
		}
	}
	if f.verdicts == nil {
		f.verdicts = make(map[uint64]proxy.Verdict)
	}
	f.verdicts[id] = v
	f.held = slices.Delete(f.held, i, i+1)
	return nil
}

func (f *fakeProxy) SetRules(s *rules.Set) {
	// Others may come first.
	for range 1000 {
		runtime.Gosched()
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.set = s
	f.sets++
}

func (f *fakeProxy) Rules() *rules.Set {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.set
}

// holding returns how many queues are open.
func (f *fakeProxy) holding() int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return len(f.queues)
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never %s", what)
		}
	}
}

// post returns status and body of the answer to an action.
func post(t testing.TB, c *http.Client, target, body string) (int, string) {
	t.Helper()
	response, err := c.Post("http://wsluice"+target, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s breaks off: %v", target, err)
	}
	return response.StatusCode, strings.TrimSpace(string(all))
}

// complaint is what an action answers to a mistake.
type complaint struct {
	target, body string
	status       int
	says, hints  string
}

func (row complaint) check(t *testing.T, c *http.Client) {
	t.Helper()
	status, body := post(t, c, row.target, row.body)
	var said problem
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		t.Errorf("%s %.200s: answer %q", row.target, row.body, body)
	}
	if status != row.status || !strings.Contains(said.Text, row.says) || !strings.Contains(said.Hint, row.hints) || said.Text == "" {
		t.Errorf("%s %.200s: status %d, %s, want %d, %q, %q", row.target, row.body, status, body, row.status, row.says, row.hints)
	}
}

// lineOf reads a line that is not blank.
func lineOf(t testing.TB, in *bufio.Scanner) string {
	t.Helper()
	for in.Scan() {
		if text := strings.TrimSpace(in.Text()); text != "" {
			return text
		}
	}
	t.Fatalf("the stream ended: %v", in.Err())
	return ""
}

// first returns the queue that is open longest.
func (f *fakeProxy) first() *fakeQueue {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.queues[0]
}
