package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "wsluice-shots: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("wsluice-shots", flag.ContinueOnError)
	flags.SetOutput(stderr)
	wsluice := flags.String("wsluice", "bin/wsluice", "the wsluice `binary` to show")
	out := flags.String("out", "docs/screens", "write the pictures into this `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen := script
	if names := flags.Args(); len(names) > 0 {
		chosen = slices.DeleteFunc(slices.Clone(script), func(s shot) bool { return !slices.Contains(names, s.name) })
		if len(chosen) < len(names) {
			return fmt.Errorf("not all of %q are pictures", names)
		}
	}
	binary, err := filepath.Abs(*wsluice)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wsluice-shots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := stage{binary: binary, dir: dir, capture: filepath.Join(dir, "demo.db"), stderr: stderr}
	if err := s.record(ctx); err != nil {
		return err
	}
	r, err := newRenderer()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	var failed error
	for _, shot := range chosen {
		screen, err := s.play(ctx, shot)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", shot.name, err))
			continue
		}
		file := filepath.Join(*out, shot.name+".png")
		size, missing, err := r.save(file, screen, shot.palette())
		if err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
		note := ""
		if len(missing) > 0 {
			note = ", no glyph for " + strings.Join(missing, " ")
		}
		fmt.Fprintf(stderr, "%s: %dx%d cells, %d KB%s\n", file, shot.width, shot.height, size>>10, note)
	}
	return failed
}
