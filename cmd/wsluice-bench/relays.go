package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/frame"
)

// design is a way to carry a WebSocket connection.
type design string

// The designs that are compared. All but direct are proxies that a client asks
// to CONNECT; with TLS all show the same kind of leaf and verify the server.
const (
	direct    design = "direct"
	bare      design = "bare relay"
	recording design = "recording relay"
	buffered  design = "buffered recording relay"
	goproxies design = "goproxy"
	messages  design = "gorilla messages"
	wsluice   design = "wsluice"
)

var designs = []design{direct, bare, recording, buffered, goproxies, messages, wsluice}

// ready is how a relay says on stderr where it listens. It is what wsluice says.
const ready = "listening on "

// relaySpec is the arguments of a relay process.
type relaySpec struct {
	design design
	folder string // of the authorities
	log    string // file to record into
	secure bool
}

func (s *relaySpec) args() []string {
	return []string{roleRelay, string(s.design), s.folder, s.log, fmt.Sprint(s.secure)}
}

// runRelay is a relay process: it carries connections until ctx ends.
func runRelay(ctx context.Context, args []string, stderr io.Writer) (err error) {
	if len(args) != 4 {
		return fmt.Errorf("a relay has 4 arguments, got %d", len(args))
	}
	s := relaySpec{design: design(args[0]), folder: args[1], log: args[2], secure: args[3] == "true"}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	r, err := newRelay(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.log.close()) }()
	fmt.Fprintf(stderr, "%s%s\n", ready, listener.Addr())
	switch s.design {
	case goproxies:
		return r.serveGoproxy(listener)
	case messages:
		return r.serveMessages(listener)
	}
	return r.serve(listener)
}

// relay carries connections byte by byte.
type relay struct {
	authority *certs.Authority
	upstream  *tls.Config
	secure    bool
	log       *frameLog // nil when nothing is recorded
	writes    sync.Pool // of gorilla
}

func newRelay(s relaySpec) (*relay, error) {
	authority, err := certs.Open(filepath.Join(s.folder, relayAuthority))
	if err != nil {
		return nil, err
	}
	server, err := certs.Open(filepath.Join(s.folder, serverAuthority))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	r := &relay{authority: authority, upstream: &tls.Config{RootCAs: roots}, secure: s.secure}
	switch s.design {
	case recording:
		r.log, err = newFrameLog(s.log, 0)
	case buffered:
		r.log, err = newFrameLog(s.log, logBuffer)
	}
	return r, err
}

// serve accepts until the listener is closed and waits for what it accepted.
func (r *relay) serve(listener net.Listener) error {
	var carrying sync.WaitGroup
	defer carrying.Wait()
	for id := uint32(1); ; id++ {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		carrying.Go(func() { r.carry(client, id) })
	}
}

// carry connects a client to the server it asks for and copies both ways.
// Failures show as connections that end, which the load reports.
func (r *relay) carry(client net.Conn, id uint32) {
	defer client.Close()
	target, err := acceptConnect(client)
	if err != nil {
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	if r.secure {
		host, _, _ := net.SplitHostPort(target)
		config := r.upstream.Clone()
		config.ServerName = host
		client = tls.Server(client, r.authority.TLSConfig(target))
		server = tls.Client(server, config)
	}
	var back sync.WaitGroup
	back.Go(func() { r.copy(client, server, id, frame.Server) })
	r.copy(server, client, id, frame.Client)
	back.Wait()
}

// acceptConnect reads a CONNECT request, grants it and returns its target.
func acceptConnect(client net.Conn) (string, error) {
	request, err := http.ReadRequest(bufio.NewReader(client))
	if err != nil {
		return "", err
	}
	if request.Method != http.MethodConnect {
		return "", fmt.Errorf("method is %s, want CONNECT", request.Method)
	}
	// A client says nothing more before this, so the reader has nothing left.
	_, err = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	return request.Host, err
}

// copy carries what from sends to to, until its end, and passes that on.
func (r *relay) copy(to, from net.Conn, id uint32, side frame.Side) {
	if r.log == nil {
		io.Copy(to, from)
	} else {
		r.log.copy(to, from, id, side)
	}
	to.(interface{ CloseWrite() error }).CloseWrite()
}
