package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// TestBigMessage streams a frame of 64 MiB. It would catch a recorder that
// collects it in memory, one that keeps nothing of it before its end, and a
// reader that cannot give it back (pitfalls F5, F14, S3).
func TestBigMessage(t *testing.T) {
	const size = 64 << 20
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	h := frame.Header{Fin: true, Opcode: frame.Binary, Masked: true, Mask: [4]byte{9, 8, 7, 6}, Length: size}
	tape.Append(frame.Client, epoch, h.Append(nil))
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sum := sha256.New()
	part := make([]byte, 50_000)
	for sent := 0; sent < size; {
		n := min(len(part), size-sent)
		for i := range part[:n] {
			part[i] = byte((sent + i) / 7)
		}
		sum.Write(part[:n])
		frame.Mask(part[:n], h.Mask, uint64(sent))
		tape.Append(frame.Client, epoch, part[:n])
		if sent += n; sent == size/2 {
			synced(t, r)
		}
	}
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapSys) - int64(before.HeapSys); grown > 40<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	synced(t, r)
	live := r.Reader()
	if page, err := live.Page(t.Context(), c.ID, 1, 1); err != nil || page[0].Stored != size || page[0].Incomplete != frame.Whole || len(page[0].Payload) != previewSize {
		t.Errorf("page is %v, %d of %d bytes", err, page[0].Stored, size)
	}
	body, err := live.Payload(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := sha256.New()
	if n, err := io.Copy(got, body); n != size || err != nil || !bytes.Equal(got.Sum(nil), sum.Sum(nil)) {
		t.Errorf("payload has %d bytes (%v), and they differ: %t", n, err, !bytes.Equal(got.Sum(nil), sum.Sum(nil)))
	}
	tape.Close(frame.End{})
	closeAll(t, body, live, r)
	if conn, err := openReader(t, path).Conn(t.Context(), c.ID); err != nil || conn.Bytes[frame.Client] != size+14 {
		t.Errorf("connection counts %d bytes, %v", conn.Bytes, err)
	}
	verify(t, path)
}

// TestArriving looks at a long frame before its end. It would catch one that is
// only kept when it is complete, and so lost in a crash.
func TestArriving(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	tape, c := openTape(t, r)
	h := frame.Header{Fin: true, Opcode: frame.Binary, Length: 1 << 40}
	tape.Append(frame.Server, epoch, h.Append(nil))
	tape.Append(frame.Server, epoch, make([]byte, 3*partSize+5))
	tape.Append(frame.Client, epoch, text(frame.Client, "meanwhile"))
	synced(t, r)
	live := r.Reader()
	page, err := live.Page(t.Context(), c.ID, 1, 10)
	if err != nil || len(page) != 2 {
		t.Fatal(page, err)
	}
	if p := page[0]; p.Header != withLength(h) || p.Stored != 3*partSize || p.Incomplete != frame.Cut {
		t.Errorf("record is %+v", p.Header)
	}
	if conn, err := live.Conn(t.Context(), c.ID); err != nil || conn.Bytes[frame.Server] > 4*partSize {
		t.Errorf("connection counts %d bytes, %v", conn.Bytes, err)
	}
	tape.Close(frame.End{})
	closeAll(t, live, r)
}

// withLength sets the length form that Parse would find.
func withLength(h frame.Header) frame.Header {
	h, _ = frame.Parse(h.Append(nil))
	return h
}

// TestManyUnfinished begins more frames than may wait in memory. It would catch
// memory that grows with the number of peers that stop within a frame.
func TestManyUnfinished(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	body := bytes.Repeat([]byte("unfinished "), 9000)
	var tapes []*Tape
	for range 2 * pendingLimit / len(body) {
		tape, _ := openTape(t, r)
		w := wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Text}, body)
		tape.Append(frame.Client, epoch, w[:len(w)-1])
		tapes = append(tapes, tape)
	}
	synced(t, r)
	if n := r.Acked(); n == 0 {
		t.Error("no unfinished frame went to disk")
	}
	w := wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Text}, body)
	for _, tape := range tapes {
		tape.Append(frame.Client, epoch, w[len(w)-1:])
		tape.Close(frame.End{})
	}
	closeAll(t, r)
	reader := openReader(t, path)
	for id := range uint64(len(tapes)) {
		page, err := reader.Page(t.Context(), id+1, 1, 2)
		if err != nil || len(page) != 1 || page[0].Incomplete != frame.Whole || !bytes.Equal(payload(t, reader, page[0].Global), body) {
			t.Fatalf("connection %d: %v, %v", id+1, page, err)
		}
	}
	verify(t, path)
}

