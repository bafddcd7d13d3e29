package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/proxy/rules"
)

// rulesFile is the file of --rules. Its text is in force as long as it is right;
// when it changes to a wrong one, or goes, what was in force stays so.
type rulesFile struct {
	path  string
	first *rules.Set // what it held at the start
	text  []byte     // what was judged last
	next  []byte     // what it held at the last look, when that was something new
	gone  bool       // it could not be read at the last look
	fault atomic.Pointer[string]
}

// lookTime is how often a file is looked at. A text is judged when two looks find
// the same: editors write in pieces.
const lookTime = 250 * time.Millisecond

// readRulesFile reads the file of --rules. A wrong one is an error.
func (p *program) readRulesFile(path string) (*rulesFile, error) {
	set, err := p.readRules(path)
	if err != nil {
		return nil, err
	}
	return &rulesFile{path: path, first: set, text: []byte(set.Text())}, nil
}

// problem says why a newer text of the file is not in force, "" when none is.
func (f *rulesFile) problem() string {
	if text := f.fault.Load(); text != nil {
		return *text
	}
	return ""
}

// ruled is who has rules in force.
type ruled interface {
	Rules() *rules.Set
	SetRules(*rules.Set)
}

// watch puts what the file holds in force as it changes, until ctx ends.
func (f *rulesFile) watch(ctx context.Context, of ruled, logger *slog.Logger) {
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			f.look(of, logger)
		}
	}
}

// look judges what the file holds when it is new, and was there at the look
// before.
func (f *rulesFile) look(of ruled, logger *slog.Logger) {
	text, err := f.read()
	if err != nil {
		// One that is being replaced is away for a moment.
		if f.next = nil; f.gone && f.text != nil {
			f.refuse(logger, err)
			f.text = nil
		}
		f.gone = true
		return
	}
	f.gone = false
	switch {
	case f.text != nil && bytes.Equal(text, f.text):
		f.next = nil
		return
	case f.next == nil || !bytes.Equal(text, f.next):
		f.next = text
		return
	}
	f.text, f.next = text, nil
	set, err := rules.Parse(f.path, text)
	if err != nil {
		f.refuse(logger, err)
		return
	}
	set.Inherit(of.Rules())
	f.enforce(set, of, logger)
}

// enforce puts a set in force.
func (f *rulesFile) enforce(set *rules.Set, of ruled, logger *slog.Logger) {
	of.SetRules(set)
	f.fault.Store(nil)
	logger.Info("rules loaded", "file", f.path, "rules", strconv.Itoa(len(set.Rules())))
}

// refuse says why what was in force stays so.
func (f *rulesFile) refuse(logger *slog.Logger, err error) {
	text := err.Error()
	f.fault.Store(&text)
	logger.Warn("rules not loaded: those before stay in force", "file", f.path, "error", text)
}

// read returns what the file holds, of one that is too large for rules enough to
// show that.
func (f *rulesFile) read() ([]byte, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read %s: %w", f.path, errors.New("it is no file"))
	}
	text, err := io.ReadAll(io.LimitReader(in, rules.MaxText+1))
	if text == nil {
		text = []byte{}
	}
	return text, err
}
