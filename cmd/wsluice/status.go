package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/control"
)

func (p *program) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show who records a capture, and how that fares",
		Long: `Show the wsluice that records a capture: where it listens, its connections and
rates, how the disk keeps up, which hosts it does not see into, and warnings.

Exit code 0 says that the capture is being recorded, 1 that it is not.`,
		Example: `  wsluice status
  wsluice status --json | jq .frames_per_second
  curl -s --unix-socket "$(wsluice status --json | jq -r .socket)" http://wsluice/v1/`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			path, err := p.capturePath()
			if err != nil {
				return err
			}
			status, err := askStatus(c.Context(), path)
			if errors.Is(err, control.ErrNotRecording) {
				return p.statusAtRest(c.Context(), path, asJSON)
			}
			if err != nil {
				return err
			}
			if asJSON {
				return p.json(liveStatus{true, status})
			}
			p.printStatus(&status)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the status as JSON")
	return c
}

// liveStatus is the JSON form of the status of a capture that is recorded.
type liveStatus struct {
	Recording bool `json:"recording"`
	control.Status
}

// restStatus is that of one at rest.
type restStatus struct {
	Recording   bool      `json:"recording"`
	Capture     string    `json:"capture"`
	FileSize    int64     `json:"file_size"`
	Connections uint64    `json:"connections"`
	Frames      uint64    `json:"frames"`
	Last        time.Time `json:"last,omitzero"`
}

// statusAtRest shows what is known of a capture nobody records.
func (p *program) statusAtRest(ctx context.Context, path string, asJSON bool) error {
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	s := restStatus{Capture: path}
	if s.Capture, err = filepath.Abs(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return p.openFailure(path, err)
	}
	s.FileSize = info.Size()
	if s.Frames, err = r.Count(ctx, 0); err != nil {
		return err
	}
	newest, err := r.Conns(ctx, 0, 1)
	if err != nil {
		return err
	}
	for _, c := range newest {
		s.Connections = c.ID
		s.Last = later(c.Start, c.End)
	}
	if s.Frames > 0 {
		page, err := r.Page(ctx, 0, s.Frames, 1)
		if err != nil {
			return err
		}
		for _, record := range page {
			s.Last = later(s.Last, record.Time)
		}
	}
	if asJSON {
		err = p.json(s)
	} else {
		t := table{out: p.stdout}
		t.row("capture", "%s, %s", s.Capture, byteCount(uint64(s.FileSize)))
		t.row("holds", "%s, %s", counted(s.Connections, "connection"), counted(s.Frames, "frame"))
		if !s.Last.IsZero() {
			t.row("last", "%s", s.Last.Local().Format(time.DateTime))
		}
	}
	if err != nil {
		return err
	}
	return &failure{
		code: exitFailed, hint: "wsluice proxy records, and wsluice run -- COMMAND records what one command says",
		err: fmt.Errorf("nobody records into %s", path),
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// json prints v as one line.
func (p *program) json(v any) error {
	to := json.NewEncoder(p.stdout)
	to.SetEscapeHTML(false)
	return to.Encode(v)
}

// printStatus prints s for people.
func (p *program) printStatus(s *control.Status) {
	t := table{out: p.stdout, colour: colour(p.stdout)}
	now := s.Time
	t.row("recording", "into %s", visible(s.Capture, longestURL))
	t.row("since", "%s (%s), process %d, wsluice %s", s.Since.Local().Format(time.DateTime), span(now.Sub(s.Since)), s.PID, visible(s.Version, longestURL))
	mode := "forward proxy"
	if s.Reverse != "" {
		mode = "stands for " + visible(s.Reverse, longestURL)
	}
	t.row("listening", "on %s, %s", s.Address, mode)
	connections := fmt.Sprintf("%d open, %d in all", s.Open, s.Connections)
	if s.Tunnels > 0 {
		connections += ", " + counted(uint64(s.Tunnels), "blind tunnel")
	}
	t.row("connections", "%s", connections)
	t.row("traffic", "%.0f frames/s, %s/s; %s, %s since the recording began",
		s.FramesPerSecond, byteCount(uint64(s.BytesPerSecond)), counted(s.Frames, "frame"), byteCount(s.Bytes))
	t.row("queue", "%s waiting, %s, %d shed, slowest commit %s", byteCount(uint64(s.Queued)), counted(s.Stalls, "stall"),
		s.Shed, time.Duration(s.SlowestCommit*float64(time.Second)).Round(time.Millisecond))
	t.row("file", "%s", fileLine(s))
	if !s.Oldest.IsZero() {
		t.row("oldest", "%s; %s gone", s.Oldest.Local().Format(time.DateTime), counted(s.Pruned, "frame"))
	}
	if s.DiskFree > 0 {
		t.row("disk", "%s free", byteCount(s.DiskFree))
	}
	if s.Readers > 0 {
		t.row("readers", "%s to the control socket", counted(uint64(s.Readers), "connection"))
	}
	if s.Rules > 0 {
		t.row("rules", "%s on", counted(uint64(s.Rules), "rule"))
	}
	if s.Holds > 0 {
		t.row("held", "%s by %s", counted(uint64(s.Held), "message"), counted(uint64(s.Holds), "hold"))
	}
	t.hosts("bypassed", s.Bypassed)
	t.hosts("distrusting", s.Distrusting)
	for _, w := range s.Warnings {
		t.warn(visible(w, 1000))
	}
}

// fileLine says how large the file is.
func fileLine(s *control.Status) string {
	line := fmt.Sprintf("%s, %s in use", byteCount(uint64(s.FileSize)), byteCount(uint64(s.FileUsed)))
	if s.FileMax > 0 {
		line += ", a ring of " + byteCount(uint64(s.FileMax))
	}
	return line
}

// span writes a time as people say it.
func span(d time.Duration) string { return max(0, d).Round(time.Second).String() }

// table prints rows of a name and what is to be said of it.
type table struct {
	out    io.Writer
	colour bool
}

func (t table) row(name, format string, args ...any) {
	fmt.Fprintf(t.out, "%-12s %s\n", name, fmt.Sprintf(format, args...))
}

func (t table) hosts(name string, list []control.Host) {
	const shown = 10
	for i, h := range list[:min(len(list), shown)] {
		if i > 0 {
			name = ""
		}
		t.row(name, "%s, %d times: %s", visible(h.Host, 100), h.Count, visible(h.Reason, longestURL))
	}
	if more := len(list) - shown; more > 0 {
		t.row("", "and %d more", more)
	}
}

func (t table) warn(text string) {
	name := fmt.Sprintf("%-12s", "warning")
	if t.colour {
		name = "\x1b[33m" + name + "\x1b[0m"
	}
	fmt.Fprintln(t.out, name, text)
}
