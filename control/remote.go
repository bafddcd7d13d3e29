package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

var _ store.Source = (*Client)(nil)

// Conns implements store.Source.
func (c *Client) Conns(ctx context.Context, before uint64, n int) ([]frame.Connection, error) {
	if n <= 0 {
		return nil, nil
	}
	return lines[frame.Connection](ctx, c, "/v1/conns", "before", before, n)
}

// Events implements store.Source.
func (c *Client) Events(ctx context.Context, after uint64, n int) ([]store.Event, error) {
	if n <= 0 {
		return nil, nil
	}
	return lines[store.Event](ctx, c, "/v1/events", "after", after, n)
}

// lines reads up to n values, one a line, behind or before a number.
func lines[T any](ctx context.Context, c *Client, path, bound string, number uint64, n int) (all []T, err error) {
	params := with("limit", min(n, maxCount))
	if number > 0 {
		params.Set(bound, strconv.FormatUint(number, 10))
	}
	return rows[T](ctx, c, path, params, n)
}

// rows reads up to n values, one a line.
func rows[T any](ctx context.Context, c *Client, path string, params url.Values, n int) (all []T, err error) {
	err = c.fetch(ctx, answerTime, http.MethodGet, path, params, nil, func(body io.Reader) error {
		in := bufio.NewScanner(body)
		in.Buffer(nil, maxAnswer)
		for in.Scan() && len(all) < n {
			if p := trailing(in.Bytes()); p != nil {
				return p
			}
			var v T
			if err := json.Unmarshal(in.Bytes(), &v); err != nil {
				return fmt.Errorf("answer of the recorder to %s: %w", path, err)
			}
			all = append(all, v)
		}
		return in.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Conn implements store.Source.
func (c *Client) Conn(ctx context.Context, id uint64) (conn frame.Connection, err error) {
	err = c.get(ctx, "/v1/conns/"+strconv.FormatUint(id, 10), nil, &conn)
	return conn, err
}

// Count implements store.Source.
func (c *Client) Count(ctx context.Context, conn uint64) (uint64, error) {
	var a countAnswer
	err := c.get(ctx, "/v1/count", with("conn", conn), &a)
	return a.Count, err
}

// Wait implements store.Source.
func (c *Client) Wait(ctx context.Context, version uint64) (uint64, error) {
	for {
		var a versionAnswer
		if err := c.get(ctx, "/v1/wait", with("version", version), &a); err != nil {
			return version, err
		}
		if a.Version != version {
			return a.Version, nil
		}
		// A recorder that is ending answers at once.
		if err := sleep(ctx, retry); err != nil {
			return version, err
		}
	}
}

// Stored implements store.Source.
func (c *Client) Stored(ctx context.Context, global uint64) (size uint64, shed bool, err error) {
	var a storedAnswer
	err = c.get(ctx, "/v1/stored", with("frame", global), &a)
	return a.Size, a.Shed, err
}

// maxBlock bounds one stored block or part: what a reader would inflate, with
// its header and directory.
const maxBlock = 4 << 20

// Part implements store.Source.
func (c *Client) Part(ctx context.Context, global, offset uint64) (part []byte, err error) {
	err = c.fetch(ctx, answerTime, http.MethodGet, "/v1/part", with("frame", global, "offset", offset), nil, func(body io.Reader) error {
		part, err = io.ReadAll(io.LimitReader(body, maxBlock))
		return err
	})
	if err != nil || len(part) == 0 {
		return nil, err
	}
	return part, nil
}

// remoteBlock is a block as it came over the socket.
type remoteBlock struct {
	key     uint64
	records uint32
	bytes   []byte
}

// Blocks implements store.Source.
func (c *Client) Blocks(ctx context.Context, ask store.Request, out *store.Blocks) error {
	params := with("conn", ask.Conn, "from", ask.From, "records", max(ask.Records, 1), "limit", max(min(ask.Limit, maxBlocks), 1))
	if ask.Known == nil {
		out.Reset()
		return c.blocks(ctx, params, out, func(b remoteBlock) { out.Add(b.bytes) })
	}
	for range tries {
		if whole, err := c.unknown(ctx, params, ask.Known, out); whole || err != nil {
			return err
		}
	}
	return fmt.Errorf("answer of the recorder: blocks from %d on are there and are not", ask.From)
}

// unknown asks for the headers of blocks first, and then for what is behind
// those the caller does not know. It reports whether it got all of them: some
// may have been pruned in between.
func (c *Client) unknown(ctx context.Context, params url.Values, known func(uint64, uint32) bool, out *store.Blocks) (bool, error) {
	out.Reset()
	params.Del("want")
	params.Set("heads", "1")
	var blocks []remoteBlock
	missing := make(map[uint64]int)
	var want []string
	err := c.blocks(ctx, params, out, func(b remoteBlock) {
		if b.records > 0 && !known(b.key, b.records) {
			missing[b.key] = len(blocks)
			want = append(want, strconv.FormatUint(b.key, 10))
		}
		b.bytes = bytes.Clone(b.bytes)
		blocks = append(blocks, b)
	})
	if err != nil {
		return false, err
	}
	if len(want) > 0 {
		params.Del("heads")
		params.Set("want", strings.Join(want, ","))
		var again store.Blocks
		err := c.blocks(ctx, params, &again, func(b remoteBlock) {
			// It may have grown, which does no harm.
			if i, ok := missing[b.key]; ok {
				blocks[i].bytes = bytes.Clone(b.bytes)
				delete(missing, b.key)
			}
		})
		if err != nil {
			return false, err
		}
	}
	for _, b := range blocks {
		out.Add(b.bytes)
	}
	return len(missing) == 0, nil
}

// blocks asks for blocks and calls add with each, whose bytes are valid until it
// returns. The rest of the answer goes to out.
func (c *Client) blocks(ctx context.Context, params url.Values, out *store.Blocks, add func(remoteBlock)) error {
	return c.fetch(ctx, answerTime, http.MethodGet, "/v1/blocks", params, nil, func(body io.Reader) error {
		in := bufio.NewReaderSize(body, 64<<10)
		be := binary.BigEndian
		var head [3 * 8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		out.First, out.Next, out.Last = be.Uint64(head[:]), be.Uint64(head[8:]), be.Uint64(head[16:])
		var buf []byte
		for range maxBlocks {
			var entry [blockEntry]byte
			if _, err := io.ReadFull(in, entry[:]); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			size := be.Uint32(entry[12:])
			if size > maxBlock {
				return fmt.Errorf("answer of the recorder: a block of %d bytes exceeds %d", size, maxBlock)
			}
			if uint32(cap(buf)) < size {
				buf = make([]byte, size)
			}
			buf = buf[:size]
			if _, err := io.ReadFull(in, buf); err != nil {
				return err
			}
			add(remoteBlock{be.Uint64(entry[:]), be.Uint32(entry[8:]), buf})
		}
		return nil
	})
}

// Snapshot implements store.Source.
func (c *Client) Snapshot(ctx context.Context, w io.Writer) error {
	body, err := c.open(ctx, http.MethodGet, "/v1/snapshot", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("copy the capture: %w", err)
	}
	return nil
}
