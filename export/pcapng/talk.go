package pcapng

import (
	"net/url"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// talk follows the HTTP/1 of both sides as far as it came.
func (c *conversation) talk() {
	for c.stage == inHTTP {
		asked := c.ask()
		if c.stage != inHTTP || !c.answer() && !asked {
			break
		}
	}
	for _, side := range sides {
		if c.stage == inHTTP && len(c.speakers[side].buf) > maxHead {
			c.passOver(noteOther)
		}
	}
}

// ready reports whether s is before a head with something in its buffer; ok is
// false when it speaks no HTTP.
func (c *conversation) ready(s *speaker) bool {
	ready, ok := s.skip()
	if !ok {
		c.passOver(noteOther)
		return false
	}
	if !ready || len(s.buf) == 0 {
		return false
	}
	note, sure := otherwise(s.buf)
	switch {
	case note == noteTLS && c.tls == nil && len(c.r.keys) > 0:
		c.secure()
	case sure:
		c.passOver(note)
	default:
		return true
	}
	return false
}

// ask takes a request off the client, and reports whether there was one.
func (c *conversation) ask() bool {
	s := &c.speakers[frame.Client]
	if n := len(c.queue); n > 0 && c.queue[n-1].holds() || !c.ready(s) {
		return false
	}
	began := s.began
	h, n := takeHead(s.buf)
	if n == 0 {
		return false
	}
	method, target, ok := h.request()
	if !ok || len(c.queue) == maxQueue {
		c.passOver(noteOther)
		return false
	}
	s.take(n)
	q := pending{method: method}
	if h.upgrade() && method == "GET" {
		q.upgrade = &frame.Connection{
			State: frame.Open, URL: location(&h, target), Start: began,
			Client: c.ends[frame.Client].String(), Server: c.ends[frame.Server].String(),
			Request: h.fields,
		}
		if c.tls != nil {
			if rest, found := strings.CutPrefix(q.upgrade.URL, "ws:"); found {
				q.upgrade.URL = "wss:" + rest
			}
			q.upgrade.TLS = &frame.TLS{Client: c.tls.leg(), Server: c.tls.leg()}
		}
	}
	s.expect(&h, false)
	c.queue = append(c.queue, q)
	return true
}

// location is the URL that a request for target is about.
func location(h *head, target string) string {
	if scheme, rest, found := strings.Cut(target, "://"); found {
		// As proxies get it (RFC 9112 section 3.2.2).
		if strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "wss") {
			return "wss://" + rest
		}
		return "ws://" + rest
	}
	u := url.URL{Scheme: "ws", Host: h.field("Host")}
	return u.String() + target
}

// answer takes a response off the server, and reports whether there was one.
func (c *conversation) answer() bool {
	s := &c.speakers[frame.Server]
	if !c.ready(s) {
		return false
	}
	if c.refused != nil {
		// Its body is complete.
		c.open(c.refused, c.refused.End)
		c.refused = nil
	}
	if len(c.queue) == 0 {
		return false // its request may still be to come
	}
	at := s.at
	h, n := takeHead(s.buf)
	if n == 0 {
		return false
	}
	status, ok := h.status()
	if !ok {
		c.passOver(noteOther)
		return false
	}
	s.take(n)
	q := c.queue[0]
	if status < 200 && status != 101 {
		return true // the final response is still to come (RFC 9110 section 15.2)
	}
	c.queue = append(c.queue[:0], c.queue[1:]...)
	switch {
	case q.upgrade != nil && status == 101 && h.upgrade():
		c.upgrade(q.upgrade, &h)
		return false
	case status == 101:
		c.passOver(noteOther)
		return false
	case q.method == "CONNECT" && status < 300:
		return true // a tunnel, in which HTTP may begin again
	case q.upgrade != nil:
		q.upgrade.State, q.upgrade.Status, q.upgrade.Response = frame.Refused, status, h.fields
		q.upgrade.End = at
		c.refused = q.upgrade
	}
	if q.method != "HEAD" && status != 204 && status != 304 {
		s.expect(&h, true)
	}
	if s.body = nil; c.refused != nil {
		s.body = &c.refused.Body
	}
	return true
}

// upgrade begins the frames of conn.
func (c *conversation) upgrade(conn *frame.Connection, h *head) {
	conn.Status, conn.Response = 101, h.fields
	conn.Subprotocol = h.field("Sec-WebSocket-Protocol")
	conn.Extensions = h.field("Sec-WebSocket-Extensions")
	if c.tape = c.r.open(conn); c.tape == nil {
		c.stage = passedOver
		return
	}
	c.found, c.stage = true, inFrames
	for _, side := range sides {
		s := &c.speakers[side]
		c.append(side, s.at, s.buf)
	}
	c.speakers = [2]speaker{}
}
