//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// serveLine is a line of wsluice serve --json.
type serveLine struct {
	What    string   `json:"what"`
	Client  int      `json:"client"`
	Seq     int      `json:"seq"`
	Message *message `json:"message"`
	Missing int      `json:"missing"`
	Left    int      `json:"left"`
	Error   string   `json:"error"`
}

// TestServedApplications would catch a recorded connection that its own client can
// tell from the server it was recorded of, with compression and without: all it gets
// to know, one after the other, must be what it got to know then. The client makes up
// new ids each time, and asks for several things at once.
func TestServedApplications(t *testing.T) {
	for _, a := range apps {
		t.Run(a.name, func(t *testing.T) {
			r := recordApp(t, a)
			t.Run("compressed", func(t *testing.T) { r.served(t, 1) })
			t.Run("uncompressed", func(t *testing.T) { r.served(t, 2) })
		})
	}
}

func (r *recordedApp) served(t *testing.T, conn int) {
	record := filepath.Join(t.TempDir(), "served.db")
	args := append([]string{"serve", strconv.Itoa(conn), "--capture", r.capture, "--listen", "127.0.0.1:0",
		"--strict", "--json", "--record", record}, r.serve...)
	serve := listenTo[serveLine](t, r.env(), wsluice, args...)
	var address string
	serve.stderr.await(t, "ready line", func(stderr string) bool {
		if found := ready.FindStringSubmatch(stderr); found != nil {
			address = found[1]
		}
		return address != ""
	})
	for i := range 2 {
		if heard := r.client.talk(t, "ws://"+address, ""); !slices.Equal(heard, r.heard[conn]) {
			t.Errorf("client %d got to know\n%q\nwant\n%q", i+1, heard, r.heard[conn])
		}
		ended := serve.await(t, "end", i+1, func(l serveLine) bool { return l.What == "ended" })
		if ended.Missing != 0 || ended.Left != 0 {
			t.Errorf("client %d ended with %+v", i+1, ended)
		}
	}
	for _, l := range serve.all(func(l serveLine) bool { return l.Error != "" || l.What == "unknown" || l.What == "unsent" }) {
		t.Errorf("serve tells %+v, %+v", l, l.Message)
	}
	serve.signal(t, syscall.SIGINT)
	if code := serve.wait(t); code != 0 {
		t.Errorf("wsluice serve --strict ended with %d", code)
	}
	// The record has what the recorded server said, from a server that is replayed.
	kept := &sluice{home: r.home, capture: record}
	kept.verify(t)
	if n := len(kept.conns(t)); n != 2 {
		t.Fatalf("%d connections were recorded, want 2", n)
	}
	for _, c := range kept.conns(t) {
		if got, want := c.Messages.Server, r.conns(t)[conn-1].Messages.Server; got != want {
			t.Errorf("connection %d of the record has %d messages of the server, want %d", c.Conn, got, want)
		}
	}
}
