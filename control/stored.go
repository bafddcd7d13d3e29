package control

import (
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wsluice/wsluice/store"
)

// What follows is the capture as it is stored, for a Client: it costs the
// recorder no more than a look into the file.

const (
	// maxBlocks bounds the blocks of one answer.
	maxBlocks = 64
	// waitTime is how long a wait takes at most. A client asks again; one that
	// is gone is noticed.
	waitTime = 25 * time.Second
)

func (s *Server) counted(a *answer) error {
	conn, err := a.query.number("conn")
	if err != nil {
		return err
	}
	count, err := s.source.Count(a.Context(), conn)
	if err != nil {
		return err
	}
	return a.json(countAnswer{count})
}

type countAnswer struct {
	Count uint64 `json:"count"`
}

// wait answers with the version as soon as it is another, and with the same one
// after some time.
func (s *Server) wait(a *answer) error {
	version, err := a.query.number("version")
	if err != nil {
		return err
	}
	ctx, cancel := s.until(a.Context(), waitTime)
	defer cancel()
	now, err := s.source.Wait(ctx, version)
	if err != nil && ctx.Err() == nil {
		return err
	}
	return a.json(versionAnswer{now})
}

type versionAnswer struct {
	Version uint64 `json:"version"`
}

// blockEntry stands before each block of an answer: its key, how many records
// it has, or 0 for one that comes whole in any case, and how many bytes follow.
const blockEntry = 8 + 4 + 4

func (s *Server) blocks(a *answer) error {
	var ask store.Request
	var err error
	var records uint64
	q := a.query
	heads, flagErr := q.flag("heads")
	want, wantErr := q.numbers("want")
	limit, limitErr := q.count("limit")
	ask.Conn, err = q.number("conn")
	from, fromErr := q.number("from")
	records, recordsErr := q.number("records")
	if err := errors.Join(err, flagErr, wantErr, limitErr, fromErr, recordsErr); err != nil {
		return err
	}
	if ask.From = max(from, 1); limit == 0 {
		limit = maxBlocks
	}
	if ask.Records = records; records == 0 {
		ask.Records = math.MaxUint64
	}
	ask.Limit = min(limit, maxBlocks)

	// Known is asked about all blocks but those that must be sent whole, because
	// they hold records of connections that were deleted.
	type entry struct {
		key     uint64
		records uint32
		left    bool // not sent
	}
	var entries [maxBlocks]entry
	var found store.Blocks
	ask.Known = func(key uint64, records uint32) bool {
		_, wanted := want[key]
		left := want != nil && !wanted
		entries[found.Len()] = entry{key, records, left}
		return heads || left
	}
	if err := s.source.Blocks(a.Context(), ask, &found); err != nil {
		return err
	}
	size := 3 * 8
	for i := range found.Len() {
		size += blockEntry + len(found.Block(i))
	}
	be := binary.BigEndian
	body := make([]byte, 0, size)
	for _, n := range []uint64{found.First, found.Next, found.Last} {
		body = be.AppendUint64(body, n)
	}
	for i := range found.Len() {
		e := &entries[i]
		if e.left || e.records == 0 && want != nil {
			continue
		}
		p := found.Block(i)
		body = be.AppendUint64(body, e.key)
		body = be.AppendUint32(body, e.records)
		body = be.AppendUint32(body, uint32(len(p)))
		body = append(body, p...)
	}
	return a.bytes(body)
}

// numbers reads a list of numbers, nil when it is not given.
func (q query) numbers(name string) (map[uint64]struct{}, error) {
	if !q.has(name) {
		return nil, nil
	}
	set := make(map[uint64]struct{})
	for text := range strings.SplitSeq(q.text(name), ",") {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, badRequest("give numbers with commas between", "%s: %q is no number", name, text)
		}
		set[n] = struct{}{}
	}
	return set, nil
}

func (s *Server) stored(a *answer) error {
	global, err := a.query.number("frame")
	if err != nil {
		return err
	}
	size, shed, err := s.source.Stored(a.Context(), global)
	if err != nil {
		return err
	}
	return a.json(storedAnswer{size, shed})
}

type storedAnswer struct {
	Size uint64 `json:"size"`
	Shed bool   `json:"shed"`
}

// part answers with nothing where there is no part.
func (s *Server) part(a *answer) error {
	global, err := a.query.number("frame")
	if err != nil {
		return err
	}
	offset, err := a.query.number("offset")
	if err != nil {
		return err
	}
	part, err := s.source.Part(a.Context(), global, offset)
	if err != nil {
		return err
	}
	if part == nil {
		a.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.bytes(part)
}

// bytes answers with p.
func (a *answer) bytes(p []byte) error {
	a.as("application/octet-stream")
	a.ResponseWriter.Header().Set("Content-Length", strconv.Itoa(len(p)))
	_, err := a.Write(p)
	return err
}
