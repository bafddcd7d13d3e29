package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// extent is how much is measured.
type extent struct {
	rounds      int
	relaying    time.Duration // after which no further round through the relays begins
	cell        time.Duration // one throughput, round trip or connect measurement
	sizes       []int         // of messages in bytes
	connections []int         // idle, in ascending order
	settle      time.Duration // before memory is read
	soak        int           // messages that pass one connection
	ingest      int           // frames a store takes in
	capture     int           // frames of the capture that is read
	pages       int           // read from it
	follow      time.Duration // of messages at a steady rate that others follow
	looks       int           // keys of each kind the inspector gets
}

var (
	full = extent{
		rounds: 3, relaying: 5 * time.Minute, cell: 500 * time.Millisecond, sizes: []int{100, 1 << 10, 64 << 10},
		connections: []int{1000, 9000}, settle: 3 * time.Second, soak: 2_000_000,
		ingest: 4_000_000, capture: 10_000_000, pages: 3000, follow: 8 * time.Second, looks: 200,
	}
	brief = extent{
		rounds: 1, relaying: time.Minute, cell: 60 * time.Millisecond, sizes: []int{100, 64 << 10},
		connections: []int{200}, settle: 500 * time.Millisecond, soak: 100_000,
		ingest: 300_000, capture: 300_000, pages: 200, follow: 500 * time.Millisecond, looks: 10,
	}
)

// bench is a run of the program.
type bench struct {
	ctx     context.Context
	self    string // this program
	wsluice string // the binary under test
	dir     string // temporary
	log     io.Writer
	begun   time.Time
	extent
	results results
}

func newBench(ctx context.Context, binary string, e extent, log io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("find wsluice (make build makes it): %w", err)
	}
	dir, err := os.MkdirTemp("", "wsluice-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, self: self, wsluice: binary, dir: dir, extent: e, log: log, begun: time.Now()}
	for _, name := range []string{relayAuthority, serverAuthority} {
		if _, err := certs.Open(filepath.Join(dir, name)); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

// close removes the temporary folder.
func (b *bench) close() error { return os.RemoveAll(b.dir) }

// say reports progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%5.0f s  %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

// measure takes all measurements, one after the other.
func (b *bench) measure() (*results, error) {
	b.results.extent = b.extent
	for _, part := range []func() error{b.disk, b.relays, b.arming, b.idling, b.soaking, b.ingesting, b.reading, b.following, b.inspecting} {
		if err := part(); err != nil {
			return nil, err
		}
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
	}
	b.results.took = time.Since(b.begun)
	return &b.results, nil
}

// relays measures throughput, round trips and new connections of all designs.
func (b *bench) relays() error {
	jobs, start := b.jobs(), time.Now()
	for round := range b.rounds {
		if round > 0 && time.Since(start) > b.relaying {
			b.say("no time for another round")
			break
		}
		b.results.rounds = round + 1
		for _, j := range jobs {
			b.say("round %d of %d: %s, %s, %d B", round+1, b.rounds, j.Work, scheme(j.Secure), j.Size)
			// Each round begins elsewhere, so that no design is always the one
			// behind the heaviest.
			for i := range designs {
				d := designs[(i+round)%len(designs)]
				if err := b.relayOnce(d, j); err != nil {
					return fmt.Errorf("%s, %s, %d B, %s: %w", j.Work, scheme(j.Secure), j.Size, d, err)
				}
			}
		}
	}
	return nil
}

func (b *bench) jobs() []job {
	var jobs []job
	for _, secure := range []bool{true, false} {
		for _, size := range b.sizes {
			for _, w := range []work{pushUp, pushDown, pushEcho} {
				jobs = append(jobs, job{Work: w, Secure: secure, Size: size, Time: b.cell})
			}
		}
		jobs = append(jobs,
			job{Work: roundTrip, Secure: secure, Size: 100, Time: b.cell},
			job{Work: connects, Secure: secure, Size: 100, Time: b.cell, Connections: 8})
	}
	return jobs
}

// relayOnce takes one measurement of one design.
func (b *bench) relayOnce(d design, j job) error {
	var result outcome
	used, drain, _, err := b.through(d, j, func(j job, _ int) (err error) {
		result, err = runJob(b.ctx, b.self, j, nil)
		return err
	}, func() int { return result.Frames })
	if err != nil {
		return err
	}
	b.results.add(d, j, result, used, drain)
	return nil
}

// through starts the relay, calls do with the job to run through it and the
// relay's process id, and stops it. Of wsluice it then counts the frames in the
// capture against those do says have passed, and returns the capture's size in
// bytes. CPU is that of the relay until it ended.
func (b *bench) through(d design, j job, do func(j job, pid int) error, frames func() int) (cpu, drain time.Duration, size int64, err error) {
	j.Folder = b.dir
	if d == direct {
		return 0, 0, 0, do(j, 0)
	}
	record := b.record()
	defer os.Remove(record)
	p, err := b.start(d, j.Secure, record)
	if err != nil {
		return 0, 0, 0, err
	}
	j.Proxy = p.address
	err = do(j, p.cmd.Process.Pid)
	cpu, drain, stopped := p.stop()
	if err = errors.Join(err, stopped); err != nil || d != wsluice {
		return cpu, drain, 0, err
	}
	if err := b.complete(record, frames()); err != nil {
		return cpu, drain, 0, err
	}
	info, err := os.Stat(record)
	if err != nil {
		return cpu, drain, 0, err
	}
	return cpu, drain, info.Size(), nil
}

// record is the file a relay writes to.
func (b *bench) record() string { return filepath.Join(b.dir, "record") }

func (b *bench) start(d design, secure bool, record string) (*process, error) {
	if d != wsluice {
		s := relaySpec{design: d, folder: b.dir, log: record, secure: secure}
		return startProcess(b.ctx, b.self, s.args(), nil)
	}
	home := "WSLUICE_HOME=" + filepath.Join(b.dir, relayAuthority)
	return startProcess(b.ctx, b.wsluice, []string{
		"proxy", "--listen", "127.0.0.1:0", "--capture", record,
		"--upstream-ca", filepath.Join(b.dir, serverAuthority, "ca.pem"),
	}, append(os.Environ(), home))
}

// complete checks that a capture holds all frames that passed, whole.
func (b *bench) complete(path string, want int) error {
	r, err := store.Open(path)
	if err != nil {
		return fmt.Errorf("check the capture: %w", err)
	}
	defer r.Close()
	cursor := r.Scan(b.ctx, 0, 1)
	defer cursor.Close()
	got := 0
	for cursor.Next() {
		if cursor.Record().Incomplete == frame.Whole {
			got++
		}
	}
	if err := cursor.Err(); err != nil {
		return fmt.Errorf("check the capture: %w", err)
	}
	if got != want {
		return fmt.Errorf("the capture holds %d whole frames of the %d that passed", got, want)
	}
	b.results.checked += got
	return nil
}

func scheme(secure bool) string {
	if secure {
		return "wss"
	}
	return "ws"
}

// sorted returns ds in ascending order.
func sorted(ds []time.Duration) []time.Duration {
	slices.Sort(ds)
	return ds
}
