package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// The bounds of what clients may take of the recorder's process.
const (
	maxConns   = 64               // connections at a time
	spareConns = 16               // connections above that, to be told so
	maxStreams = 32               // requests at a time whose answer may be long
	maxHolds   = 16               // holds at a time
	maxHeavy   = 2                // requests at a time whose body may be long
	maxHeader  = 64 << 10         // bytes of a request's header
	maxBody    = 1 << 20          // bytes of a request's body
	patience   = time.Minute      // for a client that takes nothing
	askTime    = 10 * time.Second // for a client to make its request
	idleTime   = 2 * time.Minute  // between two requests
	grace      = 2 * time.Second  // for requests under way when the server closes
)

// Options say what a Server serves.
type Options struct {
	// Path is the capture, Recorder what records it.
	Path     string
	Recorder *store.Recorder
	// Proxy is asked for what it sees and to intervene; it may be nil.
	Proxy *proxy.Proxy
	// Address is where the proxy listens, Reverse the server it stands for, if
	// any, Insecure that servers' certificates are not verified, and Version
	// that of the program. They are only told to who asks.
	Address, Reverse, Version string
	Insecure                  bool
	// RulesError returns why a newer text of a file of rules is not in force, "" when
	// there is none; nil is as good as that. It is called from any goroutine.
	RulesError func() string
	// Logger is told of faults of this package; nil discards.
	Logger *slog.Logger

	// These are for tests.
	patience, askTime, keepAlive time.Duration
	actions                      actions
}

// Server lets other processes read a capture while it is recorded, and act on
// the recording.
type Server struct {
	options Options
	source  store.Source
	reader  *store.Reader
	http    http.Server
	door    *door
	socket  string
	since   time.Time
	meter   meter
	ruling  sync.Mutex // held while rules are changed
	streams chan struct{}
	holds   chan struct{}
	heavy   chan struct{}
	work    sync.WaitGroup // the accept loop, the meter, and the goroutine of every connection
	ctx     context.Context
	cancel  context.CancelFunc
	ending  context.Context // ends when streams are to come to their end
	end     context.CancelFunc
}

// Listen serves a capture until Close. It must be called after the recorder was
// created, and the server closed before the recorder is: the recorder's lock on
// the capture is what says that a socket already there is a dead process's.
func Listen(o Options) (*Server, error) {
	at, err := locate(o.Path)
	if err == nil {
		o.Path, err = filepath.Abs(o.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the control socket of %s: %w", o.Path, err)
	}
	listener, err := at.listen()
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", at.socket(), err)
	}
	if o.patience == 0 {
		o.patience = patience
	}
	if o.askTime == 0 {
		o.askTime = askTime
	}
	if o.keepAlive == 0 {
		o.keepAlive = keepAlive
	}
	if o.actions == nil && o.Proxy != nil {
		o.actions = live{o.Proxy}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	source := o.Recorder.Source()
	s := &Server{
		options: o,
		source:  source,
		reader:  store.NewReader(source),
		door:    &door{Listener: listener, patience: o.patience},
		socket:  at.socket(),
		since:   time.Now().UTC().Truncate(time.Millisecond),
		streams: make(chan struct{}, maxStreams),
		holds:   make(chan struct{}, maxHolds),
		heavy:   make(chan struct{}, maxHeavy),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.ending, s.end = context.WithCancel(s.ctx)
	s.http = http.Server{
		Handler:           s.handler(),
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: askTime,
		IdleTimeout:       idleTime,
		ErrorLog:          log.New(discard{}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ConnContext:       withVisitor,
		ConnState:         s.count,
	}
	s.work.Go(func() { _ = s.http.Serve(s.door) })
	s.work.Go(func() { s.meter.run(s.ending, o.Recorder.Stats, s.open) })
	return s, nil
}

// Close lets what is being answered come to its end, streams with all that is
// recorded by now, cuts off after 2 seconds what has not, and returns when
// nothing of the server is running any more.
func (s *Server) Close() error {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := s.http.Shutdown(ctx)
	s.cancel()
	if err != nil {
		err = s.http.Close()
	}
	s.work.Wait()
	return errors.Join(err, s.reader.Close())
}

// open returns how many connections are under way.
func (s *Server) open() int {
	if s.options.actions == nil {
		return 0
	}
	return s.options.actions.Stats().Open
}

// count keeps track of net/http's goroutines, one a connection.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.work.Add(1)
	case http.StateClosed:
		s.work.Done()
	}
}

// discard drops what net/http says of clients that leave in mid-answer.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// listen listens on the socket, in the place of one a dead process left.
func (p *place) listen() (net.Listener, error) {
	if err := p.make(); err != nil {
		return nil, err
	}
	// Whoever listens here has the lock on the capture, so that nobody else can.
	if c, err := net.DialTimeout("unix", p.socket(), time.Second); err == nil {
		c.Close()
		return nil, errors.New("another process answers there")
	}
	if err := os.Remove(p.socket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	p.sweep()
	l, err := net.Listen("unix", p.socket())
	if err != nil {
		return nil, err
	}
	if err := p.secure(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// door accepts a bounded number of connections. A few above that are let in to
// be told so, more are turned away.
type door struct {
	net.Listener
	patience time.Duration
	inside   atomic.Int32
}

func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		n := d.inside.Add(1)
		if n <= maxConns+spareConns {
			leave := sync.OnceFunc(func() { d.inside.Add(-1) })
			return &visitor{Conn: c, patience: d.patience, excess: n > maxConns, leave: leave}, nil
		}
		d.inside.Add(-1)
		_ = c.Close()
	}
}

// visitor is a connection that is given up when its other end takes nothing for
// some time, however long the answer is as a whole.
type visitor struct {
	net.Conn
	patience time.Duration
	excess   bool // it is only here to be told that there are too many
	leave    func()
}

func (v *visitor) Write(p []byte) (n int, err error) {
	const piece = 64 << 10
	for n < len(p) && err == nil {
		if err = v.SetWriteDeadline(time.Now().Add(v.patience)); err != nil {
			break
		}
		var m int
		m, err = v.Conn.Write(p[n:min(len(p), n+piece)])
		n += m
	}
	return n, err
}

func (v *visitor) Close() error {
	v.leave()
	return v.Conn.Close()
}

type visitorKey struct{}

func withVisitor(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, c)
}

// excess reports whether a request came over one connection too many.
func excess(r *http.Request) bool {
	v, ok := r.Context().Value(visitorKey{}).(*visitor)
	return ok && v.excess
}
