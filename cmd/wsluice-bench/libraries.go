package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/elazarl/goproxy"
	"github.com/gorilla/websocket"
)

// serveGoproxy is goproxy with TLS interception, as wsluice configures it, and
// goproxy's own copying of upgraded connections.
func (r *relay) serveGoproxy(listener net.Listener) error {
	proxy := goproxy.NewProxyHttpServer()
	proxy.Tr = &http.Transport{TLSClientConfig: r.upstream, DisableCompression: true}
	intercept := &goproxy.ConnectAction{
		Action: goproxy.ConnectMitm,
		TLSConfig: func(host string, _ *goproxy.ProxyCtx) (*tls.Config, error) {
			return r.authority.TLSConfig(host), nil
		},
	}
	proxy.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		return intercept, host
	})
	return serveHTTP(listener, proxy)
}

// serveHTTP serves until the listener is closed.
func serveHTTP(listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler}
	defer server.Close()
	if err := server.Serve(listener); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// messageBuffer holds the largest message whole, so that gorilla does not
// fragment it.
const messageBuffer = 128 << 10

// serveMessages relays as many WebSocket proxies do: gorilla's server towards
// the client, its client towards the server, message by message.
func (r *relay) serveMessages(listener net.Listener) error {
	tunnels := &tunnels{address: listener.Addr(), opened: make(chan net.Conn), closed: make(chan struct{})}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer tunnels.Close()
	serving.Go(func() { serveHTTP(tunnels, http.HandlerFunc(r.relayMessages)) })
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		serving.Go(func() { r.enter(client, tunnels) })
	}
}

// enter grants a CONNECT and hands the tunnel to the inner server.
func (r *relay) enter(client net.Conn, t *tunnels) {
	target, err := acceptConnect(client)
	if err != nil {
		client.Close()
		return
	}
	if r.secure {
		client = tls.Server(client, r.authority.TLSConfig(target))
	}
	select {
	case t.opened <- client:
	case <-t.closed:
		client.Close()
	}
}

// tunnels is the listener of the HTTP server inside CONNECT tunnels.
type tunnels struct {
	address net.Addr
	opened  chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-t.opened:
		return conn, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error   { t.once.Do(func() { close(t.closed) }); return nil }
func (t *tunnels) Addr() net.Addr { return t.address }

// relayMessages connects both ends and relays until one of them closes. The
// load's inner Host is the CONNECT target.
func (r *relay) relayMessages(w http.ResponseWriter, request *http.Request) {
	scheme := "ws://"
	if r.secure {
		scheme = "wss://"
	}
	dialer := websocket.Dialer{TLSClientConfig: r.upstream, WriteBufferSize: messageBuffer, WriteBufferPool: &r.writes}
	server, response, err := dialer.DialContext(context.WithoutCancel(request.Context()), scheme+request.Host+request.URL.Path, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	response.Body.Close()
	upgrader := websocket.Upgrader{WriteBufferSize: messageBuffer, WriteBufferPool: &r.writes}
	client, err := upgrader.Upgrade(w, request, nil)
	if err != nil {
		return // it has answered the client
	}
	defer client.Close()
	var back sync.WaitGroup
	back.Go(func() { relayOneWay(client, server) })
	relayOneWay(server, client)
	back.Wait()
}

// relayOneWay passes messages on until the sender closes, and that too.
func relayOneWay(to, from *websocket.Conn) {
	from.SetCloseHandler(func(code int, text string) error {
		return to.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, text))
	})
	for {
		kind, message, err := from.ReadMessage()
		if err == nil {
			err = to.WriteMessage(kind, message)
		}
		if err == nil {
			continue
		}
		if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			// Without a close frame the other direction would wait for ever.
			to.Close()
		}
		return
	}
}
