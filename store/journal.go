package store

import (
	"context"
	"strconv"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// journalLimit bounds the events that wait for a commit.
const journalLimit = 256

// journal holds events until they are committed. The zero value is empty.
type journal struct {
	mu      sync.Mutex
	events  []Event
	dropped uint64 // events there was no room for
	since   time.Time
}

func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.events) == journalLimit {
		if j.dropped++; j.dropped == 1 {
			j.since = e.Time
		}
		return
	}
	j.events = append(j.events, e)
}

// waiting reports whether there are events to commit.
func (j *journal) waiting() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.events) > 0
}

// take returns all events. One that says how many were dropped comes last.
func (j *journal) take() []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := j.events
	if j.dropped > 0 {
		events = append(events, Event{
			Time: j.since, Level: LevelWarning, Message: "events came too fast, some are missing here",
			Attrs: []Attr{{Key: "events", Value: strconv.FormatUint(j.dropped, 10)}},
		})
	}
	j.events, j.dropped = nil, 0
	return events
}

// Log keeps e in the capture's event log, where the newest 10,000 are. Its
// Number is given later; a zero Time stands for now. Text beyond a kilobyte and
// attributes beyond 16 are left out. Log never waits: e is committed within a
// second, and when more than 256 events wait, those behind are only counted.
// After the recorder has failed or was closed, events are discarded.
func (r *Recorder) Log(e Event) {
	if r.closing.Load() {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	r.journal.add(e.bounded())
	r.queue.nudge()
}

// note puts the events that wait into the batch.
func (e *encoder) note(events []Event) {
	for i := range events {
		e.event++
		e.batch.arena = appendEvent(e.batch.arena, &events[i])
		e.batch.add(putEvent, e.event, 0)
	}
}

// eventsBucket makes the events bucket if there is none, and returns it.
func eventsBucket(tx *bolt.Tx) (*bolt.Bucket, error) {
	events, err := tx.CreateBucketIfNotExists(bucketEvents)
	if err == nil {
		events.FillPercent = 0.95
	}
	return events, err
}

// trimEvents removes all events but the newest ones, the last of which has the
// given number.
func trimEvents(tx *bolt.Tx, last uint64) error {
	events := tx.Bucket(bucketEvents)
	if events == nil || last <= maxEvents {
		return nil
	}
	for {
		k, _ := events.Cursor().First()
		if k == nil {
			return nil
		}
		n, err := number("events", k)
		if err != nil || n > last-maxEvents {
			return err
		}
		if err := events.Delete(k); err != nil {
			return err
		}
	}
}

// lastEvent returns the number of the newest event, 0 when there is none.
func lastEvent(tx *bolt.Tx) (uint64, error) {
	events := tx.Bucket(bucketEvents)
	if events == nil {
		return 0, nil
	}
	k, _ := events.Cursor().Last()
	if k == nil {
		return 0, nil
	}
	return number("events", k)
}

// Events implements Source.
func (l *local) Events(ctx context.Context, after uint64, n int) ([]Event, error) {
	var list []Event
	err := l.view(func(tx *bolt.Tx) error {
		events := tx.Bucket(bucketEvents)
		if events == nil {
			return nil
		}
		c := events.Cursor()
		for k, v := c.Seek(u64(after)); k != nil && len(list) < n; k, v = c.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			number, err := number("events", k)
			if err != nil {
				return err
			}
			if number <= after {
				continue
			}
			after = number
			e, err := parseEvent(number, v)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}
