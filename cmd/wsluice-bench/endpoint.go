package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// patience bounds every wait for the other side of a measurement.
const patience = time.Minute

// end is one end of an upgraded connection.
type end struct {
	net.Conn
	in   *bufio.Reader
	side frame.Side
}

func (e *end) Read(p []byte) (int, error) { return e.in.Read(p) }

// origin is the server clients want to reach. Upgraded connections come out of
// accepted.
type origin struct {
	listener net.Listener
	accepted chan *end
	serving  sync.WaitGroup
}

// newOrigin listens on loopback, with TLS if config is not nil.
func newOrigin(config *tls.Config) (*origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{listener: listener, accepted: make(chan *end)}
	o.serving.Go(func() { o.serve(config) })
	return o, nil
}

func (o *origin) serve(config *tls.Config) {
	defer close(o.accepted)
	var upgrading sync.WaitGroup
	defer upgrading.Wait()
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		upgrading.Go(func() {
			if config != nil {
				conn = tls.Server(conn, config)
			}
			e, err := accept(conn)
			if err != nil {
				// The client side sees it and reports it.
				conn.Close()
				return
			}
			o.accepted <- e
		})
	}
}

// close stops listening. What was accepted but not taken is closed.
func (o *origin) close() {
	o.listener.Close()
	for e := range o.accepted {
		e.Close()
	}
	o.serving.Wait()
}

// accept answers an opening handshake (RFC 6455 section 4.2.2).
func accept(conn net.Conn) (*end, error) {
	in := bufio.NewReader(conn)
	request, err := http.ReadRequest(in)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	return &end{Conn: conn, in: in, side: frame.Server}, err
}

// dial opens a WebSocket connection to address, through the proxy when it is
// not empty, with TLS if config is not nil.
func dial(ctx context.Context, proxy, address string, config *tls.Config) (_ *end, err error) {
	first := address
	if proxy != "" {
		first = proxy
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", first)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	conn.SetDeadline(time.Now().Add(patience))
	if proxy != "" {
		if err := ask(conn, bufio.NewReader(conn), http.StatusOK, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", address); err != nil {
			return nil, err
		}
	}
	raw := conn
	if config != nil {
		conn = tls.Client(conn, config)
	}
	in := bufio.NewReader(conn)
	var key [16]byte
	rand.Read(key[:])
	err = ask(conn, in, http.StatusSwitchingProtocols, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", address, base64.StdEncoding.EncodeToString(key[:]))
	raw.SetDeadline(time.Time{})
	return &end{Conn: conn, in: in, side: frame.Client}, err
}

// ask sends a request and checks the status of its answer.
func ask(conn net.Conn, in *bufio.Reader, want int, format string, args ...any) error {
	if _, err := fmt.Fprintf(conn, format, args...); err != nil {
		return err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != want {
		return fmt.Errorf("the answer is %q, want status %d", response.Status, want)
	}
	return nil
}

// closing returns the close frame side sends, with code 1000.
func closing(side frame.Side) []byte {
	h := frame.Header{Fin: true, Opcode: frame.Close, Masked: side == frame.Client, Length: 2}
	return append(h.Append(nil), 0x03, 0xE8)
}

// echo sends every message back until a close frame comes, and that too.
// Frames must be smaller than bufferSize.
func (e *end) echo(bufferSize int) error {
	buffer, have := make([]byte, bufferSize), 0
	var out []byte
	for {
		n, err := e.Read(buffer[have:])
		have += n
		out = out[:0]
		rest, closed := buffer[:have], false
		for !closed {
			h, size := frame.Parse(rest)
			whole := size + int(h.Length)
			if size == 0 || len(rest) < whole {
				break
			}
			payload := rest[size:whole]
			frame.Mask(payload, h.Mask, 0)
			out = frame.Header{Fin: true, Opcode: h.Opcode, Length: h.Length}.Append(out)
			out = append(out, payload...)
			rest, closed = rest[whole:], h.Opcode == frame.Close
		}
		have = copy(buffer, rest)
		if len(out) > 0 {
			if _, err := e.Write(out); err != nil {
				return err
			}
		}
		switch {
		case closed:
			return nil
		case errors.Is(err, io.EOF) && have == 0:
			return nil
		case err != nil:
			return err
		}
	}
}
