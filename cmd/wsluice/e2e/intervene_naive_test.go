//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// TestNaiveEdit shows what TestBusyHold is about: behind a relay that edits one
// compressed message and passes the rest as it is, the client gets messages nobody
// sent, or cannot inflate them.
func TestNaiveEdit(t *testing.T) {
	both, address := streaming(t)
	both.connect(t, "", naive(t, address, 500), true, flow{"naive", 1000, 2000})
	r := both.client.first(t, "naive", "result")
	t.Logf("%d right, then %d wrong, then %d %s %s", r.Right, r.Wrongs, r.Code, r.Reason, r.Error)
	if r.Right != 499 || r.Wrongs < 2 && r.Error == "" {
		t.Errorf("the client did not mind: %+v", r)
	}
}

// naive relays to a server, and has its nth data frame be another one.
func naive(t testing.TB, server string, nth int) (address string) {
	t.Helper()
	l := listen(t)
	var working sync.WaitGroup
	working.Go(func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		up, err := net.Dial("tcp", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer up.Close()
		working.Go(func() {
			io.Copy(up, client)
			up.Close()
		})
		in := bufio.NewReader(up)
		head, err := readHead(in)
		io.WriteString(client, head)
		for n := 0; err == nil; {
			var wire []byte
			if wire, err = unmaskedFrame(in); len(wire) > 0 && wire[0]&0x0f == 1 {
				if n++; n == nth {
					wire = []byte("\x81\x06edited")
				}
			}
			client.Write(wire)
		}
	})
	t.Cleanup(func() {
		l.Close()
		working.Wait()
	})
	return "localhost:" + port(l)
}

// unmaskedFrame reads the bytes of a server's frame of less than 64 KiB.
func unmaskedFrame(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(4)
	if len(head) < 2 {
		return nil, err
	}
	size := 2 + int(head[1])
	if head[1] == 126 && len(head) == 4 {
		size = 4 + int(head[2])<<8 + int(head[3])
	}
	var wire bytes.Buffer
	_, err = io.CopyN(&wire, in, int64(size))
	return wire.Bytes(), err
}
