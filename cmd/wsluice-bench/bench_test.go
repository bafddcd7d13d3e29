package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/certs"
)

// testBench returns a bench whose processes are this test program. There is no
// wsluice in it.
func testBench(t *testing.T) *bench {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{ctx: t.Context(), self: self, dir: t.TempDir(), log: io.Discard, begun: time.Now()}
	b.extent = extent{settle: time.Millisecond, ingest: 3000, capture: 150_000, pages: 20, rounds: 1, sizes: []int{100}}
	for _, name := range []string{relayAuthority, serverAuthority} {
		if _, err := certs.Open(filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// Catches a design that does not carry one kind of work, which would end a long
// run in its middle, and a relay that leaves messages out.
func TestDesignsCarryAllWork(t *testing.T) {
	b := testBench(t)
	works := []job{
		{Work: pushUp, Size: 100, Messages: 5000},
		{Work: pushDown, Size: 64 << 10, Messages: 40},
		{Work: pushUp, Size: 100, Messages: 5000, Wait: true},
		{Work: pushEcho, Size: 1 << 10, Messages: 500},
		{Work: pushEcho, Size: 64 << 10, Messages: 20},
		{Work: roundTrip, Size: 100, Time: 10 * time.Millisecond},
		{Work: connects, Size: 100, Time: 10 * time.Millisecond, Connections: 2},
		{Work: idle, Size: 100, Connections: 20},
	}
	for _, d := range designs[:len(designs)-1] {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s", d, scheme(secure)), func(t *testing.T) {
				for _, j := range works {
					j.Secure = secure
					var result outcome
					_, _, _, err := b.through(d, j, func(j job, _ int) (err error) {
						result, err = runJob(t.Context(), b.self, j, nil)
						return err
					}, nil)
					if err != nil {
						t.Fatalf("%s: %v", j.Work, err)
					}
					if want := j.Messages; want > 0 && result.Messages != want || result.Messages == 0 {
						t.Errorf("%s: %d messages, want %d", j.Work, result.Messages, want)
					}
				}
			})
		}
	}
}

// Catches a recording relay that is too good to be true because it does not
// record every frame.
func TestRecordingRelayRecords(t *testing.T) {
	b := testBench(t)
	for _, d := range []design{recording, buffered} {
		path := filepath.Join(b.dir, "log")
		p, err := b.start(d, true, path)
		if err != nil {
			t.Fatal(err)
		}
		j := job{Work: pushEcho, Secure: true, Size: 1 << 10, Messages: 1000, Folder: b.dir, Proxy: p.address}
		result, err := runJob(t.Context(), b.self, j, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.stop(); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if frames := countLog(t, log); frames != result.Frames {
			t.Errorf("%s: %d frames in the log, %d passed", d, frames, result.Frames)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Catches a child that is not told apart from one that works.
func TestStartReportsFailure(t *testing.T) {
	b := testBench(t)
	s := relaySpec{design: recording, folder: b.dir, log: filepath.Join(b.dir, "no", "such", "folder")}
	if _, err := startProcess(t.Context(), b.self, s.args(), nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
	if _, err := runJob(t.Context(), b.self, job{Work: "nothing"}, nil); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("error %v", err)
	}
}

// Catches a capture with a frame missing that passes for complete, and captures
// that are not read as they were filled.
func TestCaptures(t *testing.T) {
	b := testBench(t)
	for _, part := range []func() error{b.disk, b.ingesting, b.reading} {
		if err := part(); err != nil {
			t.Fatal(err)
		}
	}
	for _, reading := range b.results.read {
		if reading.frames != b.capture || reading.bytes == 0 || reading.p99 < reading.p50 {
			t.Errorf("%+v", reading)
		}
	}
	path := filepath.Join(b.dir, "some")
	if err := b.fill(path, 500, 3, newTraffic(0, 100)); err != nil {
		t.Fatal(err)
	}
	if err := b.complete(path, 500); err != nil {
		t.Error(err)
	}
	if err := b.complete(path, 501); err == nil {
		t.Error("a frame is missing and nobody noticed")
	}
}
