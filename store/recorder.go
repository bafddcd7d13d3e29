package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// Overload is what a recorder does when frames come faster than they can be
// committed and its queue is full.
type Overload uint8

// The policies.
const (
	Block Overload = iota // Append waits, which slows the sender down
	Shed                  // payloads are left out, counted and marked
)

// Options are the choices of a recorder. The zero value is usable.
type Options struct {
	Overload Overload
	// App names the program in a capture it creates.
	App string
	// Logger is told of trouble with the disk; nil discards.
	Logger *slog.Logger
	// MaxSize bounds how many bytes of the file are in use, 0 for no bound; less
	// than 16 MiB counts as that. When there are more, the oldest frames go as
	// with Prune. The file becomes a little larger than this, and more while a
	// snapshot is taken.
	MaxSize int64

	queue    int // bound in bytes, 64 MiB unless a test wants less
	openFile func(string, int, os.FileMode) (*os.File, error)
	// commit takes the place of Recorder.transact, for tests.
	commit func(*Recorder, *batch) error
}

const (
	queueLimit  = 64 << 20
	lockTimeout = 5 * time.Second
)

// Recorder writes a capture. Its methods may be called from any goroutine.
type Recorder struct {
	file    *file
	queue   *queue
	journal journal
	log     *slog.Logger
	shed    bool
	commit  func(*Recorder, *batch) error

	ring   ring
	chores chan chore
	reader *Reader // for Tape.Inflater

	conn   atomic.Uint64 // the last connection id given
	acked  atomic.Uint64
	urgent atomic.Bool // someone waits in Sync
	// flushWanted counts the calls of flush.
	flushWanted atomic.Uint64
	closing     atomic.Bool
	quit        chan struct{} // closed by Close
	ended       chan struct{} // closed when nothing is written any more
	done        sync.WaitGroup
	batches     chan *batch
	free        chan *batch

	mu       sync.Mutex
	stats    Stats
	through  uint64 // queue total that is committed
	flushed  uint64 // flushes that are committed
	changed  chan struct{}
	watchers map[chan struct{}]struct{}
}

// Stats tells how a recorder fares.
type Stats struct {
	Queued    int           // bytes on their way to the disk, at most 64 MiB
	Stalls    uint64        // times an Append had to wait
	Shed      uint64        // frames, or runs of frames, of which bytes were left out
	Frames    uint64        // frames committed
	Bytes     uint64        // bytes of the wire these came from
	Lost      uint64        // frames that were not, after the recorder had failed
	Commits   uint64        // transactions
	Slowest   time.Duration // the longest commit
	Discarded uint64        // bytes appended after the recorder had failed
	Used      int64         // bytes of the file in use
	Size      int64         // bytes of the file
	MaxSize   int64         // Options.MaxSize as it is applied
	Pruned    uint64        // frames that were pruned since the recording began
	Oldest    time.Time     // of the oldest frame the capture holds, zero without frames
	// Full is the error of a full disk while the recorder tries again each
	// second, Err the one it failed with.
	Full, Err error
}

// Create opens the capture at path for recording, and creates it, with the
// folders it is in, if there is none. The file is for its owner only. It waits
// up to 5 seconds for another process to let go of it and then returns
// ErrLocked. Other errors are as those of Open. Connections a killed recorder
// left open are ended.
func Create(path string, o Options) (*Recorder, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create capture: %w", err)
	}
	f, err := openFile(path, false, lockTimeout, o.openFile)
	if err != nil {
		return nil, err
	}
	r := &Recorder{
		file:     f,
		queue:    newQueue(queueLimit),
		log:      o.Logger,
		shed:     o.Overload == Shed,
		commit:   o.commit,
		quit:     make(chan struct{}),
		ended:    make(chan struct{}),
		batches:  make(chan *batch),
		free:     make(chan *batch, 2),
		chores:   make(chan chore),
		changed:  make(chan struct{}),
		watchers: make(map[chan struct{}]struct{}),
	}
	if o.queue > 0 {
		r.queue.limit, r.queue.usual = o.queue, o.queue
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.commit == nil {
		r.commit = (*Recorder).transact
	}
	at, err := r.prepare(o.App)
	if err != nil {
		f.close()
		return nil, fmt.Errorf("open capture %s: %w", path, err)
	}
	r.acked.Store(at.global)
	if o.MaxSize > 0 {
		r.ring.size = max(o.MaxSize, minRing)
		r.stats.MaxSize = r.ring.size
		f.db.AllocSize = r.ring.allocation()
	}
	r.reader = r.Reader()
	r.reader.bookmarks.limit = inflaterBookmarks
	r.measure()
	r.free <- new(batch)
	r.free <- new(batch)
	r.done.Go(func() { r.encode(at) })
	r.done.Go(r.write)
	return r, nil
}

