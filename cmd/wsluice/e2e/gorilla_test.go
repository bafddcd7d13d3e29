//go:build e2e

package e2e

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// gorillaPeer plays one end of a conversation with gorilla/websocket.
type gorillaPeer struct {
	name   string
	ws     *websocket.Conn
	events *journal
	inbox  chan event // with Body holding the payload
	pongs  chan struct{}
	gone   chan struct{} // closed when reading has ended
	over   event         // how it has ended
}

func playGorilla(name string, ws *websocket.Conn, events *journal, steps []step) {
	p := &gorillaPeer{
		name: name, ws: ws, events: events,
		inbox: make(chan event, 1024),
		pongs: make(chan struct{}, 1024),
		gone:  make(chan struct{}),
	}
	answer := ws.PingHandler()
	ws.SetPingHandler(func(s string) error {
		p.note("received", "ping", []byte(s))
		return answer(s)
	})
	ws.SetPongHandler(func(s string) error {
		p.note("received", "pong", []byte(s))
		p.pongs <- struct{}{}
		return nil
	})
	var reading sync.WaitGroup
	reading.Go(p.read)
	for _, s := range steps {
		if err := p.take(s); err != nil {
			break
		}
	}
	reading.Wait()
	p.hangUp()
	events.add(p.over)
}

// hangUp ends the connection once the peer has said all it wants to: a library
// may still write behind its close frame.
func (p *gorillaPeer) hangUp() {
	conn := p.ws.NetConn()
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	io.Copy(io.Discard, conn)
	conn.Close()
}

// read takes in messages until the connection is over.
func (p *gorillaPeer) read() {
	defer close(p.gone)
	for {
		kind, data, err := p.ws.ReadMessage()
		if err != nil {
			p.over = event{Case: p.name, Event: "closed", Code: websocket.CloseAbnormalClosure}
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				p.over.Code, p.over.Reason = closed.Code, closed.Text
			}
			return
		}
		name := "text"
		if kind == websocket.BinaryMessage {
			name = "binary"
		}
		p.note("received", name, data)
		p.inbox <- event{Type: name, Body: string(data)}
	}
}

func (p *gorillaPeer) note(what, kind string, data []byte) {
	p.events.add(event{Case: p.name, Event: what, Type: kind, Size: len(data), SHA256: digest(data)})
}

func (p *gorillaPeer) take(s step) error {
	switch s.Do {
	case "send":
		return p.send(s.Type, s.payload())
	case "fragments":
		return p.fragments(s)
	case "ping":
		return p.ping(s.Text)
	case "receive":
		for range s.Count {
			if _, err := p.next(); err != nil {
				return err
			}
		}
	case "echo":
		for {
			m, err := p.next()
			if err != nil {
				return err
			}
			if err := p.send(m.Type, []byte(m.Body)); err != nil {
				return err
			}
		}
	case "close":
		var body []byte
		if s.Code != 0 {
			body = websocket.FormatCloseMessage(s.Code, s.Reason)
		}
		return p.ws.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience))
	}
	return nil
}

func (p *gorillaPeer) next() (event, error) {
	select {
	case m := <-p.inbox:
		return m, nil
	case <-p.gone:
		return event{}, io.EOF
	}
}

func (p *gorillaPeer) send(kind string, data []byte) error {
	number := websocket.TextMessage
	if kind == "binary" {
		number = websocket.BinaryMessage
	}
	if err := p.ws.WriteMessage(number, data); err != nil {
		return err
	}
	p.note("sent", kind, data)
	return nil
}

func (p *gorillaPeer) ping(s string) error {
	if err := p.ws.WriteControl(websocket.PingMessage, []byte(s), time.Now().Add(patience)); err != nil {
		return err
	}
	p.note("sent", "ping", []byte(s))
	select {
	case <-p.pongs:
		return nil
	case <-p.gone:
		return io.EOF
	}
}