// TestFragments sends one message in 10,000 fragments with pings between. It
// would catch fragments that are merged, capped or given to another message
// (pitfalls F1, F2, F14, S8).
func TestFragments(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	tape, c := openTape(t, r)
	for i := range 10_000 {
		h := frame.Header{Opcode: frame.Continuation, Fin: i == 9999}
		if i == 0 {
			h.Opcode = frame.Text
		}
		tape.Append(frame.Server, epoch, wire(frame.Server, h, []byte{byte(i)}))
		if i%100 == 50 {
			tape.Append(frame.Server, epoch, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Ping}, nil))
		}
	}
	synced(t, r)
	live := r.Reader()
	fragments, pings := 0, 0
	for _, rec := range scan(t, live, c.ID, 1) {
		switch {
		case rec.Header.Opcode == frame.Ping && rec.Message == rec.Seq:
			pings++
		case rec.Message == 1 && len(rec.Payload) == 1 && rec.Payload[0] == byte(fragments):
			fragments++
		default:
			t.Fatalf("record is %+v", rec)
		}
	}
	if fragments != 10_000 || pings != 100 {
		t.Errorf("%d fragments, %d pings", fragments, pings)
	}
	closeAll(t, live, r)
}

// TestOpaque sends what cannot be frames. It would catch bytes that are lost
// behind an impossible length or in a header the stream ends in (pitfall F13).
func TestOpaque(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	impossible := []byte{0x82, 127, 0xFF, 0, 0, 0, 0, 0, 0, 1}
	noise := bytes.Repeat([]byte("noise"), 40_000)
	tape.Append(frame.Server, epoch, append(text(frame.Server, "fine"), impossible[:3]...))
	tape.Append(frame.Server, epoch, append(impossible[3:], noise...))
	tape.Append(frame.Client, epoch, []byte{0x81, 0xFE, 0})
	tape.Close(frame.End{})
	closeAll(t, r)
	var got [2][]byte
	var violations []frame.Violation
	for _, rec := range scan(t, openReader(t, path), c.ID, 1) {
		got[rec.From] = rec.AppendWire(got[rec.From])
		violations = append(violations, rec.Violation)
	}
	want := append(append(text(frame.Server, "fine"), impossible...), noise...)
	if !bytes.Equal(got[frame.Server], want) || string(got[frame.Client]) != "\x81\xFE\x00" {
		t.Errorf("bytes differ: %d of %d, %x", len(got[frame.Server]), len(want), got[frame.Client])
	}
	if violations[0] != frame.Legal || violations[1] != frame.ImpossibleLength || violations[2] != frame.Legal {
		t.Errorf("violations are %v", violations)
	}
}

// TestConnection keeps everything that is known of a connection. It would catch
// a field that is forgotten (pitfalls H4, H8, X1, X2).
func TestConnection(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	want := frame.Connection{
		State: frame.Refused, Source: 300, URL: "wss://example.org/x?y", Client: "127.0.0.1:5", Server: "[::1]:443",
		Start: epoch, End: epoch.Add(time.Second), Status: 403, Subprotocol: "chat", Extensions: "permessage-deflate",
		Request:  []frame.Field{{Name: "Cookie", Value: "a=b"}, {Name: "X", Value: ""}, {Name: "X", Value: "\xff"}},
		Response: []frame.Field{{Name: "Set-Cookie", Value: "c=d"}},
		Body:     []byte("no"),
		TLS:      &frame.TLS{Server: &frame.TLSLeg{Version: "TLS 1.3", Verified: true, NotAfter: epoch}},
		Error:    "refused", EndedBy: frame.ByServer, How: frame.ByFIN,
	}
	refused, err := r.Open(&want)
	if err != nil {
		t.Fatal(err)
	}
	// Open closed it already: this one must not change it, nor race with the encoder.
	refused.Close(frame.End{Time: epoch.Add(time.Hour), Error: "closed twice"})
	open := want
	open.State, open.Body, open.End, open.Error = frame.Open, nil, time.Time{}, ""
	tape, err := r.Open(&open)
	if err != nil {
		t.Fatal(err)
	}
	tape.Append(frame.Client, epoch, wire(frame.Client, frame.Header{Fin: true, Opcode: frame.Close}, []byte("\x03\xE9going")))
	tape.Append(frame.Server, epoch, wire(frame.Server, frame.Header{Fin: true, Opcode: frame.Close}, []byte("\x03\xE8bye")))
	end := frame.End{Time: epoch.Add(time.Minute), EndedBy: frame.ByClient, How: frame.ByClose}
	tape.Close(end)
	closeAll(t, r)
	open.State, open.End, open.EndedBy, open.How = frame.Closed, end.Time, end.EndedBy, end.How
	open.Code, open.Reason = 1001, "going"
	open.Messages, open.Frames, open.Bytes = [2]uint64{1, 1}, [2]uint64{1, 1}, [2]uint64{13, 7}
	reader := openReader(t, path)
	got, err := reader.Conns(t.Context(), 0, 10)
	if err != nil || !reflect.DeepEqual(got, []frame.Connection{open, want}) {
		t.Errorf("connections are\n%+v (%v), want\n%+v", got, err, []frame.Connection{open, want})
	}
	if got, err := reader.Conns(t.Context(), 2, 10); err != nil || len(got) != 1 || got[0].ID != 1 {
		t.Errorf("connections before 2 are %+v, %v", got, err)
	}
}

