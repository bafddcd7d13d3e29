//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestStalledReader would catch a proxy that buffers without end for a client that
// does not read, loses a byte of it, or holds up the other direction. (Pitfalls
// B1, B3.)
func TestStalledReader(t *testing.T) {
	const (
		total    = 512 << 20
		mostHeld = 256 << 20 // resident memory, of which the recorder's queue is 64 MiB
	)
	pki := newAuthority(t)
	to := hosts(t, pki)
	frame := "\x82\x7e\xff\xff" + strings.Repeat("stalled", 9362) + "!"
	for _, w := range ways[:2] {
		t.Run(w.name, func(t *testing.T) {
			s := record(t, "--upstream-ca", pki.file)
			client, server := w.open(t, s, to(w), "/stalled")
			sent := 0
			var flooding sync.WaitGroup
			flooding.Go(func() {
				for ; sent < total; sent += len(frame) {
					// A write that takes this long is one that waits for the reader.
					server.tcp.SetWriteDeadline(time.Now().Add(2 * time.Second))
					if n, err := io.WriteString(server, frame); err != nil {
						if !errors.Is(err, os.ErrDeadlineExceeded) {
							t.Errorf("the server's write failed: %v", err)
						}
						sent += n
						return
					}
				}
			})
			flooding.Wait()
			if sent >= total {
				t.Fatalf("the proxy took %d bytes for a client that reads none", sent)
			}
			client.send(t, masked(0x81, 4, "", "up?!"))
			server.expect(t, masked(0x81, 4, "", "up?!"))
			if held := resident(t, s); held > mostHeld {
				t.Errorf("the proxy holds %d MiB, want %d at most", held>>20, mostHeld>>20)
			}
			if !w.tls { // a TLS connection is dead after a write that timed out
				client.expect(t, strings.Repeat(frame, sent/len(frame)+1)[:sent])
			}
			s.stop(t) // with the client still there
			if !w.tls {
				wire := wireOf(s.frames(t, s.conn(t, "stalled").Conn), "server")
				sameBytes(t, "wire bytes", wire, []byte(strings.Repeat(frame, sent/len(frame)+1)[:sent]))
			}
		})
	}
}

// resident returns the bytes of memory a proxy holds.
func resident(t testing.TB, s *sluice) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "RssAnon:")
	var kib int
	if _, err := fmt.Sscan(line, &kib); err != nil {
		t.Fatalf("RssAnon in %s: %v", status, err)
	}
	return kib << 10
}
