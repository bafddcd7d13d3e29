package control

import (
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/store"
)

// TestWarnings checks what a user is warned of.
func TestWarnings(t *testing.T) {
	plenty := func(s Status) Status {
		if s.DiskFree == 0 {
			s.DiskFree = 10 << 30
		}
		return s
	}
	for name, c := range map[string]struct {
		status Status
		want   []string
	}{
		"nothing":       {Status{}, nil},
		"old trouble":   {Status{Stats: Stats{Stalls: 5, Shed: 7}, History: []Sample{{Frames: 9}}}, nil},
		"full":          {Status{Stats: Stats{Full: "no space", DiskFree: 1}}, []string{"disk is full"}},
		"low":           {Status{Stats: Stats{DiskFree: 5 << 20}}, []string{"5 MiB only"}},
		"unknown space": {Status{Stats: Stats{DiskFree: 0}}, nil},
		"failed":        {Status{Stats: Stats{Failed: "odd", Lost: 1}}, []string{"failed, traffic passes unrecorded: odd", "1 frame was not recorded"}},
		"slow":          {Status{History: []Sample{{Stalls: 2}, {Stalls: 1, Shed: 4}}}, []string{"4 payloads were dropped", "wait 3 times"}},
		"insecure":      {Status{Insecure: true}, []string{"--insecure"}},
		"distrust": {Status{Distrusting: []Host{{Host: "a"}, {Host: "b"}, {Host: "c"}, {Host: "d"}}},
			[]string{"clients of a, b, c, 1 more: they may not trust"}},
	} {
		s := plenty(c.status)
		got := warnings(&s)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: %q, want %q", name, got[i], c.want[i])
			}
		}
	}
}

// TestMeter checks the rates, and that no more than a minute is kept.
func TestMeter(t *testing.T) {
	m := meter{at: epoch}
	for i := 1; i <= 100; i++ {
		m.measure(epoch.Add(2*time.Duration(i)*time.Second), store.Stats{Frames: uint64(i * 10), Bytes: uint64(i * 1000)}, i)
	}
	if frames, bytes := m.rates(); frames != 5 || bytes != 500 {
		t.Errorf("%v frames/s and %v bytes/s, want 5 and 500", frames, bytes)
	}
	h := m.history()
	if len(h) != remembered || h[0].Open != 41 || h[59].Open != 100 || h[59].Frames != 10 || h[59].Bytes != 1000 {
		t.Errorf("%d samples, from %+v to %+v", len(h), h[0], h[len(h)-1])
	}
}

// TestStatus compares what the socket says with what was recorded.
func TestStatus(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{Address: "127.0.0.1:9", Version: "1", Reverse: "wss://example.org", Insecure: true})
	r.mixed(t, 30, 300)
	client, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Address != "127.0.0.1:9" || s.Mode != "reverse" || s.Version != "1" || !s.Insecure || s.Capture != path || s.PID == 0 || s.Since.IsZero() {
		t.Errorf("status %+v", s)
	}
	if s.Frames != 300 || s.Bytes == 0 || s.Connections != 9 || s.Commits == 0 || s.SlowestCommit <= 0 || s.FileSize == 0 || s.DiskFree == 0 || s.Readers != 0 {
		t.Errorf("numbers %+v", s.Stats)
	}
	if len(s.Warnings) == 0 || s.Bypassed == nil || s.History == nil {
		t.Errorf("lists %v %v %v", s.Warnings, s.Bypassed, s.History)
	}
}
