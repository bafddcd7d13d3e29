package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// patience bounds how long a screen may take to show what is waited for.
const patience = 8 * time.Second

// poll is how often the screen is looked at.
const poll = 50 * time.Millisecond

// calm is how many looks have to find the same screen before it counts as done.
const calm = 8

// terminal is a program in a terminal of tmux, on a tmux server of its own.
type terminal struct {
	dir           string // where the server's socket is
	socket        string // its name
	width, height int
}

// tmuxConfig leaves the whole terminal to the program, and keeps what it said when
// it has ended.
const tmuxConfig = `set -g status off
set -g default-terminal screen-256color
set -s escape-time 0
set -g remain-on-exit on
`

// newTerminal starts a program with some variables besides the usual ones. Name is
// part of the server's: one that ends is in the way of another of that name.
func newTerminal(ctx context.Context, dir, name string, width, height int, variables []string, command ...string) (*terminal, error) {
	config := filepath.Join(dir, "tmux.conf")
	if err := os.WriteFile(config, []byte(tmuxConfig), 0o600); err != nil {
		return nil, err
	}
	t := &terminal{dir: dir, socket: name, width: width, height: height}
	args := []string{"-u", "-f", config, "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "env"}
	args = append(append(args, variables...), command...)
	if _, err := t.tmux(ctx, args...); err != nil {
		return nil, err
	}
	return t, nil
}

// tmux runs a command of tmux on the terminal's server and returns what it prints.
func (t *terminal) tmux(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "tmux", append([]string{"-L", t.socket}, args...)...)
	// Without a UTF-8 locale tmux writes underscores for what is not ASCII.
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX_TMPDIR="+t.dir)
	out, err := c.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("tmux %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}

// press sends keys, by the names tmux has for them or as text of one character.
func (t *terminal) press(ctx context.Context, keys ...string) error {
	_, err := t.tmux(ctx, append([]string{"send-keys", "--"}, keys...)...)
	return err
}

// look returns what the terminal shows.
func (t *terminal) look(ctx context.Context) (*screen, error) {
	text, err := t.tmux(ctx, "capture-pane", "-e", "-p")
	if err != nil {
		return nil, err
	}
	return parseScreen(text, t.width, t.height), nil
}

// await returns the screen as soon as it holds all of texts.
func (t *terminal) await(ctx context.Context, texts ...string) (*screen, error) {
	return t.until(ctx, fmt.Sprintf("no %q", texts), func(s *screen) bool {
		shown := s.text()
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				return false
			}
		}
		return true
	})
}

// settle returns the screen when it has not changed for as many looks as it takes
// a program to be done with what was pressed.
func (t *terminal) settle(ctx context.Context) (*screen, error) {
	before, same := "", 0
	return t.until(ctx, "no rest", func(s *screen) bool {
		now := s.text()
		if same++; now != before {
			before, same = now, 0
		}
		return same == calm
	})
}

// until looks at the screen until it is as wanted.
func (t *terminal) until(ctx context.Context, without string, wanted func(*screen) bool) (*screen, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var last *screen
	for {
		s, err := t.look(ctx)
		switch {
		case err == nil:
			if last = s; wanted(s) {
				return s, nil
			}
		case ctx.Err() == nil:
			return nil, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if last == nil {
				return nil, fmt.Errorf("%s on the screen: %w", without, ctx.Err())
			}
			return nil, fmt.Errorf("%s on the screen: %w\n%s", without, ctx.Err(), last.text())
		}
	}
}

// end ends the program and the server.
func (t *terminal) end() error {
	// Whatever else has ended, this has to be done.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := t.tmux(ctx, "kill-server")
	return err
}