// fragments relies on gorilla flushing a frame whenever its 4 KiB buffer is
// full.
func (p *gorillaPeer) fragments(s step) error {
	var message strings.Builder
	w, err := p.ws.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	for i, letter := range s.Texts {
		part := strings.Repeat(letter, s.Repeat)
		message.WriteString(part)
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
		if i == 0 {
			if err := p.ws.WriteControl(websocket.PingMessage, []byte(s.Ping), time.Now().Add(patience)); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	p.note("sent", "text", []byte(message.String()))
	p.note("sent", "ping", []byte(s.Ping))
	return nil
}

// payload returns the data of a send step: given, or noise of the given size.
func (s step) payload() []byte {
	switch {
	case s.Size == 0 && s.Type == "text":
		return []byte(s.Text)
	case s.Size == 0:
		return s.Base64
	case s.Type == "text":
		return []byte(hex.EncodeToString(random(s.Size / 2)))
	}
	return random(s.Size)
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.Read(p)
	return p
}

// gorillaClient plays plans one after the other through a proxy.
func gorillaClient(t testing.TB, via door, plans []plan) *journal {
	t.Helper()
	dialer := via.dialer(t)
	events := newJournal()
	for _, p := range plans {
		dialGorilla(dialer, p, events)
	}
	return events
}

// dialer returns a dialer that goes through the door.
func (d door) dialer(t testing.TB) websocket.Dialer {
	t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: pool(t, d.authority)}}
	if d.proxy != "" {
		proxy, err := url.Parse(d.proxy)
		if err != nil {
			t.Fatal(err)
		}
		dialer.Proxy = http.ProxyURL(proxy)
	}
	return dialer
}

// dialGorilla plays one plan.
func dialGorilla(dialer websocket.Dialer, p plan, events *journal) {
	dialer.EnableCompression = p.Deflate
	dialer.Subprotocols = p.Protocols
	header := http.Header{}
	for name, value := range p.Headers {
		header.Set(name, value)
	}
	if p.Origin != "" {
		header.Set("Origin", p.Origin)
	}
	ws, response, err := dialer.Dial(p.URL, header)
	if err != nil {
		e := event{Case: p.Case, Event: "failed", Error: err.Error()}
		if response != nil {
			e.Event, e.Status = "refused", response.StatusCode
		}
		events.add(e)
		return
	}
	events.add(event{
		Case: p.Case, Event: "open",
		Subprotocol: ws.Subprotocol(),
		Extensions:  response.Header.Get("Sec-WebSocket-Extensions"),
	})
	playGorilla(p.Case, ws, events, p.Steps)
}

// gorillaServer serves ws and wss on listeners that keep the plain bytes.
func gorillaServer(t testing.TB, pki *authority) *server {
	s := &server{name: "gorilla", events: newJournal(), base: map[string]string{}, tapes: map[string]*tapes{}}
	secure := pki.config(t, "gorilla")
	for _, compression := range []string{"off", "fresh"} {
		for _, scheme := range []string{"ws", "wss"} {
			var l net.Listener = listen(t)
			if scheme == "wss" {
				l = tls.NewListener(l, secure)
			}
			kept := &tapes{Listener: l}
			site := httptest.NewUnstartedServer(gorillaHandler(s.events, compression == "fresh"))
			site.Listener.Close()
			site.Listener = kept
			site.Start()
			t.Cleanup(site.Close)
			key := scheme + "/" + compression
			s.base[key] = scheme + "://localhost:" + port(l)
			s.tapes[key] = kept
		}
	}
	return s
}

func gorillaHandler(events *journal, compress bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		var steps []step
		if err := json.Unmarshal([]byte(r.URL.Query().Get("steps")), &steps); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		upgrader := websocket.Upgrader{
			EnableCompression: compress,
			CheckOrigin:       func(*http.Request) bool { return true },
		}
		if offered := websocket.Subprotocols(r); len(offered) > 0 {
			upgrader.Subprotocols = offered[len(offered)-1:] // not the first, so that a choice shows
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			events.add(event{Case: name, Event: "failed", Error: err.Error()})
			return
		}
		var headers []string
		for field, values := range r.Header {
			for _, value := range values {
				headers = append(headers, field, value)
			}
		}
		events.add(event{Case: name, Event: "open", Subprotocol: ws.Subprotocol(), Headers: slices.Clip(headers)})
		playGorilla(name, ws, events, steps)
	})
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
