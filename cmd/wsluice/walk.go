package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// longestMessage bounds one message in bytes, inflated: a few kilobytes on the
// wire may stand for gigabytes.
const longestMessage = 256 << 20

// walk goes through the messages of one connection, or of all in the order they
// were kept when conn is 0.
type walk struct {
	reader *store.Reader
	conn   uint64
	// limit bounds a message's payload in bytes.
	limit int
	// began, if set, is called before the first message of each connection.
	began func(*frame.Connection) error
	each  func(*frame.Message) error
	bar   *progress // shows how far the walk has come; may be nil

	open map[uint64]*conversation
}

// conversation is a connection in the middle of a walk.
type conversation struct {
	frame.Assembler
	left uint64 // records still to come
}

// errEnough ends a walk early without an error.
var errEnough = errors.New("enough")

// run walks. An errEnough from each or began ends it with nil.
func (w *walk) run(ctx context.Context) error {
	w.open = make(map[uint64]*conversation)
	cursor := w.reader.Scan(ctx, w.conn, 1)
	defer cursor.Close()
	for cursor.Next() {
		w.bar.of(cursor)
		if err := w.push(ctx, cursor.Record()); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
	return cursor.Err()
}

func (w *walk) push(ctx context.Context, r *frame.Record) error {
	c, err := w.conversation(ctx, r.Conn)
	if err != nil {
		return err
	}
	for _, m := range c.Push(r) {
		if err := w.each(&m); err != nil {
			return err
		}
	}
	if c.left--; c.left > 0 {
		return nil
	}
	delete(w.open, r.Conn)
	for _, m := range c.Flush() {
		if err := w.each(&m); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) conversation(ctx context.Context, id uint64) (*conversation, error) {
	if c, ok := w.open[id]; ok {
		return c, nil
	}
	connection, err := w.reader.Conn(ctx, id)
	if err != nil {
		return nil, err
	}
	left, err := w.reader.Count(ctx, id)
	if err != nil {
		return nil, err
	}
	if w.began != nil {
		if err := w.began(&connection); err != nil {
			return nil, err
		}
	}
	c := &conversation{left: left, Assembler: frame.Assembler{
		Extensions: frame.ParseExtensions(connection.Extensions),
		Limit:      w.limit,
		Load:       func(r *frame.Record) ([]byte, error) { return payload(ctx, w.reader, r) },
	}}
	w.open[id] = c
	return c, nil
}

// payload reads the whole payload of a record that came with its beginning only.
func payload(ctx context.Context, reader *store.Reader, r *frame.Record) ([]byte, error) {
	from, err := reader.Payload(ctx, r.Global)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	p := make([]byte, r.Stored)
	if _, err := io.ReadFull(from, p); err != nil {
		return nil, fmt.Errorf("read the payload of frame %d: %w", r.Global, err)
	}
	return p, nil
}