// TestSlowTraffic commits every frame on its own. It would catch a capture that
// fills with blocks of one frame.
func TestSlowTraffic(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, c := openTape(t, r)
	live := r.Reader()
	for i := range uint64(300) {
		tape.Append(frame.Server, epoch, text(frame.Server, fmt.Sprintf("%d %0100d", i, 0)))
		synced(t, r)
		if page, err := live.Page(t.Context(), c.ID, i+1, 1); err != nil || len(page) != 1 || r.Acked() != i+1 {
			t.Fatalf("frame %d: %v, %v", i+1, page, err)
		}
	}
	closeAll(t, live, r)
	if report := verify(t, path); report.Blocks > 4 {
		t.Errorf("300 small frames make %d blocks", report.Blocks)
	}
}

// TestWatch would catch a watcher that is not told of a commit, or is told
// before it can read it.
func TestWatch(t *testing.T) {
	r := create(t, capturePath(t), Options{})
	live := r.Reader()
	tape, _ := openTape(t, r)
	changed, stop := r.Watch()
	tape.Append(frame.Client, epoch, text(frame.Client, "x"))
	for n := uint64(0); n == 0; {
		<-changed
		var err error
		if n, err = live.Count(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	closeAll(t, live, r)
}

// TestIdleConnections would catch connections that cost memory while nothing
// happens on them.
func TestIdleConnections(t *testing.T) {
	const n = 10_000
	r := create(t, capturePath(t), Options{})
	tapes := make([]*Tape, n)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	openTape(t, r)
	synced(t, r)
	before := heap()
	for i := range tapes {
		tapes[i], _ = openTape(t, r)
		tapes[i].Append(frame.Client, epoch, text(frame.Client, "hello"))
		// The beginning of a frame, and all but its end.
		tapes[i].Append(frame.Server, epoch, text(frame.Server, "hello")[:1])
	}
	synced(t, r)
	if each := (int64(heap()) - int64(before)) / n; each > 1024 {
		t.Errorf("an idle connection costs %d bytes", each)
	}
	runtime.KeepAlive(tapes)
	closeAll(t, r)
}

// TestOverhead would catch a record that has become dear: a whole text frame
// costs its mask and a few bytes.
func TestOverhead(t *testing.T) {
	var b builder
	var s spot
	b.epoch = 1
	for i := range uint64(10) {
		d := draft{Record: frame.Record{Global: i + 1, Conn: 3, Seq: i + 1, Message: i + 1, Payload: make([]byte, 100)}, at: 1}
		d.Header = frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Length: 100}
		size := len(b.body)
		b.add(&d, &s)
		if overhead := len(b.body) - size - 100; i > 0 && overhead > 8 {
			t.Errorf("a masked text frame costs %d bytes", overhead)
		}
	}
}

// TestFreePages would catch a capture whose pages are not used again, so that
// slow traffic makes it grow without bound.
func TestFreePages(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tape, _ := openTape(t, r)
	for range 500 {
		tape.Append(frame.Server, epoch, text(frame.Server, "small"))
		synced(t, r)
	}
	closeAll(t, r)
	err := openReader(t, path).source.(*local).view(func(tx *bolt.Tx) error {
		if tx.Size() > 1<<20 {
			t.Errorf("500 small frames make %d bytes", tx.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
