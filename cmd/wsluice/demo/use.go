package demo

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// errNoProxy is why a demo cannot go on.
var errNoProxy = errors.New("the proxy cannot be reached")

// use is the life of an app: one connection after the other, the first not before
// turn is closed, until ctx ends. It fails with errNoProxy alone.
func (d *Demo) use(ctx context.Context, a *app, turn <-chan struct{}, proxy *url.URL, roots *x509.CertPool) error {
	met := sync.OnceFunc(func() { close(a.met) })
	defer met()
	v := visit{began: a.after}
	wait := a.after
	for {
		timer := time.NewTimer(time.Duration(float64(wait) / d.rate))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		<-turn
		a.begin(v)
		err := d.connect(ctx, a, v, proxy, roots, met)
		met()
		if errors.Is(err, errNoProxy) && ctx.Err() == nil {
			return err
		}
		// All else is what is to be seen: refusals, resets, servers that are not
		// there. An app that does not mean to come again does so after a loss.
		wait = max(a.again, time.Second)
		passed := time.Duration(float64(time.Since(d.began)) * d.rate)
		v = visit{number: v.number + 1, began: (passed + wait).Round(100 * time.Millisecond)}
	}
}

// connect opens a connection of a through the proxy, calls met when the handshake
// is done, and plays it to its end.
func (d *Demo) connect(ctx context.Context, a *app, v visit, proxy *url.URL, roots *x509.CertPool, met func()) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", proxy.Host)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoProxy, err)
	}
	raw := conn.(*net.TCPConn)
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	_ = raw.SetDeadline(time.Now().Add(handshakeTime))
	u, err := url.Parse(a.url)
	if err != nil {
		return err
	}
	port := "80"
	if u.Scheme == "wss" {
		port = "443"
	}
	address := net.JoinHostPort(u.Hostname(), port)
	if err := ask(conn, bufio.NewReader(conn), http.StatusOK, fmt.Sprintf("CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", address)); err != nil {
		return err
	}
	if u.Scheme == "wss" {
		conn = tls.Client(conn, &tls.Config{ServerName: u.Hostname(), RootCAs: roots, NextProtos: []string{"http/1.1"}})
	}
	in := bufio.NewReader(conn)
	if err := ask(conn, in, http.StatusSwitchingProtocols, d.handshake(a, v, u)); err != nil {
		return err
	}
	met()
	_ = raw.SetDeadline(time.Time{})
	p, err := newPeer(conn, in, frame.Client, d.random(a, v, "masks", frame.Client), a.deflate)
	if err != nil {
		return err
	}
	// From here on the actor says goodbye when ctx ends.
	if !stop() {
		return ctx.Err()
	}
	d.newActor(ctx, a, v, p, raw, u.Query().Get).play(a.client)
	return nil
}

// handshake returns the request of an opening handshake (RFC 6455 section 4.1).
func (d *Demo) handshake(a *app, v visit, u *url.URL) string {
	random := d.random(a, v, "key", frame.Client)
	var key [16]byte
	for i := range key {
		key[i] = byte(random.Uint32())
	}
	head := "GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nUser-Agent: " + a.agent +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		base64.StdEncoding.EncodeToString(key[:]) + "\r\n"
	for _, field := range [][2]string{{"Origin", a.origin}, {"Sec-WebSocket-Protocol", a.protocol}} {
		if field[1] != "" {
			head += field[0] + ": " + field[1] + "\r\n"
		}
	}
	if a.deflate {
		head += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
	}
	return head + "\r\n"
}

// ask sends a request and checks the status of its answer.
func ask(conn net.Conn, in *bufio.Reader, want int, request string) error {
	if _, err := fmt.Fprint(conn, request); err != nil {
		return err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != want {
		return fmt.Errorf("the answer is %q", response.Status)
	}
	return nil
}
