package inspector

import (
	"context"
	"io"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// Source is the capture that is looked at. Its methods may be called from any
// goroutine and return soon after their context has ended; what they return
// belongs to the caller.
type Source interface {
	rows.Source
	// Conns returns up to n connections with ids below before, newest first; 0
	// stands for the end.
	Conns(ctx context.Context, before uint64, n int) ([]frame.Connection, error)
	// Conn returns the connection with the given id.
	Conn(ctx context.Context, id uint64) (frame.Connection, error)
	// Events returns up to n events with numbers above after, oldest first.
	Events(ctx context.Context, after uint64, n int) ([]Event, error)
	// Marks returns the marks in the capture.
	Marks(ctx context.Context) ([]Mark, error)
	// Status returns how the recording fares, with Recording unset when there is
	// none.
	Status(ctx context.Context) (Status, error)
}

// Actions is what the inspector can ask for besides reading. Its methods may be
// called from any goroutine.
type Actions interface {
	Interventions
	Exports
	Comparisons
	Replays
	// SetMark keeps a mark in the capture in place of the one the message has. One
	// without label and note removes it.
	SetMark(ctx context.Context, m Mark) error
	// Create makes a file of the given name, which a person typed, and lets write
	// fill it. The file gets its name when it is complete; until then, and when
	// write fails, nothing of that name changes. It returns the file's full path. A
	// file that is there already is an error unless overwrite is set.
	Create(ctx context.Context, name string, overwrite bool, write func(io.Writer) error) (path string, err error)
	// Load returns what is in the file of the given name, which a person typed. More
	// than most bytes are an error.
	Load(ctx context.Context, name string, most int) ([]byte, error)
}

// Event is something that happened while the capture was recorded.
type Event struct {
	Number  uint64
	Time    time.Time
	Level   string // info, warning or error
	Message string
	Attrs   [][2]string // name and value
}

// Mark is what a person noted at a message.
type Mark struct {
	// Conn and Seq are those of the message's first frame.
	Conn, Seq uint64
	// Label is a letter to jump to it by, or "".
	Label string
	Note  string
	Time  time.Time
}

// Status is how a recording fares.
type Status struct {
	Recording bool
	Address   string // where the proxy listens
	Reverse   string // the server it stands for, if any
	Insecure  bool   // servers' certificates are not verified
	Open      int    // connections under way
	Holds     int    // that are on, by whomever
	Held      int    // messages
	Rules     int    // in force
	// Rate is frames a second, History that of the last seconds, oldest first.
	Rate    float64
	History []float64
	// Queued are bytes on their way to the disk, Stalls how often a sender had to
	// wait for it, Shed how many frames lost their payload, Lost how many were not
	// recorded.
	Queued             int
	Stalls, Shed, Lost uint64
	Size               int64 // of the capture in bytes
	// Warnings say in words what a user should know.
	Warnings []string
}
