package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// recording is a proxy and the capture it records into. Its address is known
// once it is open; then serve it, and close it when serve has returned.
type recording struct {
	path     string
	listener net.Listener
	recorder *store.Recorder
	server   *proxy.Proxy
	control  *control.Server // nil when it could not be opened
	before   uint64          // the last connection the capture already had
	rules    *rulesFile      // nil without one
	logger   *slog.Logger
}

// openRecording checks the flags, all of them before it opens anything, and
// starts a recording with the user's authority.
func (p *program) openRecording(ctx context.Context, f recordFlags, logger *slog.Logger) (*recording, error) {
	options, storeOptions, err := f.options()
	if err != nil {
		return nil, err
	}
	var standing *rulesFile
	if f.rules != "" {
		if standing, err = p.readRulesFile(f.rules); err != nil {
			return nil, err
		}
	}
	path, err := p.capturePath()
	if err != nil {
		return nil, err
	}
	if options.Authority, err = authority(); err != nil {
		return nil, err
	}
	return p.startRecording(ctx, path, f.listen, options, storeOptions, standing, logger)
}

// startRecording listens, opens the capture at path and puts standing rules, if
// any, in force. The events of proxy and capture go to logger. Clients that come
// before serve wait for it.
func (p *program) startRecording(ctx context.Context, path, listen string, options proxy.Options, storeOptions store.Options, standing *rulesFile, logger *slog.Logger) (*recording, error) {
	if _, recorded, err := p.running(ctx, path); err == nil && recorded {
		return nil, lockedFailure(path, fmt.Errorf("record into %s: %w", path, store.ErrLocked))
	}
	var events eventSink
	logger = slog.New(&keptLog{next: logger.Handler(), events: &events})
	options.Logger, storeOptions.Logger = logger, logger

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, listenFailure(listen, err)
	}
	recorder, err := store.Create(path, storeOptions)
	if err != nil {
		listener.Close()
		return nil, p.openFailure(path, err)
	}
	events.Store(recorder)
	r := &recording{path: path, listener: listener, recorder: recorder, rules: standing, logger: logger}
	options.Recorder = recorderDoor{recorder}
	if r.server, err = proxy.New(options); err == nil {
		r.before, err = r.newest(ctx)
	}
	if err != nil {
		listener.Close()
		return nil, errors.Join(err, recorder.Close())
	}
	r.note(store.LevelInfo, "recording began", "address", r.address(), "version", version(), "pid", strconv.Itoa(os.Getpid()))
	if options.Insecure {
		r.note(store.LevelWarning, "servers' certificates are not verified (--insecure)")
	}
	door := control.Options{
		Path: path, Recorder: recorder, Proxy: r.server, Address: r.address(),
		Version: version(), Insecure: options.Insecure, Logger: logger,
	}
	if standing != nil {
		standing.enforce(standing.first, r.server, logger)
		door.RulesError = standing.problem
	}
	if options.Reverse != nil {
		door.Reverse = options.Reverse.Redacted()
	}
	r.control, err = control.Listen(door)
	if err != nil {
		logger.Warn("the capture cannot be read while it is recorded", "error", err)
	}
	return r, nil
}

// note keeps an event in the capture that is no news to who sees it happen.
func (r *recording) note(level, message string, attrs ...string) {
	e := store.Event{Time: time.Now(), Level: level, Message: message}
	for i := 0; i+1 < len(attrs); i += 2 {
		e.Attrs = append(e.Attrs, store.Attr{Key: attrs[i], Value: attrs[i+1]})
	}
	r.recorder.Log(e)
}

// address returns where the proxy listens, HOST:PORT.
func (r *recording) address() string { return r.listener.Addr().String() }

// serve runs everything that lives as long as the recording, until ctx ends or
// the listener fails, and returns when all of it has ended.
func (r *recording) serve(ctx context.Context) error {
	// Recycled buffers make up most of the heap, so that little of it is
	// garbage: collecting earlier than by default costs next to nothing and
	// keeps the process small.
	debug.SetGCPercent(50)
	if r.rules == nil {
		return r.server.Serve(ctx, r.listener)
	}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.rules.watch(watching, r.server, r.logger)
	}()
	err := r.server.Serve(ctx, r.listener)
	stop()
	<-watched
	return err
}

// newest returns the number of the newest connection in the capture, or 0.
func (r *recording) newest(ctx context.Context) (uint64, error) {
	reader := r.recorder.Reader()
	defer reader.Close()
	conns, err := reader.Conns(ctx, 0, 1)
	if err != nil || len(conns) == 0 {
		return 0, err
	}
	return conns[0].ID, nil
}

// tally returns how many connections, refused and failed ones included, and how
// many messages were recorded. Call it after serve and before close.
func (r *recording) tally() (connections, messages uint64, err error) {
	// A disk that is full must not hold up the end.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := r.recorder.Sync(ctx); err != nil {
		return 0, 0, fmt.Errorf("wait for the capture %s: %w", r.path, err)
	}
	reader := r.recorder.Reader()
	defer reader.Close()
	const page = 100
	for before := uint64(0); ; {
		conns, err := reader.Conns(ctx, before, page)
		if err != nil {
			return 0, 0, err
		}
		for i := range conns {
			if conns[i].ID <= r.before {
				return connections, messages, nil
			}
			if conns[i].State != frame.Bypassed {
				connections++
			}
			messages += conns[i].Messages[frame.Client] + conns[i].Messages[frame.Server]
		}
		if len(conns) < page {
			return connections, messages, nil
		}
		before = conns[page-1].ID
	}
}

// close completes the capture and returns how the recorder has fared. Served is
// what serve returned; it comes first among the errors.
func (r *recording) close(served error) (store.Stats, error) {
	r.listener.Close()
	r.note(store.LevelInfo, "recording ended")
	if r.control != nil {
		// Who follows gets all there is, and finds the file ready at once: unless
		// the disk is in trouble, there is nothing left to be written.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_ = r.recorder.Sync(ctx)
		cancel()
		_ = r.control.Close()
	}
	closed := r.recorder.Close()
	stats := r.recorder.Stats()
	switch {
	case served != nil:
		return stats, served
	case closed != nil:
		return stats, fmt.Errorf("complete the capture %s: %w", r.path, closed)
	case stats.Shed > 0:
		return stats, &failure{
			code: exitFailed,
			hint: "frames marked shed have lost their payload; record with --on-overload block or on a faster disk",
			err:  fmt.Errorf("%d frames were recorded without their payload", stats.Shed),
		}
	}
	return stats, nil
}

// listenFailure explains why the proxy cannot listen.
func listenFailure(address string, err error) error {
	f := &failure{code: exitUsage, err: fmt.Errorf("listen on %s: %w", address, err)}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.code = exitFailed
		f.err = fmt.Errorf("%s is in use by another process", address)
		f.hint = "stop that process, or choose another port, such as --listen 127.0.0.1:0 for any free one"
	case errors.Is(err, fs.ErrPermission):
		f.hint = "ports below 1024 need privileges: choose a higher one"
	default:
		f.hint = "write --listen 127.0.0.1:8080, or port 0 for any free port"
	}
	return f
}
