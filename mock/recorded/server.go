package recorded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// Server serves conversations. Its methods may be called from any goroutine.
type Server struct {
	options Options
	routes  map[string]*route
	paths   []string
	count   atomic.Uint64

	lock     sync.Mutex
	over     bool // nothing is answered any more
	sessions sync.WaitGroup
}

// route is what there is for one path.
type route struct {
	scripts []*script
	turn    atomic.Uint64
}

// New reads the conversations and returns a server of them. Payloads of up to 128
// MiB in all are held, others read again when they are sent.
func New(ctx context.Context, o Options) (*Server, error) { return newServer(ctx, o, maxHeld) }

// newServer returns a server that holds payloads of so many bytes.
func newServer(ctx context.Context, o Options, hold int) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, routes: make(map[string]*route)}
	l := &loader{options: &s.options, room: hold}
	for i := range o.Conversations {
		c := &o.Conversations[i]
		u, err := url.Parse(c.Connection.URL)
		if err != nil {
			return nil, fmt.Errorf("conversation %d: its URL cannot be served: %w", c.Connection.ID, err)
		}
		if state := c.Connection.State; state == frame.Failed || state == frame.Bypassed {
			return nil, fmt.Errorf("conversation %d cannot be served: it is %s", c.Connection.ID, state)
		}
		script, err := l.load(ctx, c)
		if err != nil {
			return nil, err
		}
		path := s.path(u)
		r := s.routes[path]
		if r == nil {
			r = new(route)
			s.routes[path] = r
			s.paths = append(s.paths, path)
		}
		r.scripts = append(r.scripts, script)
	}
	return s, nil
}

// Paths returns the paths that are served, with their queries unless any query is,
// in the order of the conversations. They are captured text.
func (s *Server) Paths() []string { return slices.Clone(s.paths) }

// path returns what of a URL connections are matched by.
func (s *Server) path(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" && !s.options.AnyQuery {
		path += "?" + u.RawQuery
	}
	return path
}

// Serve accepts clients from l, which may speak TLS, until ctx ends. It ends the
// connections then, with a close frame that says going away, and returns when all
// have ended; it has closed l. The error is that of l, if it fails. A Server serves
// once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(ctx, w, r) }),
		ReadHeaderTimeout: shakeTime,
		WriteTimeout:      shakeTime,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close()
	})
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	cancel()
	if !stop() {
		<-closed
	}
	_ = server.Close()
	s.lock.Lock()
	s.over = true
	s.lock.Unlock()
	s.sessions.Wait()
	return err
}

// answer serves one request to its end.
func (s *Server) answer(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.sessions.Done()
	e := Event{Number: s.count.Add(1), Client: r.RemoteAddr, Path: r.URL.RequestURI()}
	if status, err := checkRequest(r); err != nil {
		if status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		s.decline(w, e, status, err)
		return
	}
	route := s.routes[s.path(r.URL)]
	if route == nil {
		s.decline(w, e, http.StatusNotFound, errors.New("no conversation has this path"))
		return
	}
	choice := route.fitting(listed(r.Header, "Sec-WebSocket-Protocol"))
	if len(choice) == 0 {
		s.decline(w, e, http.StatusBadRequest, errors.New("no conversation has a subprotocol that is offered"))
		return
	}
	picked := route.pick(s.options.Pick, len(choice))
	script := choice[picked]
	conversation := &script.conversation.Connection
	facts := &frame.Connection{
		State: frame.Open, URL: s.url(r), Client: r.RemoteAddr, Start: time.Now().UTC(), Request: requestFields(r),
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		facts.Server = local.String()
	}
	e.Conversation, facts.Source = conversation.ID, conversation.ID
	if conversation.State == frame.Refused {
		e.What, e.Status = Refused, refuse(w, script)
		facts.State, facts.Status, facts.End = frame.Refused, e.Status, time.Now().UTC()
		facts.Response, facts.Body = passable(conversation.Response), conversation.Body
		_, e.Err = s.record(facts)
		s.tell(e)
		return
	}
	conn, err := upgrade(w, r, script, facts)
	if err != nil {
		e.What, e.Err = Unserved, err
		s.tell(e)
		return
	}
	tape, err := s.record(facts)
	e.What, e.Status, e.Err = Connected, facts.Status, err
	s.tell(e)
	run := newSession(s, conn, script, facts, tape, e)
	if s.options.Pick == ByFirst {
		run.others = append(slices.Clone(choice[picked:]), choice[:picked]...)
	}
	run.run(ctx)
}

// enter begins a session, unless Serve waits for the last ones to end.
func (s *Server) enter() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.over {
		return false
	}
	s.sessions.Add(1)
	return true
}

// decline answers what cannot be served.
func (s *Server) decline(w http.ResponseWriter, e Event, status int, err error) {
	w.Header().Set("Connection", "close")
	http.Error(w, "wsluice: "+err.Error(), status)
	e.What, e.Status, e.Err = Unserved, status, err
	s.tell(e)
}

func (s *Server) record(facts *frame.Connection) (Tape, error) {
	if s.options.Record == nil {
		return nil, nil
	}
	return s.options.Record(facts)
}

func (s *Server) tell(e Event) {
	if s.options.Tell != nil {
		e.Time = time.Now().UTC()
		s.options.Tell(e)
	}
}

// url returns what a client asked for.
func (s *Server) url(r *http.Request) string {
	scheme := "ws"
	if r.TLS != nil {
		scheme = "wss"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}

// fitting returns the scripts for a client that offers subprotocols: those with one
// of them or, when there are none, those without. A refusal fits all.
func (r *route) fitting(offered []string) []*script {
	var with, without []*script
	for _, s := range r.scripts {
		switch c := &s.conversation.Connection; {
		case c.State == frame.Refused:
			with, without = append(with, s), append(without, s)
		case c.Subprotocol == "":
			without = append(without, s)
		case slices.Contains(offered, c.Subprotocol):
			with = append(with, s)
		}
	}
	if slices.ContainsFunc(with, func(s *script) bool { return s.conversation.Connection.State != frame.Refused }) {
		return with
	}
	return without
}

// pick returns which of n scripts is taken.
func (r *route) pick(how Pick, n int) int {
	if how == AtRandom {
		return rand.IntN(n)
	}
	return int((r.turn.Add(1) - 1) % uint64(n))
}
