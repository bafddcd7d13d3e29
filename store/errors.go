package store

import (
	"errors"
	"fmt"
)

// What a caller may want to tell apart when a capture is opened.
var (
	// ErrLocked: another process has the capture open.
	ErrLocked = errors.New("capture is in use by another process")
	// ErrCorrupt: the file is damaged; the message says where.
	ErrCorrupt = errors.New("capture is damaged")
	// ErrVersion: the file's format is newer than this program.
	ErrVersion = errors.New("capture has a newer format")
	// ErrNotCapture: the file is empty or something else.
	ErrNotCapture = errors.New("not a wsluice capture")
)

// What a caller may want to tell apart when a capture is read.
var (
	// ErrNoConnection: the capture has no connection with that id.
	ErrNoConnection = errors.New("no such connection")
	// ErrNoFrame: the capture has no frame with that number.
	ErrNoFrame = errors.New("no such frame")
)

// ErrClosed is returned by a Recorder or Reader that was closed.
var ErrClosed = errors.New("capture is closed")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCorrupt, fmt.Errorf(format, args...))
}
