package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// output is a file that comes into being only when it is complete: it is
// written beside its name and renamed at the end. What is there already and no
// regular file, such as a device or a pipe, is written to as it is, and stays.
type output struct {
	*os.File
	path string // the name it gets, "" when it has it
}

// createOutput starts writing path, or where path links to. Call Commit or Discard.
func createOutput(path string) (*output, error) {
	o, err := openOutput(path)
	if err != nil {
		return nil, &failure{code: exitUsage, hint: "choose a folder that exists and may be written to", err: fmt.Errorf("write %s: %w", path, err)}
	}
	return o, nil
}

func openOutput(path string) (*output, error) {
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			return &output{File: f}, err
		}
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	return &output{File: f, path: path}, err
}

// Commit gives the file its name.
func (o *output) Commit() error {
	if o.path == "" {
		if err := o.Close(); err != nil {
			return fmt.Errorf("write %s: %w", o.Name(), err)
		}
		return nil
	}
	err := o.Sync()
	if closing := o.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(o.Name(), o.path)
	}
	if err != nil {
		os.Remove(o.Name())
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	return nil
}

// Discard removes what was written; after Commit it does nothing.
func (o *output) Discard() {
	if o.Close() == nil && o.path != "" {
		os.Remove(o.Name())
	}
}

// writeFile writes content to path, whole or not at all.
func writeFile(path string, content []byte) error {
	o, err := createOutput(path)
	if err != nil {
		return err
	}
	defer o.Discard()
	if _, err := o.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return o.Commit()
}

// destination returns where a command's data goes: the file named, or stdout.
// finish completes it when err is nil and returns err otherwise.
func (p *program) destination(path string) (w io.Writer, finish func(err error) error, err error) {
	if path == "" || path == "-" {
		return p.stdout, func(err error) error { return err }, nil
	}
	o, err := createOutput(path)
	if err != nil {
		return nil, nil, err
	}
	return o, func(err error) error {
		if err != nil {
			o.Discard()
			return err
		}
		return o.Commit()
	}, nil
}
