package proxy

import (
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// silence is how long a client may say nothing in a tunnel before the server is
// given the chance to speak first.
const silence = 500 * time.Millisecond

// maxSniffed bounds what is read to tell HTTP from anything else.
const maxSniffed = 1 << 10

// talkative are the ports whose clients speak first. A silent one has connected
// ahead of need.
var talkative = []string{"80", "443", "8080", "8443"}

// speech is what is said first in a tunnel.
type speech int

const (
	saidNothing speech = iota // and the client is gone
	saidTLS
	saidHTTP
	saidOther
	serverSpoke
)

// reason says why a tunnel is passed blindly.
func (s speech) reason() string {
	switch s {
	case saidTLS:
		return "TLS within TLS"
	case serverSpoke:
		return "the server spoke first: not HTTP"
	}
	return "not HTTP/1"
}

// sniff finds out what is said first in a tunnel. What it reads of c it puts
// back. When the server has spoken first, its connection is returned.
func (p *Proxy) sniff(c *rewound, t *tunnel) (server net.Conn, said speech) {
	_, port, _ := net.SplitHostPort(withPort(t.host, t.scheme))
	patient := slices.Contains(talkative, port)
	for {
		said, certain := firstWords(c.early)
		if certain {
			return nil, said
		}
		err := c.readEarly(patient)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			if len(c.early) > 0 {
				return nil, saidOther // half a word, then the end
			}
			if t.leg != nil {
				p.leftSilently(c, t)
			}
			return nil, saidNothing
		case len(c.early) > 0:
			return nil, said
		default:
			// Only once: the next wait is as long as the client likes.
			patient = true
			if server, said := p.awaitEither(c, t); said == serverSpoke {
				return server, said
			}
		}
	}
}

// awaitEither reaches the server and waits until one of both ends speaks. It
// returns the server's connection when that has spoken; otherwise it was not
// needed and is closed.
func (p *Proxy) awaitEither(c *rewound, t *tunnel) (net.Conn, speech) {
	server, err := p.reach(t)
	if err != nil {
		// The client will be told when it has said what it wants.
		p.log.Debug("server not reached ahead", keyHost, t.host, keyError, err)
		return nil, saidNothing
	}
	spoken := &rewound{Conn: server}
	done := make(chan error, 1)
	go func() {
		err := spoken.readEarly(true)
		if err == nil {
			_ = c.SetReadDeadline(time.Unix(1, 0))
		}
		done <- err
	}()
	_ = c.readEarly(true) // if it failed, reading it again will say so
	_ = server.SetReadDeadline(time.Unix(1, 0))
	serverErr := <-done
	_ = c.SetReadDeadline(time.Time{})
	_ = server.SetReadDeadline(time.Time{})
	if serverErr == nil {
		return spoken, serverSpoke
	}
	_ = server.Close()
	return nil, saidNothing
}

// readEarly reads once and puts what it gets back. An impatient one waits for
// silence at most.
func (r *rewound) readEarly(patient bool) error {
	if !patient {
		if err := r.Conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		defer r.Conn.SetReadDeadline(time.Time{})
	}
	buf := make([]byte, maxSniffed)
	n, err := r.Conn.Read(buf)
	r.early = append(r.early, buf[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

// firstWords tells what early is the beginning of; certain is false while more
// of it could tell otherwise.
func firstWords(early []byte) (said speech, certain bool) {
	if len(early) == 0 {
		return saidNothing, false
	}
	if early[0] == 0x16 { // a TLS handshake record
		return saidTLS, true
	}
	line, _, whole := bytes.Cut(early, []byte("\n"))
	method, rest, spaced := strings.Cut(string(line), " ")
	switch {
	case len(method) > 24 || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "":
		return saidOther, true
	case method == "PRI" || method == "CONNECT":
		// HTTP/2, or a proxy's client: neither is what a server says 101 to.
		return saidOther, spaced
	case whole:
		rest = strings.TrimRight(rest, "\r")
		if strings.HasSuffix(rest, " HTTP/1.1") || strings.HasSuffix(rest, " HTTP/1.0") {
			return saidHTTP, true
		}
		return saidOther, true
	case !spaced:
		return saidOther, false
	case strings.HasPrefix(rest, "/"), strings.HasPrefix(rest, "http://"), strings.HasPrefix(rest, "ws://"):
		return saidHTTP, len(early) >= maxSniffed
	}
	return saidOther, len(early) >= maxSniffed
}
