package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// disk measures what the temporary folder's disk takes: the bound of all that
// records more than the page cache holds back.
func (b *bench) disk() error {
	b.say("speed of the disk")
	path := filepath.Join(b.dir, "disk")
	defer os.Remove(path)
	const size = 256 << 20
	block := newTraffic(frame.Client, 64<<10).writes[0]
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	start := time.Now()
	for written := 0; written < size && err == nil; written += len(block) {
		_, err = f.Write(block)
	}
	if err = errors.Join(err, f.Sync()); err == nil {
		b.results.disk = size / time.Since(start).Seconds()
	}
	return errors.Join(err, f.Close())
}

// ingesting measures how fast frames of 100 B from one producer become durable:
// in a capture, and in a plain file of s2 blocks.
func (b *bench) ingesting() error {
	t := newTraffic(frame.Client, 100)
	for round := range b.rounds {
		b.say("ingest, round %d of %d", round+1, b.rounds)
		captured, err := b.ingestCapture(t)
		if err != nil {
			return fmt.Errorf("ingest into a capture: %w", err)
		}
		plain, err := b.ingestPlain(t)
		if err != nil {
			return fmt.Errorf("ingest into a plain file: %w", err)
		}
		b.results.captured = append(b.results.captured, captured)
		b.results.plain = append(b.results.plain, plain)
	}
	return nil
}

// ingestCapture returns frames per second.
func (b *bench) ingestCapture(t *traffic) (float64, error) {
	path := filepath.Join(b.dir, "ingest")
	defer os.Remove(path)
	start := time.Now()
	if err := b.fill(path, b.ingest, 1, t); err != nil {
		return 0, err
	}
	rate := float64(b.ingest) / time.Since(start).Seconds()
	return rate, b.complete(path, b.ingest)
}

func (b *bench) ingestPlain(t *traffic) (float64, error) {
	path := filepath.Join(b.dir, "ingest")
	defer os.Remove(path)
	start := time.Now()
	f, err := newBlockFile(path)
	if err != nil {
		return 0, err
	}
	for left, i := b.ingest, 0; left > 0; i++ {
		n := min(left, t.perWrite)
		f.append(time.Now(), t.writes[i%len(t.writes)][:n*t.wire])
		left -= n
	}
	err = f.close()
	return float64(b.ingest) / time.Since(start).Seconds(), err
}

// fill records frames on so many equally busy connections. One connection gets
// runs as a relay reads them; several get a frame each in turn.
func (b *bench) fill(path string, frames, connections int, t *traffic) error {
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		return err
	}
	tapes := make([]*store.Tape, connections)
	for i := range tapes {
		tapes[i], err = recorder.Open(&frame.Connection{State: frame.Open, URL: "wss://example.com/", Start: time.Now(), Status: 101})
		if err != nil {
			return errors.Join(err, recorder.Close())
		}
	}
	for left, i, turn := frames, 0, 0; left > 0 && b.ctx.Err() == nil; i++ {
		n := min(left, t.perWrite)
		run := t.writes[i%len(t.writes)][:n*t.wire]
		left -= n
		now := time.Now()
		if connections == 1 {
			tapes[0].Append(frame.Client, now, run)
			continue
		}
		for ; len(run) > 0; run = run[t.wire:] {
			tapes[turn%connections].Append(frame.Client, now, run[:t.wire])
			turn++
		}
	}
	for _, tape := range tapes {
		tape.Close(frame.End{Time: time.Now(), EndedBy: frame.ByClient, How: frame.ByFIN})
	}
	return recorder.Close()
}

// readReading is how fast a large capture is read.
type readReading struct {
	connections, frames int
	open                time.Duration // the median, to the first screen
	openMax             time.Duration
	p50, p99            time.Duration   // of a page
	filters             []time.Duration // a walk through all messages with each of filters
	bytes               int64
}

// reading measures pages, searches and opening in large captures: of one
// connection, and of a thousand equally busy ones.
func (b *bench) reading() error {
	t := newTraffic(frame.Client, 100)
	for _, connections := range []int{1, 1000} {
		b.say("capture of %d frames on %d connections", b.capture, connections)
		reading, err := b.readOnce(connections, t)
		if err != nil {
			return fmt.Errorf("capture of %d frames on %d connections: %w", b.capture, connections, err)
		}
		b.results.read = append(b.results.read, reading)
	}
	return nil
}

func (b *bench) readOnce(connections int, t *traffic) (reading readReading, err error) {
	reading = readReading{connections: connections, frames: b.capture}
	path := filepath.Join(b.dir, "capture")
	defer os.Remove(path)
	if err := b.fill(path, b.capture, connections, t); err != nil {
		return reading, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return reading, err
	}
	reading.bytes = info.Size()
	r, err := store.Open(path)
	if err != nil {
		return reading, err
	}
	if reading.filters, err = b.search(r); err == nil {
		reading.p50, reading.p99, err = b.turnPages(r, connections)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return reading, err
	}
	var times []time.Duration
	for range 20 {
		start := time.Now()
		if err := b.firstScreen(path); err != nil {
			return reading, err
		}
		times = append(times, time.Since(start))
	}
	times = sorted(times)
	reading.open, reading.openMax = quantile(times, 0.5), times[len(times)-1]
	return reading, nil
}

// filters are the filters a large capture is searched with. None matches.
var filters = []string{
	"needle in a haystack",
	`/needle[0-9]+ in/i`,
	`from == client && json.ev == "needle"`,
	`from == client && size > 1*MB`,
	`json.px < 0`,
}

// search walks through all messages with each of filters.
func (b *bench) search(r *store.Reader) (times []time.Duration, err error) {
	for _, text := range filters {
		f, err := filter.ParseMessages(text)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		messages := r.Messages(b.ctx, store.Query{Filter: f})
		if messages.Next() {
			err = fmt.Errorf("%s found what is not there", text)
		}
		if err = errors.Join(err, messages.Err(), messages.Close()); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

// rows is how many frames a page has.
const rows = 100

// turnPages reads pages at random places of random connections.
func (b *bench) turnPages(r *store.Reader, connections int) (p50, p99 time.Duration, err error) {
	random := rand.New(rand.NewPCG(1, 2))
	each := b.capture / connections
	var times []time.Duration
	for range b.pages {
		conn, from := 1+random.Uint64N(uint64(connections)), 1+random.Uint64N(uint64(each-rows))
		start := time.Now()
		page, err := r.Page(b.ctx, conn, from, rows)
		if err != nil {
			return 0, 0, err
		}
		times = append(times, time.Since(start))
		if len(page) != rows || page[0].Seq != from || page[0].Conn != conn {
			return 0, 0, fmt.Errorf("page from frame %d of connection %d has %d rows", from, conn, len(page))
		}
	}
	times = sorted(times)
	return quantile(times, 0.5), quantile(times, 0.99), nil
}

// firstScreen opens a capture and reads what an inspector shows first: the
// newest connections and the last page.
func (b *bench) firstScreen(path string) error {
	r, err := store.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Conns(b.ctx, 0, rows); err != nil {
		return err
	}
	count, err := r.Count(b.ctx, 0)
	if err != nil {
		return err
	}
	_, err = r.Page(b.ctx, 0, count-rows+1, rows)
	return err
}
