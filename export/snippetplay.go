package export

import (
	"fmt"
	"io"
	"strconv"

	"github.com/wsluice/wsluice/frame"
)

// playback is a snippet for wsluice itself: a shell script that carries the
// conversation, both sides of it, and replays it.
type playback struct {
	jsonl
	conn   uint64
	opened bool
}

// Around the messages, one a line, none of which can be the line that ends them.
const (
	playHead = `#!/bin/sh
# Plays the client of %s again,
# and judges the server by what it answered then. Arguments go to wsluice replay.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wsluice import --capture "$folder/talk.db" --format jsonl - <<'END OF TALK'
`
	playTail = `END OF TALK
wsluice replay --capture "$folder/talk.db" "$@" 1
`
)

func newPlayback(w io.Writer) Writer { return &playback{jsonl: jsonl{buffered: newBuffered(w)}} }

func (p *playback) Connection(c *frame.Connection) error {
	if p.opened {
		return fmt.Errorf("snippet: connection %d came behind connection %d", c.ID, p.conn)
	}
	p.opened, p.conn = true, c.ID
	if err := p.write(fmt.Appendf(p.line[:0], playHead, strconv.QuoteToASCII(c.URL))); err != nil {
		return err
	}
	return p.jsonl.Connection(c)
}

func (p *playback) Message(m *frame.Message) error {
	if !p.opened || m.Conn != p.conn {
		return fmt.Errorf("snippet: a message of connection %d came within connection %d", m.Conn, p.conn)
	}
	if m.Origin == frame.Dropped {
		return nil
	}
	return p.jsonl.Message(m)
}

func (p *playback) Frame(*frame.Record) error { return nil }

// Close completes the snippet.
func (p *playback) Close() error {
	if p.opened {
		if err := p.write(append(p.line[:0], playTail...)); err != nil {
			return err
		}
	}
	return p.Flush()
}
