package control

import (
	"context"
	"os"
	"time"

	"github.com/wsluice/wsluice/proxy"
)

// Status is how a recording fares.
type Status struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	// Address is where the proxy listens, HOST:PORT; Mode is forward or reverse,
	// and Reverse the server it stands for then.
	Address  string `json:"address"`
	Mode     string `json:"mode"`
	Reverse  string `json:"reverse,omitempty"`
	Insecure bool   `json:"insecure"`
	// Capture is the path of the capture, Socket that of the control socket.
	Capture string `json:"capture"`
	Socket  string `json:"socket"`

	Stats

	// Bypassed are the hosts that were passed blindly, Distrusting those with
	// whose clients no TLS came about, the last met first, a hundred at most.
	Bypassed    []Host `json:"bypassed"`
	Distrusting []Host `json:"distrusting"`
	// Warnings say in words what a user should know.
	Warnings []string `json:"warnings"`
	// History are the last 60 seconds, the oldest first.
	History []Sample `json:"history"`
}

// Stats are the numbers of a recording. What is counted is counted from its
// beginning.
type Stats struct {
	Time time.Time `json:"time"`
	// Open is how many connections are under way and recorded, Tunnels how many
	// are passed blindly, Connections the number of the last one in the capture.
	Open        int    `json:"open"`
	Tunnels     int    `json:"tunnels"`
	Connections uint64 `json:"connections"`
	// Frames and Bytes were committed, bytes as they passed.
	Frames uint64 `json:"frames"`
	Bytes  uint64 `json:"bytes"`
	// The rates are those of the last second.
	FramesPerSecond float64 `json:"frames_per_second"`
	BytesPerSecond  float64 `json:"bytes_per_second"`
	// Queued are bytes on their way to the disk. Stalls is how often a sender
	// had to wait for it, Shed how many frames lost their payload because it was
	// too slow, Lost how many were not recorded because recording had failed.
	Queued int    `json:"queued"`
	Stalls uint64 `json:"stalls"`
	Shed   uint64 `json:"shed"`
	Lost   uint64 `json:"lost"`
	// Commits is how often was written to the file, SlowestCommit how long that
	// took at most, in seconds.
	Commits       uint64  `json:"commits"`
	SlowestCommit float64 `json:"slowest_commit"`
	// Full is the error of a full disk, while the recorder waits for room, Failed
	// the one with which recording ended.
	Full   string `json:"full,omitempty"`
	Failed string `json:"failed,omitempty"`
	// FileSize is the size of the file, FileUsed how much of it is in use,
	// FileMax the bound of a ring, 0 for none. All are in bytes.
	FileSize int64 `json:"file_size"`
	FileUsed int64 `json:"file_used"`
	FileMax  int64 `json:"file_max"`
	// DiskFree is how much the disk has room for, in bytes.
	DiskFree uint64 `json:"disk_free"`
	// Oldest is the time of the oldest frame there is, Pruned how many were
	// removed, to keep within FileMax or on a user's wish.
	Oldest time.Time `json:"oldest,omitzero"`
	Pruned uint64    `json:"pruned"`
	// Holds is how many holds are open, Held how many messages they hold, Rules how
	// many rules are on.
	Holds int `json:"holds"`
	Held  int `json:"held"`
	Rules int `json:"rules"`
	// Readers is how many connections the control socket has besides the one
	// that asks.
	Readers int `json:"readers"`
}

// Host tells how often something has happened with a host.
type Host struct {
	Host   string    `json:"host"`
	Count  uint64    `json:"count"`
	Last   time.Time `json:"last"`
	Reason string    `json:"reason"`
}

// Sample is a second of a recording.
type Sample struct {
	Time   time.Time `json:"time"`
	Open   int       `json:"open"`
	Frames uint64    `json:"frames"` // in this second
	Bytes  uint64    `json:"bytes"`
	Queued int       `json:"queued"`
	Stalls uint64    `json:"stalls"`
	Shed   uint64    `json:"shed"`
}

// Status returns how the recording fares.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.get(ctx, "/v1/status", nil, &s)
	return s, err
}

func (s *Server) status(a *answer) error {
	o := &s.options
	stats, err := s.stats(a.Context())
	if err != nil {
		return err
	}
	status := Status{
		PID: os.Getpid(), Version: o.Version, Since: s.since, Address: o.Address, Mode: "forward",
		Reverse: o.Reverse, Insecure: o.Insecure, Capture: o.Path, Socket: s.socket,
		Stats: stats, History: s.meter.history(),
		Bypassed: []Host{}, Distrusting: []Host{},
	}
	if o.Reverse != "" {
		status.Mode = "reverse"
	}
	if o.actions != nil {
		met := o.actions.Stats()
		status.Bypassed, status.Distrusting = hosts(met.Bypassed), hosts(met.Distrusting)
	}
	status.Warnings = warnings(&status)
	return a.json(&status)
}

func hosts(list []proxy.HostStats) []Host {
	out := make([]Host, len(list))
	for i, h := range list {
		out[i] = Host{Host: h.Host, Count: h.Count, Last: h.Last, Reason: h.Reason}
	}
	return out
}

// numbers answers with the stats, again and again when every says how often.
func (s *Server) numbers(a *answer) error {
	if !a.query.has("every") {
		stats, err := s.stats(a.Context())
		if err != nil {
			return err
		}
		return a.json(stats)
	}
	every, err := time.ParseDuration(a.query.text("every"))
	if err != nil || every < 100*time.Millisecond {
		return badRequest("give a time from 100ms up, such as every=1s", "every=%q is no time, or too short", a.query.text("every"))
	}
	ctx, cancel := s.until(a.Context(), 0)
	defer cancel()
	for ctx.Err() == nil {
		stats, err := s.stats(a.Context())
		if err != nil {
			return err
		}
		a.as("application/x-ndjson")
		if err := a.json(stats); err != nil {
			return err
		}
		if err := a.flush(); err != nil {
			return err
		}
		_ = sleep(ctx, every)
	}
	return nil
}

// stats returns the numbers of this moment.
func (s *Server) stats(ctx context.Context) (Stats, error) {
	now := Stats{Time: time.Now().UTC(), Readers: max(0, int(s.door.inside.Load())-1)}
	r := s.options.Recorder.Stats()
	now.Frames, now.Queued, now.Stalls, now.Shed, now.Lost = r.Frames, r.Queued, r.Stalls, r.Shed, r.Lost
	now.Bytes, now.Pruned, now.Oldest = r.Bytes, r.Pruned, r.Oldest
	now.Commits, now.SlowestCommit = r.Commits, r.Slowest.Seconds()
	now.FileSize, now.FileUsed, now.FileMax = r.Size, r.Used, r.MaxSize
	if r.Full != nil {
		now.Full = r.Full.Error()
	}
	if r.Err != nil {
		now.Failed = r.Err.Error()
	}
	if acts := s.options.actions; acts != nil {
		met := acts.Stats()
		now.Open, now.Tunnels, now.Holds, now.Held = met.Open, met.Tunnels, met.Holds, met.Held
		now.Rules = on(acts.Rules())
	}
	now.FramesPerSecond, now.BytesPerSecond = s.meter.rates()
	now.DiskFree = diskFree(s.options.Path)
	newest, err := s.source.Conns(ctx, 0, 1)
	if err == nil && len(newest) > 0 {
		now.Connections = newest[0].ID
	}
	return now, err
}
