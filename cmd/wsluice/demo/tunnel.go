package demo

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// handshakeTime bounds how long a client of the servers takes until it is
// upgraded.
const handshakeTime = 10 * time.Second

// acceptKey is what RFC 6455 section 1.3 appends to a client's key.
const acceptKey = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// serve is the tunnel and, at its other end, all servers. It ends with ctx, when
// all connections have.
func (d *Demo) serve(ctx context.Context) {
	var serving sync.WaitGroup
	defer serving.Wait()
	defer context.AfterFunc(ctx, func() { _ = d.listener.Close() })()
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			// Who asks for nonsense gets no answer: the peer is the proxy shown.
			_ = d.tunnel(ctx, conn.(*net.TCPConn))
		})
	}
}

// tunnel answers CONNECT and is then the server asked for.
func (d *Demo) tunnel(ctx context.Context, raw *net.TCPConn) error {
	_ = raw.SetDeadline(time.Now().Add(handshakeTime))
	in := bufio.NewReader(raw)
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || r.Method != http.MethodConnect {
		_, err := fmt.Fprint(raw, "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return err
	}
	if host == retired {
		_, err := fmt.Fprint(raw, "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		return err
	}
	if _, err := fmt.Fprint(raw, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return err
	}
	var conn net.Conn = raw
	scheme := "ws"
	if port == "443" {
		scheme = "wss"
		conn = tls.Server(conn, d.identity.config)
		in = bufio.NewReader(conn)
	}
	if r, err = http.ReadRequest(in); err != nil {
		return err
	}
	at := url.URL{Scheme: scheme, Host: host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	a := d.byURL[at.String()]
	if a == nil {
		a = &app{refused: &refusal{status: http.StatusNotFound}}
	}
	if a.refused != nil {
		return a.refused.write(conn)
	}
	if err := upgrade(conn, r, a); err != nil {
		return err
	}
	_ = raw.SetDeadline(time.Time{})
	v := a.current()
	p, err := newPeer(conn, in, frame.Server, d.random(a, v, "masks", frame.Server), a.deflate)
	if err != nil {
		return err
	}
	d.newActor(ctx, a, v, p, raw, at.Query().Get).play(a.server)
	return nil
}

// upgrade answers an opening handshake (RFC 6455 section 4.2.2).
func upgrade(conn net.Conn, r *http.Request, a *app) error {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + acceptKey))
	head := "HTTP/1.1 101 Switching Protocols\r\nServer: demo\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	if a.protocol != "" {
		head += "Sec-WebSocket-Protocol: " + a.protocol + "\r\n"
	}
	if a.deflate {
		head += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	_, err := fmt.Fprint(conn, head+"\r\n")
	return err
}

// refusal is an answer to a handshake that is no upgrade.
type refusal struct {
	status int
	header http.Header
	body   string
}

func (r *refusal) write(conn net.Conn) error {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nServer: demo\r\n", r.status, http.StatusText(r.status))
	for name, values := range r.header {
		for _, value := range values {
			head += name + ": " + value + "\r\n"
		}
	}
	head += fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n", len(r.body))
	_, err := fmt.Fprint(conn, head+r.body)
	return err
}
