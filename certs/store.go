package certs

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Store is a place programs take the roots they trust from. A Store with Missing
// set stands for one that is not on this machine and cannot be changed.
type Store struct {
	// Name says what it is and, after "in", where, for people.
	Name string
	// Browser tells the database of a browser from the system's store.
	Browser bool
	Missing bool

	source    string // the root's file
	present   check
	install   []step
	uninstall []step
	// obstacle, when set, is why the steps cannot be done by this program.
	obstacle error
}

// check tells whether a root is in a store: by a file that has its content, or by
// a command that succeeds and says what holds wants.
type check struct {
	file  string
	run   []string
	holds func(output []byte) bool
}

// step is one step of a change: a file to write or to remove, or a command.
type step struct {
	write, remove string
	run           []string
	root          bool // people other than root need sudo
}

// Outcome is what a change came to.
type Outcome uint8

// The outcomes.
const (
	Done      Outcome = iota
	Unchanged         // it was already as it should be
	Failed
)

// maxCommand bounds each command that looks into or changes a store; some ask
// the user for a password.
const maxCommand = 2 * time.Minute

// Install makes the store trust the root. When it fails the store is as before,
// and byHand has the commands a person can type instead.
func (s *Store) Install(ctx context.Context) (outcome Outcome, byHand string, err error) {
	return s.change(ctx, true, s.install)
}

// Uninstall takes the root out of the store, and nothing else, as Install does.
func (s *Store) Uninstall(ctx context.Context) (outcome Outcome, byHand string, err error) {
	return s.change(ctx, false, s.uninstall)
}

func (s *Store) change(ctx context.Context, wanted bool, steps []step) (Outcome, string, error) {
	err := s.obstacle
	if err == nil {
		var present bool
		if present, err = s.holds(ctx); err == nil && present == wanted {
			return Unchanged, "", nil
		}
	}
	for i := 0; i < len(steps) && err == nil; i++ {
		if err = steps[i].do(ctx, s.source); err == nil {
			continue
		}
		for _, done := range steps[:i] {
			err = errors.Join(err, done.undo(s.source))
		}
	}
	if err != nil {
		return Failed, commandLine(steps, s.source), err
	}
	return Done, "", nil
}

// holds reports whether the root is in the store.
func (s *Store) holds(ctx context.Context) (bool, error) {
	if s.present.file != "" {
		have, err := readFile(s.present.file)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		root, err := readFile(s.source)
		return bytes.Equal(have, root), err
	}
	output, err := runCommand(ctx, s.present.run)
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		return false, nil // that is how it says no
	}
	return err == nil && s.present.holds(output), err
}

func (s step) do(ctx context.Context, source string) error {
	switch {
	case s.write != "":
		return copyRoot(source, s.write)
	case s.remove != "":
		return os.Remove(s.remove)
	}
	_, err := runCommand(ctx, s.run)
	return err
}

// undo takes a file back, so that the next attempt sees what this one saw.
func (s step) undo(source string) error {
	switch {
	case s.write != "":
		return os.Remove(s.write)
	case s.remove != "":
		return copyRoot(source, s.remove)
	}
	return nil
}

// copyRoot makes a file at path appear whole, readable by all.
func copyRoot(source, path string) error {
	content, err := readFile(source)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// runCommand runs a program without a shell and returns what it printed; of an
// error, the last line of that is a part.
func runCommand(ctx context.Context, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxCommand)
	defer cancel()
	output, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err == nil {
		return output, nil
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return output, fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, last)
	}
	return output, fmt.Errorf("%s: %w", filepath.Base(argv[0]), err)
}

// commandLine writes steps as a person types them.
func commandLine(steps []step, source string) string {
	var commands []string
	for _, s := range steps {
		words := s.run
		switch {
		case s.write != "":
			words = []string{"cp", source, s.write}
		case s.remove != "":
			words = []string{"rm", s.remove}
		}
		if s.root {
			words = append([]string{"sudo"}, words...)
		}
		quoted := make([]string, len(words))
		for i, word := range words {
			quoted[i] = shellWord(word)
		}
		commands = append(commands, strings.Join(quoted, " "))
	}
	return strings.Join(commands, " && ")
}

// shellWord quotes a word for a POSIX shell where that is needed.
func shellWord(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n\"'$`\\|&;<>()*?[]#~!{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// nickname is the name of the root in stores that want one; a root of the user's
// making need not have any.
func (a *Authority) nickname() string {
	sum := sha256.Sum256(a.root.Raw)
	return fmt.Sprintf("wsluice-%x", sum[:4])
}

func (a *Authority) sha1() string { return fmt.Sprintf("%X", sha1.Sum(a.root.Raw)) }

func (a *Authority) sha256() string { return fmt.Sprintf("%X", sha256.Sum256(a.root.Raw)) }
