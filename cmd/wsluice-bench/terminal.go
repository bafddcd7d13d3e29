package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
)

// The size of the terminal the inspector is measured on.
const (
	terminalWidth  = 200
	terminalHeight = 60
)

// display is what a terminal shows, as far as the inspector's frames need it: text
// in cells as wide as letters, and which of them are reversed.
type display struct {
	cells    [terminalHeight][terminalWidth]rune
	reversed [terminalHeight][terminalWidth]bool
	x, y     int
	reverse  bool
	rest     []byte // of a sequence whose end is still to come
}

// write shows p, and calls drawn at the end of each frame.
func (d *display) write(p []byte, drawn func()) {
	p = append(d.rest, p...)
	for len(p) > 0 {
		n := d.take(p, drawn)
		if n == 0 {
			break
		}
		p = p[n:]
	}
	d.rest = bytes.Clone(p)
}

// take follows the first sequence or letter of p and returns its length, 0 when
// more of it is to come.
func (d *display) take(p []byte, drawn func()) int {
	switch {
	case p[0] != '\x1b':
		if !utf8.FullRune(p) {
			return 0
		}
		r, n := utf8.DecodeRune(p)
		if r >= ' ' && d.x < terminalWidth {
			d.cells[d.y][d.x], d.reversed[d.y][d.x] = r, d.reverse
			d.x++
		}
		return n
	case len(p) < 3:
		return 0
	case p[1] == '(' || p[1] == ')':
		return 3
	case p[1] != '[':
		return 2
	}
	end := bytes.IndexFunc(p[2:], func(r rune) bool { return '@' <= r && r <= '~' })
	if end < 0 {
		return 0
	}
	switch parameters := string(p[2 : 2+end]); string(p[2+end]) {
	case "H":
		row, column, _ := strings.Cut(parameters, ";")
		d.y, d.x = coordinate(row, terminalHeight), coordinate(column, terminalWidth)
	case "J":
		d.cells, d.reversed = [terminalHeight][terminalWidth]rune{}, [terminalHeight][terminalWidth]bool{}
	case "m":
		d.reverse = parameters == "7" || d.reverse && parameters != "" && parameters != "0"
	case "l":
		if parameters == "?2026" { // a frame is complete
			drawn()
		}
	}
	return end + 3
}

func coordinate(text string, size int) int {
	n, _ := strconv.Atoi(text)
	return min(max(n, 1), size) - 1
}

// line returns a row of the display.
func (d *display) line(y int) string {
	return strings.ReplaceAll(string(d.cells[y][:]), "\x00", " ")
}

// selected returns the first row below the bar that has the width of a list and is
// reversed, "" when there is none.
func (d *display) selected() string {
	for y := 1; y < terminalHeight; y++ {
		count := 0
		for _, on := range d.reversed[y] {
			if on {
				count++
			}
		}
		if count >= terminalWidth/3 {
			return d.line(y)
		}
	}
	return ""
}

// screen is the inspector on a terminal.
type screen struct {
	cmd     *exec.Cmd
	tty     *os.File
	drained sync.WaitGroup
	began   time.Time // when it was started, or a key was pressed last

	mu     sync.Mutex
	shown  display
	frames int // drawn
	each   func(d *display, at time.Time)
	wanted func(*display) bool
	found  chan time.Time
}

// openScreen starts wsluice with some arguments on a terminal.
func (b *bench) openScreen(args ...string) (*screen, error) {
	s := &screen{cmd: exec.CommandContext(b.ctx, b.wsluice, args...), found: make(chan time.Time, 1), began: time.Now()}
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC", "NO_COLOR=", "WSLUICE_HOME="+b.dir)
	tty, err := pty.StartWithSize(s.cmd, &pty.Winsize{Cols: terminalWidth, Rows: terminalHeight})
	if err != nil {
		return nil, fmt.Errorf("start the inspector on a terminal: %w", err)
	}
	s.tty = tty
	s.drained.Go(func() {
		part := make([]byte, 64<<10)
		for {
			n, err := tty.Read(part)
			at := time.Now()
			s.mu.Lock()
			s.shown.write(part[:n], func() { s.drawn(at) })
			s.mu.Unlock()
			if err != nil { // the program has ended
				return
			}
		}
	})
	return s, nil
}

func (s *screen) drawn(at time.Time) {
	s.frames++
	if s.each != nil {
		s.each(&s.shown, at)
	}
	if s.wanted != nil && s.wanted(&s.shown) {
		s.wanted = nil
		s.found <- at
	}
}

var errNotShown = errors.New("the inspector does not show")

// want says which frame the next await waits for.
func (s *screen) want(wanted func(*display) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = wanted
}

// await returns how long after the start or the last keys the wanted frame was
// drawn.
func (s *screen) await(ctx context.Context, what string) (time.Duration, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case at := <-s.found:
		return at.Sub(s.began), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timeout.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for y := range s.shown.cells {
		lines = append(lines, strings.TrimRight(s.shown.line(y), " "))
	}
	return 0, fmt.Errorf("%w %s:\n%s", errNotShown, what, strings.Join(lines, "\n"))
}

// press types keys and returns how long it took until the wanted frame was drawn.
func (s *screen) press(ctx context.Context, keys, what string, wanted func(*display) bool) (time.Duration, error) {
	s.want(wanted)
	s.began = time.Now()
	if _, err := s.tty.WriteString(keys); err != nil {
		return 0, fmt.Errorf("press %q: %w", keys, err)
	}
	return s.await(ctx, what)
}

// count returns how many frames were drawn so far.
func (s *screen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames
}

// close ends the inspector.
func (s *screen) close() error {
	_, err := s.tty.WriteString("\x03")
	if err != nil {
		s.cmd.Process.Kill()
	}
	watchdog := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer watchdog.Stop()
	err = s.cmd.Wait()
	s.tty.Close()
	s.drained.Wait()
	if err != nil {
		return fmt.Errorf("end the inspector: %w", err)
	}
	return nil
}
