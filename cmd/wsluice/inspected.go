package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// inspected is a capture as the inspector's Source and Actions.
type inspected struct {
	*store.Reader
	*interventions
}

// Messages implements rows.Source.
func (c inspected) Messages(ctx context.Context, q rows.Query) rows.Messages {
	return c.Reader.Messages(ctx, store.Query{
		Conn: q.Conn, Start: q.Start, Side: q.Side, Opcodes: q.Opcodes, Filter: q.Filter, Limit: q.Limit,
	})
}

// Events implements inspector.Source.
func (c inspected) Events(ctx context.Context, after uint64, n int) ([]inspector.Event, error) {
	found, err := c.Reader.Events(ctx, after, n)
	events := make([]inspector.Event, len(found))
	for i, e := range found {
		events[i] = inspector.Event{Number: e.Number, Time: e.Time, Level: e.Level, Message: e.Message}
		for _, a := range e.Attrs {
			events[i].Attrs = append(events[i].Attrs, [2]string{a.Key, a.Value})
		}
	}
	return events, err
}

// Marks implements inspector.Source.
func (c inspected) Marks(ctx context.Context) ([]inspector.Mark, error) {
	found, err := c.Reader.Marks(ctx)
	marks := make([]inspector.Mark, len(found))
	for i, m := range found {
		marks[i] = inspector.Mark(m)
	}
	return marks, err
}

// Status implements inspector.Source.
func (c inspected) Status(ctx context.Context) (inspector.Status, error) {
	var s control.Status
	err := c.ask(ctx, func(client *control.Client) (err error) {
		s, err = client.Status(ctx)
		return err
	})
	if errors.Is(err, errAtRest) {
		return inspector.Status{}, nil
	}
	if err != nil {
		return inspector.Status{}, err
	}
	status := inspector.Status{
		Recording: true, Address: s.Address, Reverse: s.Reverse, Insecure: s.Insecure, Open: s.Open,
		Rate: s.FramesPerSecond, Queued: s.Queued, Stalls: s.Stalls, Shed: s.Shed, Lost: s.Lost,
		Size: s.FileSize, Warnings: s.Warnings, Holds: s.Holds, Held: s.Held, Rules: s.Rules,
	}
	for _, sample := range s.History {
		status.History = append(status.History, float64(sample.Frames))
	}
	return status, nil
}

// SetMark implements inspector.Actions.
func (c inspected) SetMark(ctx context.Context, m inspector.Mark) error {
	return control.SetMark(ctx, c.path, store.Mark(m))
}

// Create implements inspector.Actions. The name is taken as in a shell without
// variables: relative to the working folder, with ~/ for the home folder.
func (c inspected) Create(_ context.Context, name string, overwrite bool, write func(io.Writer) error) (path string, err error) {
	if path, err = typedPath(name); err != nil {
		return "", err
	}
	if !overwrite {
		if _, err := os.Lstat(path); err == nil {
			return path, fmt.Errorf("write %s: %w", path, fs.ErrExist)
		}
	}
	file, err := createOutput(path)
	if err != nil {
		return path, err
	}
	defer file.Discard()
	if err := write(file); err != nil {
		return path, fmt.Errorf("write %s: %w", path, err)
	}
	return path, file.Commit()
}

// Load implements inspector.Actions. The name is taken as by Create.
func (c inspected) Load(_ context.Context, name string, most int) ([]byte, error) {
	path, err := typedPath(name)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is no file", path) // a pipe could be waited for for ever
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("read %s: it has more than %d bytes", path, most)
	}
	return data, err
}

// typedPath returns the path that a person means by a name.
func typedPath(name string) (string, error) {
	if rest, ok := cutHome(name); ok {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder: %w", err)
		}
		name = filepath.Join(user, rest)
	}
	return filepath.Abs(name)
}

// cutHome returns what follows ~/ in a path.
func cutHome(name string) (rest string, ok bool) {
	if len(name) > 1 && name[0] == '~' && os.IsPathSeparator(name[1]) {
		return name[2:], true
	}
	return name, false
}
