package control

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

const playPath = "WSLUICE_CONTROL_PLAY"

// play is a process of its own that records into path, texts "NAME 1", "NAME 2"
// and so on, and prints the number of the last that is durable, again and again.
// It ends in good order when its standard input does.
func play(path string, args []string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	recorder, err := store.Create(path, store.Options{App: "play"})
	fail(err)
	server, err := Listen(Options{Path: path, Recorder: recorder})
	fail(err)
	fmt.Println("ready")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	tape, err := recorder.Open(&frame.Connection{State: frame.Open, URL: "ws://play/" + args[0], Start: time.Now()})
	fail(err)
	for n := 1; ; n++ {
		tape.Append(frame.Server, time.Now(), text(fmt.Sprintf("%s %d", args[0], n)))
		if n%500 != 0 {
			continue
		}
		fail(recorder.Sync(context.Background()))
		fmt.Println(n)
		select {
		case <-ended:
			tape.Close(frame.End{Time: time.Now(), EndedBy: frame.ByServer, How: frame.ByFIN})
			fail(recorder.Sync(context.Background()))
			fail(server.Close())
			fail(recorder.Close())
			return
		default:
		}
	}
}

// player is such a process.
type player struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Scanner
	last  int // the last number it said is durable
}

// startPlayer returns when the process has the capture.
func startPlayer(t *testing.T, path, name string) *player {
	t.Helper()
	cmd := exec.Command(os.Args[0], name)
	cmd.Env = append(os.Environ(), playPath+"="+path)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, name: name, cmd: cmd, stdin: stdin, out: bufio.NewScanner(stdout)}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line := p.line(); line != "ready" {
		t.Fatalf("recorder %s says %q", name, line)
	}
	return p
}

func (p *player) line() string {
	if !p.out.Scan() {
		return ""
	}
	return p.out.Text()
}

// until returns when more frames are durable.
func (p *player) until(frames int) {
	p.t.Helper()
	for p.last < frames {
		p.next(p.line())
	}
}

// next takes a line of output.
func (p *player) next(line string) {
	if _, err := fmt.Sscan(line, &p.last); err != nil {
		p.t.Fatalf("recorder %s says %q", p.name, line)
	}
}

// stop ends the process in good order.
func (p *player) stop() {
	p.t.Helper()
	p.stdin.Close()
	p.rest()
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("recorder %s ended with %v", p.name, err)
	}
}

// kill ends the process as it stands.
func (p *player) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	p.rest()
	_ = p.cmd.Wait()
}

// rest reads what the process still said.
func (p *player) rest() {
	for p.out.Scan() {
		if line := p.out.Text(); !strings.HasPrefix(line, "error") {
			p.next(line)
			continue
		}
		p.t.Fatalf("recorder %s says %q", p.name, p.out.Text())
	}
}
