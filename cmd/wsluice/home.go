package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const defaultCaptureHint = "$WSLUICE_HOME/capture.db or $XDG_STATE_HOME/wsluice/capture.db"

// capturePath returns the capture file: --capture, else the default place.
func (p *program) capturePath() (string, error) {
	if p.capture != "" {
		return p.capture, nil
	}
	dir, err := home("XDG_STATE_HOME", ".local", "state")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "capture.db"), nil
}

// authorityDir returns the folder of the local certificate authority.
func authorityDir() (string, error) { return home("XDG_DATA_HOME", ".local", "share") }

// home returns wsluice's folder: WSLUICE_HOME if set, else "wsluice" within the
// folder the XDG variable names, else within its default below the user's home
// (XDG base directory specification).
func home(variable string, fallback ...string) (string, error) {
	if dir := os.Getenv("WSLUICE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	// The specification says relative values are to be ignored.
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "wsluice"), nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", &failure{
			code: exitUsage,
			hint: "set WSLUICE_HOME to a folder wsluice may write to",
			err:  fmt.Errorf("find the home folder: %w", err),
		}
	}
	return filepath.Join(append(append([]string{user}, fallback...), "wsluice")...), nil
}
