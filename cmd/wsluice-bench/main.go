package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "wsluice-bench: error: %v\n", err)
		os.Exit(1)
	}
}

// The roles in which the program starts itself.
const (
	roleRelay = "relay"
	roleLoad  = "load"
)

// run plays the role the arguments name, or measures.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 1 && args[0] == roleRelay {
		return runRelay(ctx, args[1:], stderr)
	}
	if len(args) > 1 && args[0] == roleLoad {
		return runLoad(ctx, args[1], stdin, stdout)
	}
	flags := flag.NewFlagSet("wsluice-bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	wsluice := flags.String("wsluice", "bin/wsluice", "the wsluice `binary` to measure")
	report := flags.String("report", "BENCHMARKS.md", "write the results to this `file`")
	quick := flags.Bool("quick", false, "measure just enough to see that everything works")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("argument %q is not known", flags.Arg(0))
	}
	extent := full
	if *quick {
		extent = brief
	}
	b, err := newBench(ctx, *wsluice, extent, stderr)
	if err != nil {
		return err
	}
	results, err := b.measure()
	if err = errors.Join(err, b.close()); err != nil {
		return err
	}
	text := results.markdown()
	if _, err := io.WriteString(stdout, text); err != nil {
		return err
	}
	return os.WriteFile(*report, []byte(text), 0o644)
}
