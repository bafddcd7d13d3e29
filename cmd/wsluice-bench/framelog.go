package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// logBuffer is what the buffered recording relay collects before it writes.
	logBuffer = 256 << 10
	// logHead is the size of what stands before each frame in a log: time,
	// connection, side and length.
	logHead = 8 + 4 + 1 + 4
	// copyBuffer is what a recording relay reads at once.
	copyBuffer = 64 << 10
)

// frameLog is a plain file to which each frame is appended with one call, by
// any goroutine, in the order of the calls. It is never synced.
type frameLog struct {
	mu      sync.Mutex
	file    *os.File
	pending []byte
	limit   int // bytes to collect before they are written; 0 writes each frame
	err     error
}

func newFrameLog(path string, limit int) (*frameLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &frameLog{file: file, limit: limit}, nil
}

// append keeps one whole frame.
func (l *frameLog) append(id uint32, side frame.Side, at time.Time, wire []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = binary.BigEndian.AppendUint64(l.pending, uint64(at.UnixNano()))
	l.pending = binary.BigEndian.AppendUint32(l.pending, id)
	l.pending = append(l.pending, byte(side))
	l.pending = binary.BigEndian.AppendUint32(l.pending, uint32(len(wire)))
	l.pending = append(l.pending, wire...)
	if len(l.pending) >= l.limit {
		l.flush()
	}
}

func (l *frameLog) flush() {
	if _, err := l.file.Write(l.pending); err != nil && l.err == nil {
		l.err = err
	}
	l.pending = l.pending[:0]
}

// close writes what is pending and returns the first error of any write.
func (l *frameLog) close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	if err := l.file.Close(); l.err == nil {
		l.err = err
	}
	return l.err
}

// copy carries bytes from one side to the other: it reads, writes the same
// bytes on, then records the frames that became whole.
func (l *frameLog) copy(to io.Writer, from io.Reader, id uint32, side frame.Side) {
	buffer := make([]byte, copyBuffer)
	var partial []byte // the beginning of a frame, or of the handshake
	upgraded := false
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			at := time.Now()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
			p := buffer[:n]
			if len(partial) > 0 {
				partial = append(partial, p...)
				p = partial
			}
			if !upgraded {
				if _, after, found := bytes.Cut(p, []byte("\r\n\r\n")); found {
					p, upgraded = after, true
				}
			}
			if upgraded {
				p = l.frames(id, side, at, p)
			}
			partial = append(partial[:0], p...)
		}
		if err != nil {
			return
		}
	}
}

// frames records the whole frames in p and returns what is behind them.
func (l *frameLog) frames(id uint32, side frame.Side, at time.Time, p []byte) []byte {
	for {
		h, size := frame.Parse(p)
		whole := uint64(size) + h.Length
		if size == 0 || uint64(len(p)) < whole {
			return p
		}
		l.append(id, side, at, p[:whole])
		p = p[whole:]
	}
}
