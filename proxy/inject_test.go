package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// inject sends a message into connection 1.
func (r *rig) inject(d frame.Draft) error {
	r.t.Helper()
	wire, err := d.Wire()
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = r.Inject(ctx, 1, Injection{To: d.From.Peer(), Origin: frame.Injected, Wire: wire})
	return err
}

// Catches an injection that does not arrive, arrives within a message, or is not
// recorded as one, and what comes behind it being disturbed.
func TestInject(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		client, server := r.pair(secure)
		if err := r.inject(frame.Draft{From: frame.Server, Type: frame.Text, Payload: []byte("to client"), Fragments: 2}); err != nil {
			t.Fatal(err)
		}
		client.expect("\x01\x04to c\x80\x05lient")
		if err := r.inject(frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("to server")}); err != nil {
			t.Fatal(err)
		}
		masked(t, server, "to server")

		// Within a message only control frames pass.
		client.send("\x01\x03abc")
		server.expect("\x01\x03abc")
		if err := r.inject(frame.Draft{From: frame.Client, Type: frame.Ping, Payload: []byte("p")}); err != nil {
			t.Fatal(err)
		}
		ping := make([]byte, 7)
		if _, err := io.ReadFull(server, ping); err != nil || ping[0] != 0x89 {
			t.Fatalf("read %x, %v", ping, err)
		}
		late := make(chan error, 1)
		go func() {
			late <- r.inject(frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("late")})
		}()
		r.settle("the injection waits", func() bool { return r.sessions.find(1).pumps[frame.Client].busy.Load() })
		client.send("\x80\x01d\x81\x01e")
		server.expect("\x80\x01d")
		masked(t, server, "late")
		server.expect("\x81\x01e")
		if err := <-late; err != nil {
			t.Error(err)
		}
		_ = client.Conn.Close()
		server.eof()
		_ = server.Conn.Close()
		tape := r.recorder.ended(t, 1)
		if got := string(tape.wire[frame.Client]); got != "\x01\x03abc\x80\x01d\x81\x01e" {
			t.Errorf("observed %q", got)
		}
		if got := len(tape.inserted); got != 4 {
			t.Errorf("%d insertions", got)
		}
	})
}

// Catches an injection that is sent although whoever wanted it has left, or that
// waits for ever.
func TestInjectWithdrawn(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	client.send("\x01\x03abc")
	server.expect("\x01\x03abc")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := r.Inject(ctx, 1, Injection{To: frame.Server, Origin: frame.Injected, Wire: []byte("\x81\x01x")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an injection within a message: %v", err)
	}
	client.send("\x80\x01d\x81\x01e")
	server.expect("\x80\x01d\x81\x01e")
}

// Catches an injection into nothing that is taken for sent.
func TestInjectIntoNothing(t *testing.T) {
	r := start(t)
	if err := r.inject(frame.Draft{Type: frame.Text}); !errors.Is(err, ErrNotLive) {
		t.Errorf("without a connection: %v", err)
	}
	client, server := r.pair(false)
	client.send("\x01\x03abc")
	server.expect("\x01\x03abc")
	waits := make(chan error, 1)
	go func() { waits <- r.inject(frame.Draft{Type: frame.Text}) }()
	r.settle("the injection waits", func() bool { return r.sessions.find(1).pumps[frame.Client].busy.Load() })
	_ = client.Conn.Close()
	if err := <-waits; !errors.Is(err, ErrNotLive) {
		t.Errorf("a connection that ends: %v", err)
	}
	_ = server.Conn.Close()
	r.recorder.ended(t, 1)
	if err := r.inject(frame.Draft{Type: frame.Text}); !errors.Is(err, ErrNotLive) {
		t.Errorf("a connection that has ended: %v", err)
	}
}

// Catches deliberately illegal frames that are mended on their way.
func TestInjectIllegal(t *testing.T) {
	r := start(t)
	_, server := r.pair(false)
	for _, header := range []string{"fin=0,rsv=7,opcode=11,masked=0", "length=70000", "opcode=close,extended=8", "mask=00000000"} {
		d := frame.Draft{From: frame.Client, Type: frame.Text, Payload: []byte("odd"), Header: header}
		wire, err := d.Wire()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Inject(context.Background(), 1, Injection{To: frame.Server, Wire: wire}); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(wire))
		if _, err := io.ReadFull(server, got); err != nil || !bytes.Equal(got, wire) {
			t.Errorf("%s: read %x, %v; want %x", header, got, err, wire)
		}
	}
}

// Catches a connection that is not ended as asked for, or recorded as ended by
// somebody else.
func TestKill(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		client, server := r.pair(secure)
		q := r.hold("kept")
		client.send(text("kept"))
		r.held(q, "kept")
		killed := make(chan error, 1)
		go func() { killed <- r.Kill(context.Background(), 1, Ending{Code: frame.GoingAway, Reason: "bye"}) }()
		client.expect(message(frame.Close, "\x03\xe9bye"))
		head := make([]byte, 6+5)
		if _, err := io.ReadFull(server, head); err != nil || head[0] != 0x88 || head[1] != 0x85 {
			t.Fatalf("server read %x, %v", head, err)
		}
		server.send(text("too late") + message(frame.Close, "\x03\xe9"))
		client.send(message(frame.Close, "\x03\xe9"))
		if err := <-killed; err != nil {
			t.Fatal(err)
		}
		if rest, _ := io.ReadAll(client); len(rest) > 0 {
			t.Errorf("client read %q behind the close frame", rest)
		}
		tape := r.recorder.ended(t, 1)
		if tape.end.EndedBy != frame.ByProxy || tape.end.How != frame.ByClose {
			t.Errorf("recorded as ended %+v", tape.end)
		}
		if len(tape.inserted) != 6 {
			t.Errorf("inserted: %s", r.inserts(1))
		}
		if err := r.Kill(context.Background(), 1, Ending{}); !errors.Is(err, ErrNotLive) {
			t.Errorf("a second kill: %v", err)
		}
	})
}

// Catches a kill that waits for peers that do not answer.
func TestKillWithoutAnswer(t *testing.T) {
	r := start(t)
	client, _ := r.pair(false)
	if err := r.Kill(context.Background(), 1, Ending{}); err != nil {
		t.Fatal(err)
	}
	client.expect(message(frame.Close, ""))
}

// Catches a reset that arrives as anything else.
func TestKillByReset(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		client, server := r.pair(secure)
		if err := r.Kill(context.Background(), 1, Ending{Reset: true}); err != nil {
			t.Fatal(err)
		}
		for _, w := range []*wire{client, server} {
			if _, err := w.Read(make([]byte, 1)); howEnded(err) != frame.ByReset {
				t.Errorf("read %v", err)
			}
		}
		if end := r.recorder.ended(t, 1).end; end.EndedBy != frame.ByProxy || end.How != frame.ByReset {
			t.Errorf("recorded as ended %+v", end)
		}
	})
}
