package proxy

import (
	"crypto/tls"
	"fmt"
	"testing"
)

// Catches a connection that is not counted, or stays counted when it has ended,
// and hosts that are counted wrong or without bound.
func TestStats(t *testing.T) {
	recorded, blind := serve(t, false, echo), serve(t, true, echo)
	r := start(t, func(o *Options) { o.Bypass = []string{blind} })
	if s := r.Stats(); s.Open+s.Tunnels+len(s.Bypassed)+len(s.Distrusting) != 0 {
		t.Fatalf("stats of a proxy nobody has used: %+v", s)
	}
	w := r.tunnel("pinned.example:443")
	_ = tls.Client(w.Conn, &tls.Config{ServerName: "pinned.example", RootCAs: pool(serverAuthority())}).Handshake()
	_ = w.Conn.Close()
	r.recorder.ended(t, 1)
	open, _, err := r.dialer().Dial("ws://"+recorded, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	dialer := r.dialer()
	dialer.TLSClientConfig.RootCAs = pool(serverAuthority())
	for range 2 {
		tunnel, _, err := dialer.Dial("wss://"+blind, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tunnel.Close()
	}

	s := r.Stats()
	if s.Open != 1 || s.Tunnels != 2 {
		t.Errorf("%d connections and %d tunnels are open, want 1 and 2", s.Open, s.Tunnels)
	}
	if len(s.Bypassed) != 1 || s.Bypassed[0].Host != blind || s.Bypassed[0].Count != 2 || s.Bypassed[0].Reason != asConfigured {
		t.Errorf("bypassed %+v", s.Bypassed)
	}
	if len(s.Distrusting) != 1 || s.Distrusting[0].Host != "pinned.example" || s.Distrusting[0].Count != 1 || s.Distrusting[0].Last.IsZero() {
		t.Errorf("distrusting %+v", s.Distrusting)
	}
	r.stop()
	if s := r.Stats(); s.Open+s.Tunnels != 0 {
		t.Errorf("after the end %d connections and %d tunnels are open", s.Open, s.Tunnels)
	}
}

// Catches a client that fills the memory with names.
func TestTallyIsBounded(t *testing.T) {
	var tally tally
	for i := range 3 * maxTallied {
		tally.count(fmt.Sprintf("host-%d", i), "no reason")
	}
	list := tally.list()
	if len(list) != maxTallied || list[0].Host != fmt.Sprintf("host-%d", 3*maxTallied-1) {
		t.Errorf("kept %d hosts, %s first", len(list), list[0].Host)
	}
}
