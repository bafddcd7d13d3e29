package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a relay under test.
type process struct {
	cmd     *exec.Cmd
	address string
	began   time.Duration // CPU it had used when it was ready
	drained sync.WaitGroup
	said    []string // the last lines of its stderr
}

// startProcess starts a relay and waits until it says where it listens. A nil
// environment is this program's.
func startProcess(ctx context.Context, path string, args, environment []string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path, args...)}
	p.cmd.Env = environment
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = patience
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a relay: %w", err)
	}
	lines := bufio.NewScanner(stderr)
	watchdog := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer watchdog.Stop()
	for p.address == "" && lines.Scan() {
		p.note(lines.Text())
		_, address, _ := strings.Cut(lines.Text(), ready)
		p.address = strings.TrimSpace(address)
	}
	p.drained.Go(func() {
		for lines.Scan() {
			p.note(lines.Text())
		}
		io.Copy(io.Discard, stderr) // what follows a line that is too long
	})
	if p.address == "" {
		p.drained.Wait()
		return nil, fmt.Errorf("%s did not listen: %w", filepath.Base(path), p.explain(p.cmd.Wait()))
	}
	p.began = cpuTime(p.cmd.Process.Pid)
	return p, nil
}

// note keeps a line for the case that something goes wrong.
func (p *process) note(line string) {
	const keep = 8
	p.said = append(p.said, line)
	if len(p.said) > keep {
		p.said = slices.Delete(p.said, 0, 1)
	}
}

func (p *process) explain(err error) error {
	return fmt.Errorf("%w: %s", err, strings.Join(p.said, "; "))
}

// stop asks the relay to end and waits for it. It returns the CPU time used
// since it was ready, and how long ending took.
func (p *process) stop() (used, took time.Duration, err error) {
	asked := time.Now()
	watchdog := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer watchdog.Stop()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.cmd.Process.Kill()
	}
	p.drained.Wait()
	if err := p.cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("stop %s: %w", filepath.Base(p.cmd.Path), p.explain(err))
	}
	state := p.cmd.ProcessState
	return state.UserTime() + state.SystemTime() - p.began, time.Since(asked), nil
}

// cpuTime returns the CPU time of a running process, summed over its threads.
// It is 0 where there is no /proc.
func cpuTime(pid int) time.Duration {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum time.Duration
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		onCPU, _, _ := bytes.Cut(text, []byte(" "))
		ns, _ := strconv.ParseInt(string(onCPU), 10, 64)
		sum += time.Duration(ns)
	}
	return sum
}

// anonymous returns the anonymous resident memory of a process in bytes: heap
// and stacks, not mapped files.
func anonymous(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(size), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("read the memory of a process: the system does not tell RssAnon")
}

// runJob has a process of clients and servers do j. When it has an outcome,
// during is called with it, if not nil; an idle job's connections are open then,
// and of one that waits the outcome is empty then and it sends afterwards.
func runJob(ctx context.Context, self string, j job, during func(outcome) error) (result outcome, err error) {
	spec, err := json.Marshal(j)
	if err != nil {
		return result, err
	}
	// A relay that loses something leaves both ends waiting.
	ctx, cancel := context.WithTimeoutCause(ctx, j.Time+2*patience, errors.New("the peers wait for what does not come"))
	defer cancel()
	cmd := exec.CommandContext(ctx, self, roleLoad, string(spec))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return result, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return result, err
	}
	if err := cmd.Start(); err != nil {
		return result, fmt.Errorf("start clients and servers: %w", err)
	}
	out := json.NewDecoder(stdout)
	err = out.Decode(&result)
	if err == nil && during != nil {
		err = during(result)
	}
	stdin.Close()
	if err == nil && j.Wait {
		err = out.Decode(&result)
	}
	if ended := cmd.Wait(); ended != nil {
		err = errors.Join(context.Cause(ctx), fmt.Errorf("%w: %s", ended, strings.TrimSpace(complaint.String())))
	}
	if err != nil {
		return result, fmt.Errorf("%s: %w", j.Work, err)
	}
	return result, nil
}