// prepare makes the open file ready to be recorded to and returns where it ends.
func (r *Recorder) prepare(app string) (at position, err error) {
	err = guard("open", func() error {
		return r.file.db.Update(func(tx *bolt.Tx) error {
			if empty(tx) {
				if err := initialise(tx, app, time.Now()); err != nil {
					return err
				}
			}
			if err := checkSchema(tx); err != nil {
				return err
			}
			if err := upgrade(tx); err != nil {
				return err
			}
			at, err = recoverCapture(tx)
			return err
		})
	})
	r.conn.Store(at.conn)
	return at, err
}

// Open begins the record of a connection, sets c.ID and returns the tape for
// its frames. A connection whose State is not Open ends here: it carries no
// frames, and its tape need not be closed. Open keeps nothing of c.
func (r *Recorder) Open(c *frame.Connection) (*Tape, error) {
	if r.closing.Load() {
		return nil, ErrClosed
	}
	record, err := appendConnection(nil, c)
	if err != nil {
		return nil, fmt.Errorf("record connection to %s: %w", c.URL, err)
	}
	c.ID = r.conn.Add(1)
	t := &Tape{rec: r, id: c.ID, opening: record, state: c.State}
	e := frame.ParseExtensions(c.Extensions)
	for side := range t.sides {
		t.sides[side].checker = frame.Checker{From: frame.Side(side), RSV: e.RSV()}
		t.takeover[side] = e.Deflate && !e.NoContextTakeover[side]
	}
	if r.shed {
		t.shed = new([2]shedder)
	}
	r.queue.put(run{tape: t, kind: runOpened}, nil)
	if c.State != frame.Open {
		end := frame.End{Time: c.End, EndedBy: c.EndedBy, How: c.How, Error: c.Error}
		if end.Time.IsZero() {
			end.Time = c.Start
		}
		t.Close(end)
	}
	return t, nil
}

// Sync waits until everything appended before is durable.
func (r *Recorder) Sync(ctx context.Context) error {
	r.queue.mu.Lock()
	want := r.queue.total
	r.queue.mu.Unlock()
	r.urgent.Store(true)
	r.queue.nudge()
	if err := r.await(ctx, func() bool { return r.through >= want }); err != nil {
		return fmt.Errorf("sync capture: %w", err)
	}
	return nil
}

// Acked returns the last global number that is durable.
func (r *Recorder) Acked() uint64 { return r.acked.Load() }

// Watch returns a channel that receives after commits, several of them joined
// into one while nobody listens, and a function that ends that.
func (r *Recorder) Watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers[c] = struct{}{}
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, c)
	}
}

// Stats returns how the recorder fares.
func (r *Recorder) Stats() Stats {
	var size int64
	if info, err := os.Stat(r.file.path); err == nil {
		size = info.Size()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	s := r.stats
	s.Size = size
	s.Queued, s.Stalls, s.Discarded = r.queue.held, r.queue.stalls, r.queue.discarded
	return s
}

// Reader returns a reader of the capture while it is recorded. It sees what is
// durable. It must be closed before the recorder.
func (r *Recorder) Reader() *Reader { return NewReader(r.Source()) }

// Source returns the capture while it is recorded as a Source, as Reader does.
func (r *Recorder) Source() Source { return &local{file: r.file, recorder: r} }

// Close commits what was appended and closes the capture. Tapes should be
// closed before; of one that is not, a frame under way is lost and the
// connection is recorded as ended by the proxy. Close returns the error that
// kept something from being recorded, if any.
func (r *Recorder) Close() error {
	if r.closing.Swap(true) {
		return ErrClosed
	}
	close(r.quit)
	r.queue.close()
	r.done.Wait()
	close(r.ended)
	r.queue.free()
	_ = r.reader.Close() // which only lets go of the file
	err := r.file.close()
	if s := r.Stats(); s.Err != nil {
		return fmt.Errorf("close capture: %w", s.Err)
	}
	return err
}
