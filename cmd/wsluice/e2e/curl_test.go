//go:build e2e

package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestCurl would catch a handshake by hand, as people do it with curl, that does
// not work in one of curl's ways to use a proxy.
func TestCurl(t *testing.T) {
	pki := newAuthority(t)
	s := record(t, "--upstream-ca", pki.file)
	open, secure := serveRaw(t, nil), serveRaw(t, pki.config(t, "curl"))
	greeting := plain(0x81, "hello curl") + plain(0x88, "\x03\xe8")
	open.always(switching + greeting)
	secure.always(switching + greeting)
	tests := []struct {
		name  string
		host  *host
		flags []string
	}{
		{"absolute", open, nil},
		{"tunnel", open, []string{"--proxytunnel"}},
		{"tls", secure, []string{"--cacert", s.authority()}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url := strings.Replace(test.host.url.String(), "ws", "http", 1) + "/" + test.name
			args := append([]string{"--silent", "--show-error", "--include", "--no-buffer", "--http1.1",
				"--max-time", "30", "--proxy", s.url()}, test.flags...)
			for _, field := range upgrade {
				args = append(args, "--header", field)
			}
			curl := exec.Command("curl", append(args, url)...)
			var stderr bytes.Buffer
			curl.Stderr = &stderr
			got, err := curl.Output()
			if err != nil {
				t.Errorf("curl: %v: %s", err, stderr.String())
			}
			if test.name == "tunnel" || test.name == "tls" { // curl shows the answer to CONNECT as well
				_, got, _ = bytes.Cut(got, []byte("\r\n\r\n"))
			}
			head, rest, _ := strings.Cut(string(got), "\r\n\r\n")
			if !strings.HasPrefix(head, "HTTP/1.1 101 ") || rest != greeting {
				t.Errorf("curl printed %q behind %q", rest, head)
			}
			same(t, "response fields", fields(head), fields(strings.TrimSuffix(switching, "\r\n\r\n")))
		})
	}
	s.stop(t)
	for _, test := range tests {
		conn := s.conn(t, test.name)
		sameBytes(t, test.name+": wire bytes from the server", wireOf(s.frames(t, conn.Conn), "server"), []byte(greeting))
	}
}
