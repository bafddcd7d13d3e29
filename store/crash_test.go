package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// The environment of a victim: the capture, and a bound for its size.
const (
	victimPath = "WSLUICE_STORE_VICTIM"
	victimSize = "WSLUICE_STORE_VICTIM_SIZE"
)

// victim records numbered frames on a few connections until it is killed, and
// prints how many of each are acknowledged.
func victim(path string) {
	size, _ := strconv.ParseInt(os.Getenv(victimSize), 10, 64)
	r, err := Create(path, Options{MaxSize: size})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var tapes [5]*Tape
	var ids, sent [5]uint64
	for i := range tapes {
		c := frame.Connection{State: frame.Open, URL: fmt.Sprintf("ws://victim/%d", i), Start: time.Now()}
		if tapes[i], err = r.Open(&c); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		ids[i] = c.ID
	}
	for {
		for range 1 + rand.IntN(3000) {
			i := rand.IntN(len(tapes))
			p := numbered(ids[i], sent[i])
			if size > 0 {
				p = noisy(ids[i], sent[i])
			}
			if w := text(frame.Server, string(p)); sent[i]%7 == 3 {
				tapes[i].Insert(frame.Passage{From: frame.Server, Time: time.Now(), Origin: frame.Edited}, w)
			} else {
				tapes[i].Append(frame.Server, time.Now(), w)
			}
			sent[i]++
		}
		if err := r.Sync(context.Background()); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		var line []byte
		for i := range ids {
			line = fmt.Appendf(line, "%d %d ", ids[i], sent[i])
		}
		os.Stdout.Write(append(line, '\n'))
	}
}

// noisy is numbered with bytes behind it that do not compress.
func noisy(conn, n uint64) []byte {
	p := numbered(conn, n)
	noise := rand.New(rand.NewPCG(conn, n))
	for range 500 {
		p = binary.BigEndian.AppendUint64(p, noise.Uint64())
	}
	return p
}

// numbered is the payload of the nth frame of a connection. A few are long.
func numbered(conn, n uint64) []byte {
	p := fmt.Appendf(nil, "connection %d frame %d ", conn, n)
	if n%997 == 500 {
		p = append(p, bytes.Repeat([]byte("long "), 100_000)...)
	}
	return p
}

// TestKill kills a recording process at random moments, again and again on the
// same file. It would catch any acknowledged frame that is missing, torn or out
// of order, an index that does not follow the blocks, and a file that cannot be
// carried on (pitfall S1).
func TestKill(t *testing.T) {
	path := capturePath(t)
	acked := make(map[uint64]uint64)
	for range 20 {
		kill(t, path, 1+rand.IntN(12), acked)
		r := openReader(t, path)
		for id, n := range acked {
			checkVictim(t, r, id, n)
		}
		closeAll(t, r)
		if report := verify(t, path); report.Unfinished != 5 {
			t.Fatalf("%d connections are unfinished, want 5", report.Unfinished)
		}
	}
	// A recorder ends what the dead ones left open, for good.
	before := conns(t, path)
	closeAll(t, create(t, path, Options{}))
	after := conns(t, path)
	for i := range before {
		if got, want := fmt.Sprint(after[i]), fmt.Sprint(before[i]); got != want {
			t.Fatalf("connection was\n%s, is\n%s", want, got)
		}
	}
	if report := verify(t, path); report.Unfinished != 0 {
		t.Fatalf("%d connections are still unfinished", report.Unfinished)
	}
}

func conns(t *testing.T, path string) []frame.Connection {
	r := openReader(t, path)
	defer closeAll(t, r)
	list, err := r.Conns(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// kill starts a victim and kills it when it has acknowledged a few times; what
// it acknowledged goes to acked.
func kill(t *testing.T, path string, lines int, acked map[uint64]uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	for i := 0; ; i++ {
		line, err := in.ReadString('\n')
		if err != nil {
			break // killed; a partial line is none
		}
		var id, n uint64
		for rest := bytes.NewBufferString(line); ; {
			if _, err := fmt.Fscan(rest, &id, &n); err != nil {
				break
			}
			acked[id] = n
		}
		if bytes.HasPrefix([]byte(line), []byte("error")) {
			t.Error(line)
		}
		if i == lines {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
}

// checkVictim checks that a connection has at least the acknowledged frames,
// and that all it has are whole and in order.
func checkVictim(t *testing.T, r *Reader, id, acked uint64) {
	t.Helper()
	var n uint64
	c := r.Scan(t.Context(), id, 1)
	defer c.Close()
	for c.Next() {
		rec := c.Record()
		want := numbered(id, n)
		if (rec.Origin == frame.Edited) != (n%7 == 3) {
			t.Fatalf("connection %d: frame %d is %s", id, n+1, rec.Origin)
		}
		if rec.Seq != n+1 || !bytes.HasPrefix(want, rec.Payload) || n < acked && rec.Stored != uint64(len(want)) {
			t.Fatalf("connection %d: frame %d is %d, %.40q, %d bytes", id, n+1, rec.Seq, rec.Payload, rec.Stored)
		}
		if rec.Header.Length > partSize && rec.Incomplete == frame.Whole && n%5 == 0 && !bytes.Equal(payload(t, r, rec.Global), want) {
			t.Fatalf("connection %d: payload of frame %d differs", id, n+1)
		}
		n++
	}
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	if n < acked {
		t.Fatalf("connection %d has %d frames, %d were acknowledged", id, n, acked)
	}
	conn, err := r.Conn(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if conn.State != frame.Closed || conn.EndedBy != frame.ByProxy || conn.How != frame.ByError || conn.Error == "" {
		t.Fatalf("connection %d is %+v", id, conn)
	}
	if conn.Frames[frame.Server] != n || conn.Messages[frame.Server] != n {
		t.Fatalf("connection %d counts %v frames, has %d", id, conn.Frames, n)
	}
}

// TestIndexBehind takes the index of a capture back to what it was some blocks
// ago, as a kill at the worst moment leaves it. It would catch a tail that is
// not rebuilt, by a reader as well as by the next recorder.
func TestIndexBehind(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	for i := range uint64(5000) {
		tape.Append(frame.Server, epoch, text(frame.Server, string(numbered(c.ID, i*1000))))
	}
	closeAll(t, r)
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket(bucketCidx); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(bucketCidx); err != nil {
			return err
		}
		return tx.Bucket(bucketMeta).Put(keyIndexed, u64(0))
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, db)
	verify(t, path)
	closeAll(t, create(t, path, Options{}))
	verify(t, path)
	reader := openReader(t, path)
	err = reader.source.(*local).view(func(tx *bolt.Tx) error {
		indexed, err := metaNumber(tx, keyIndexed)
		if err == nil && indexed != 5000 {
			err = fmt.Errorf("indexed is %d", indexed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := reader.Page(t.Context(), c.ID, 4321, 1)
	if err != nil || len(page) != 1 || !bytes.Equal(page[0].Payload, numbered(c.ID, 4320_000)) {
		t.Fatalf("page is %v, %v", page, err)
	}
}
