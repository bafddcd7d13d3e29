package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

const (
	// longestCompared bounds what is compared of one message, in bytes.
	longestCompared = 64 << 20
	// nearAhead is up to which distance a message is walked to, and not sought.
	nearAhead = 4096
)

// diffedConn is one of the two connections that are compared.
type diffedConn struct {
	name   string // as it is shown
	reader *store.Reader
	conn   frame.Connection
	query  store.Query
	ctx    context.Context

	// ahead is a walk for those that are loaded again, reached how far it came.
	ahead   *store.Messages
	reached uint64
}

// openDiffed opens the connection that an argument names: CONN, FILE:CONN or FILE.
func (p *program) openDiffed(ctx context.Context, arg string, side *frame.Side, wanted *filter.Messages) (*diffedConn, error) {
	path, id := "", uint64(0)
	if n, err := strconv.ParseUint(arg, 10, 64); err == nil {
		if id = n; id == 0 {
			return nil, usagef("wsluice conns lists the connections of a capture", "%q is no connection number", arg)
		}
	} else if path = arg; strings.Contains(arg, ":") {
		at := strings.LastIndexByte(arg, ':')
		if n, err := strconv.ParseUint(arg[at+1:], 10, 64); err == nil && n > 0 {
			path, id = arg[:at], n
		}
	}
	c := &diffedConn{ctx: ctx}
	var err error
	if path == "" {
		c.reader, err = p.open(ctx)
		path = p.capture
	} else if c.reader, err = control.Open(ctx, path); err != nil {
		err = p.diffedFailure(path, err)
	}
	if err != nil {
		return nil, err
	}
	if c.conn, err = theConnection(ctx, c.reader, path, id); err != nil {
		c.close()
		return nil, err
	}
	if c.name = strconv.FormatUint(c.conn.ID, 10); path != "" {
		c.name = filepath.Base(path) + ":" + c.name
	}
	c.query = store.Query{Conn: c.conn.ID, Side: side, Filter: wanted, Limit: longestCompared}
	return c, nil
}

func (p *program) diffedFailure(path string, err error) error {
	named := *p
	named.capture = path
	return named.openFailure(path, err)
}

// theConnection returns the connection with the id, or with 0 the only one.
func theConnection(ctx context.Context, r *store.Reader, path string, id uint64) (frame.Connection, error) {
	if id != 0 {
		return r.Conn(ctx, id)
	}
	conns, err := r.Conns(ctx, 0, 2)
	if err != nil {
		return frame.Connection{}, err
	}
	if len(conns) != 1 {
		many := "more than one connection"
		if len(conns) == 0 {
			many = "no connection"
		}
		return frame.Connection{}, usagef(fmt.Sprintf("name one as %s:CONN; wsluice conns --capture %s lists them", path, path), "%s has %s", path, many)
	}
	return conns[0], nil
}

func (c *diffedConn) close() {
	c.rest()
	c.reader.Close()
}

// rest ends the walk for messages that are loaded again.
func (c *diffedConn) rest() {
	if c.ahead != nil {
		c.ahead.Close()
		c.ahead = nil
	}
}

// count returns how many messages there are about.
func (c *diffedConn) count() int {
	if c.query.Side != nil {
		return int(c.conn.Messages[*c.query.Side])
	}
	return int(c.conn.Messages[frame.Client] + c.conn.Messages[frame.Server])
}

// conversation returns the messages that reached their receiver.
func (c *diffedConn) conversation() compare.Conversation {
	var walk *store.Messages
	return compare.Conversation{
		Next: func() (*frame.Message, error) {
			if walk == nil {
				walk = c.reader.Messages(c.ctx, c.query)
			}
			for walk.Next() {
				if m := walk.Message(); m.Origin != frame.Dropped {
					return m, nil
				}
			}
			err := walk.Err()
			walk.Close()
			if err == nil {
				err = io.EOF
			}
			return nil, err
		},
		Load: c.load,
	}
}

// load returns the message whose first frame has that number.
func (c *diffedConn) load(seq uint64) (*frame.Message, error) {
	for _, again := range []bool{c.ahead == nil || seq <= c.reached || seq > c.reached+nearAhead, true} {
		if again {
			if c.ahead != nil {
				c.ahead.Close()
			}
			q := c.query
			q.Start = seq
			c.ahead, c.reached = c.reader.Messages(c.ctx, q), 0
		}
		// A message comes when it has ended: those in between may have begun later.
		for c.ahead.Next() {
			m := c.ahead.Message()
			c.reached = max(c.reached, m.Seq)
			if m.Seq == seq && m.Origin != frame.Dropped {
				return m, nil
			}
		}
		if err := c.ahead.Err(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("message %d of connection %s is no longer there", seq, c.name)
}
