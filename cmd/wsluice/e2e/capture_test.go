//go:build e2e

package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// The JSON forms of wsluice, declared again here as a stranger would read them.

type connection struct {
	Conn        int            `json:"conn"`
	State       string         `json:"state"`
	URL         string         `json:"url"`
	Status      int            `json:"status"`
	Subprotocol string         `json:"subprotocol"`
	Extensions  string         `json:"extensions"`
	Messages    sides          `json:"messages"`
	Frames      sides          `json:"frames"`
	Bytes       sides          `json:"bytes"`
	Code        int            `json:"code"`
	Reason      string         `json:"reason"`
	EndedBy     string         `json:"ended_by"`
	How         string         `json:"how"`
	Request     [][2]string    `json:"request"`
	Response    [][2]string    `json:"response"`
	Body        string         `json:"body"`
	TLS         map[string]any `json:"tls"`
	Error       string         `json:"error"`
}

type sides struct{ Client, Server int }

func (s sides) of(from string) int {
	if from == "client" {
		return s.Client
	}
	return s.Server
}

type message struct {
	Seq        int       `json:"seq"`
	Time       time.Time `json:"time"`
	From       string    `json:"from"`
	Type       string    `json:"type"`
	Size       int       `json:"size"`
	Text       string    `json:"text"`
	Base64     []byte    `json:"base64"`
	Code       int       `json:"code"`
	Reason     string    `json:"reason"`
	Origin     string    `json:"origin"`
	Frames     int       `json:"frames"`
	Compressed bool      `json:"compressed"`
	WireSize   int       `json:"wire_size"`
	Incomplete string    `json:"incomplete"`
	Violation  string    `json:"violation"`
	Error      string    `json:"error"`
}

func (m message) payload() []byte {
	if m.Base64 != nil {
		return m.Base64
	}
	return []byte(m.Text)
}

type wireFrame struct {
	Seq        int       `json:"seq"`
	Time       time.Time `json:"time"`
	From       string    `json:"from"`
	Type       string    `json:"type"`
	Payload    []byte    `json:"payload"`
	Wire       []byte    `json:"wire"`
	Message    int       `json:"message"`
	Incomplete string    `json:"incomplete"`
	Violation  string    `json:"violation"`
	Opaque     bool      `json:"opaque"`
}

// conns lists the connections of the capture, which the proxy must have ended.
func (s *sluice) conns(t testing.TB) []connection {
	t.Helper()
	if s.listed == nil {
		s.listed = read[connection](t, s, "conns")
	}
	return s.listed
}

func (s *sluice) messages(t testing.TB, conn int) []message {
	t.Helper()
	return read[message](t, s, "messages", strconv.Itoa(conn))
}

func (s *sluice) frames(t testing.TB, conn int) []wireFrame {
	t.Helper()
	return read[wireFrame](t, s, "frames", strconv.Itoa(conn), "--wire")
}

// conn returns the one connection of a case.
func (s *sluice) conn(t testing.TB, name string) connection {
	t.Helper()
	all := s.conns(t)
	for _, c := range all {
		if u, err := url.Parse(c.URL); err == nil && u.Path == "/"+name {
			return c
		}
	}
	t.Fatalf("no connection for /%s in the capture; it has %+v", name, all)
	panic("unreachable")
}

// read runs a command that prints JSON lines.
func read[T any](t testing.TB, s *sluice, args ...string) []T {
	t.Helper()
	cmd := s.run(append(args, "--json")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, stderr.String())
	}
	var all []T
	lines := json.NewDecoder(&stdout)
	for {
		var one T
		err := lines.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%q printed no JSON: %v", cmd.Args, err)
		}
		all = append(all, one)
	}
}

// wireOf returns the bytes of one side, all its frames put together.
func wireOf(frames []wireFrame, from string) []byte {
	var all []byte
	for _, f := range frames {
		if f.From == from {
			all = append(all, f.Wire...)
		}
	}
	return all
}

func digest(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}
