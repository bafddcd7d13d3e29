package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	bolt "go.etcd.io/bbolt"
)

// scriptHarm damages a capture: harm FILE meta, after which it cannot be opened,
// or harm FILE block, after which its first frames are lost.
func scriptHarm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: harm FILE meta|block")
	}
	path := ts.MkAbs(args[0])
	if args[1] == "meta" {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		ts.Check(err)
		_, err = f.Write(make([]byte, 8192))
		ts.Check(err)
		ts.Check(f.Close())
		return
	}
	db, err := bolt.Open(path, 0o600, nil)
	ts.Check(err)
	ts.Check(db.Update(func(tx *bolt.Tx) error {
		blocks := tx.Bucket([]byte("blocks"))
		k, v := blocks.Cursor().First()
		v = bytes.Clone(v)
		v[len(v)-1] ^= 1
		return blocks.Put(bytes.Clone(k), v)
	}))
	ts.Check(db.Close())
}

// TestSizes would catch a size that is read as another, or one that is none and
// is taken.
func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "512": 512, "10B": 10, "1K": 1 << 10, "1kb": 1 << 10, "2KiB": 2 << 10, "1.5 MB": 3 << 19, "500MB": 500 << 20, "2GB": 2 << 30, "1T": 1 << 40,
		"": 0, "0": 0, "-1GB": 0, "GB": 0, "1XB": 0, "1BB": 0, "1KBB": 0, "1e30": 0, "NaN": 0, "1 G B": 0, "9999999PB": 0,
	} {
		var s byteSize
		if err := s.Set(text); int64(s) != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1 << 10: "1.0 KiB", 1536: "1.5 KiB", 5 << 30: "5.0 GiB"} {
		if got := byteCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// TestAges would catch an age that is read as another, or one that is none and
// is taken.
func TestAges(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "7d": 7 * day, "2w": 14 * day, "1w1d12h": 8*day + 12*time.Hour, "0.5d": 12 * time.Hour, "90m": 90 * time.Minute, "1d30m": day + 30*time.Minute,
		"": 0, "0d": 0, "-7d": 0, "7": 0, "d": 0, "1d-1h": 0, "1d1w": 0, "1d1d": 0, "999999w": 0, "NaNd": 0, "+Infd": 0, "1y": 0,
	} {
		var a age
		if err := a.Set(text); time.Duration(a) != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v; want %v", text, time.Duration(a), err, want)
		}
	}
}
