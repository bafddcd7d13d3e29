//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endings are the ways to end an inspector besides asking it to.
var endings = []struct {
	name string
	end  func(t testing.TB, p *terminal)
}{
	{"Ctrl-C", func(t testing.TB, p *terminal) { p.press(t, "<ctrl-c>") }},
	{"SIGINT", func(t testing.TB, p *terminal) { p.signal(t, syscall.SIGINT) }},
	{"SIGTERM", func(t testing.TB, p *terminal) { p.signal(t, syscall.SIGTERM) }},
	{"SIGHUP", func(t testing.TB, p *terminal) { p.signal(t, syscall.SIGHUP) }},
}

func (p *terminal) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestInspectorEnds would catch an end that loses what has passed, leaves the
// terminal unusable, or takes more than seconds.
func TestInspectorEnds(t *testing.T) {
	pki := newAuthority(t)
	for _, ending := range endings {
		t.Run(ending.name, func(t *testing.T) {
			p, s := alone(t, "--upstream-ca", pki.file)
			streams, done := traffic(t, s, pki, 4)
			p.see(t, "4 open")
			p.press(t, "2")
			p.see(t, "messages", "FOLLOW")
			ending.end(t, p)
			p.leaves(t, 0, "wsluice: recorded ")
			done.Wait()
			s.whole(t, streams)
		})
	}
}

// whole checks that a recording was ended as it should be and lacks nothing of the
// streams.
func (s *sluice) whole(t testing.TB, streams []*stream) {
	t.Helper()
	s.verify(t)
	for i, one := range streams {
		conn := s.conn(t, fmt.Sprint("s", i))
		if conn.State != "closed" || conn.EndedBy != "proxy" || conn.How != "shutdown" {
			t.Errorf("stream %d: state %q, ended by %q, how %q; want closed, proxy, shutdown", i, conn.State, conn.EndedBy, conn.How)
		}
		one.compare(t, s, conn, one.done.Load())
	}
	if said := string(output(t, s.run("events"))); !strings.Contains(said, "recording ended") {
		t.Errorf("the capture does not tell of the end of the recording:\n%s", said)
	}
}

// TestInspectorHangUp would catch a process that stays when its terminal is closed,
// or one that dies of it and leaves the capture unfinished.
func TestInspectorHangUp(t *testing.T) {
	pki := newAuthority(t)
	p, s := alone(t, "--upstream-ca", pki.file)
	streams, done := traffic(t, s, pki, 4)
	p.see(t, "4 open")
	p.hangUp(t)
	if code, _ := p.wait(t); code < 0 {
		t.Errorf("the closed terminal killed wsluice: %v", p.err)
	}
	done.Wait()
	s.whole(t, streams)
}

// TestInspectorLooking would catch an inspector of another's recording that does
// not end by the same means.
func TestInspectorLooking(t *testing.T) {
	s := record(t)
	for _, ending := range endings {
		p := s.inspect(t)
		p.see(t, "● REC")
		ending.end(t, p)
		p.leaves(t, 0)
	}
	p := s.inspect(t)
	p.see(t, "● REC")
	p.hangUp(t)
	p.wait(t)
	s.stop(t)
}

// TestDemo would catch a demo that shows nothing in the first ten seconds, or
// leaves something behind however it ends.
func TestDemo(t *testing.T) {
	ways := append(endings, struct {
		name string
		end  func(testing.TB, *terminal)
	}{"q and y", func(t testing.TB, p *terminal) { p.press(t, "q", "y") }})
	for _, ending := range ways {
		t.Run(ending.name, func(t *testing.T) {
			home, temp := t.TempDir(), t.TempDir()
			began := time.Now()
			p := onTerminal(t, []string{"WSLUICE_HOME=" + home, "TMPDIR=" + temp}, "demo")
			p.see(t, "OPEN", ".test/")
			if took := time.Since(began); took > 10*time.Second { // the promise under test
				t.Errorf("connections are shown after %v", took)
			}
			p.see(t, "open)")
			ending.end(t, p)
			p.leaves(t, 0)
			nothingIn(t, temp)
			nothingIn(t, home)
		})
	}
	t.Run("hang up", func(t *testing.T) {
		temp := t.TempDir()
		p := onTerminal(t, []string{"WSLUICE_HOME=" + t.TempDir(), "TMPDIR=" + temp}, "demo")
		p.see(t, "open)")
		p.hangUp(t)
		p.wait(t)
		nothingIn(t, temp)
	})
}

// nothingIn checks that a folder is empty.
func nothingIn(t testing.TB, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if len(left) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left in %s: %v, %v", filepath.Base(dir), left, err)
	}
}
