package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// TestVerifyFinds takes things out of a capture behind its back. It would catch
// a verification that looks at checksums only.
func TestVerifyFinds(t *testing.T) {
	first := func(tx *bolt.Tx, bucket []byte) error {
		k, _ := tx.Bucket(bucket).Cursor().First()
		return tx.Bucket(bucket).Delete(k)
	}
	for _, c := range []struct {
		name string
		harm func(*bolt.Tx) error
		says string
	}{
		{"a block", func(tx *bolt.Tx) error {
			c := tx.Bucket(bucketBlocks).Cursor()
			c.First()
			k, _ := c.Next()
			return tx.Bucket(bucketBlocks).Delete(k)
		}, "are missing"},
		{"the first block", func(tx *bolt.Tx) error { return first(tx, bucketBlocks) }, "counts"},
		{"an index run", func(tx *bolt.Tx) error { return first(tx, bucketCidx) }, "index of connection 1"},
		{"a part of a payload", func(tx *bolt.Tx) error { return first(tx, bucketChunks) }, "has gaps"},
		{"a connection", func(tx *bolt.Tx) error { return first(tx, bucketConns) }, "no record"},
		{"counters", func(tx *bolt.Tx) error {
			conns := tx.Bucket(bucketConns)
			more := append(append([]byte(nil), conns.Get(u64(2))...), appendCounters(nil, &counters{frames: [2]uint64{9999, 0}})...)
			return conns.Put(u64(2), more)
		}, "counts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := sample(t)
			verify(t, path)
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(c.harm); err != nil {
				t.Fatal(err)
			}
			closeAll(t, db)
			report, err := Verify(t.Context(), path, nil)
			if err != nil || report.OK() || !strings.Contains(strings.Join(report.Problems, "\n"), c.says) {
				t.Errorf("verify says %q (%v), want %q", report.Problems, err, c.says)
			}
		})
	}
}

// TestCancel would catch a long reading that cannot be ended, and progress that
// goes backwards or never ends.
func TestCancel(t *testing.T) {
	path := sample(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Verify(ctx, path, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("verify: %v", err)
	}
	var done, total int64
	if _, err := Verify(t.Context(), path, func(d, n int64) {
		if d < done || d > n {
			t.Errorf("progress went from %d to %d of %d", done, d, n)
		}
		done, total = d, n
	}); err != nil || done != total || total == 0 {
		t.Errorf("verify ended at %d of %d, %v", done, total, err)
	}
	r := openReader(t, path)
	if _, err := r.Page(ctx, 0, 1, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("page: %v", err)
	}
	c := r.Scan(ctx, 0, 1)
	if c.Next() || !errors.Is(c.Err(), context.Canceled) {
		t.Errorf("scan: %v", c.Err())
	}
	closeAll(t, c)
	c = r.Scan(t.Context(), 0, 1)
	var before float64
	for c.Next() {
		if p := c.Progress(); p < before || p > 1 {
			t.Fatalf("progress went from %v to %v", before, p)
		} else {
			before = p
		}
	}
	if before < 0.99 {
		t.Errorf("progress ended at %v", before)
	}
	closeAll(t, c)
	if _, err := r.Payload(t.Context(), 1<<40); !errors.Is(err, ErrNoFrame) {
		t.Errorf("payload: %v", err)
	}
	if _, err := r.Count(t.Context(), 1<<40); !errors.Is(err, ErrNoConnection) {
		t.Errorf("count: %v", err)
	}
}

// TestScanLive scans a capture while it grows, and stops half way. It would
// catch a cursor that misses records written meanwhile, or leaves a goroutine
// behind.
func TestScanLive(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	tape, c := openTape(t, r)
	live := r.Reader()
	send := func() {
		for range 100 {
			tape.Append(frame.Server, epoch, text(frame.Server, "some text"))
		}
		synced(t, r)
	}
	send()
	cursor := live.Scan(t.Context(), c.ID, 1)
	n := uint64(0)
	for n < 5000 && cursor.Next() {
		if n++; cursor.Record().Seq != n {
			t.Fatalf("record %d is %d", n, cursor.Record().Seq)
		}
		if n%100 == 50 {
			send()
		}
	}
	if n != 5000 {
		t.Errorf("the scan ended after %d records, %v", n, cursor.Err())
	}
	closeAll(t, cursor, live, r)
}
