package proxy

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// client and server frames of these tests are byte strings: nothing between
// the test and the wire could make them legal.
var wireCases = map[string]string{
	"F1 fragments":                         "\x01\x03abc\x00\x02de\x80\x01f",
	"F2 ping between fragments":            "\x01\x01a\x89\x02hi\x00\x01b\x8a\x00\x80\x01c",
	"F3 empty first, message, last":        "\x01\x00\x00\x01a\x80\x00\x81\x00",
	"F4 data within a message":             "\x01\x01a\x81\x01b\x80\x01c",
	"F4 continuation of nothing":           "\x80\x01a\x00\x00",
	"F7 invalid UTF-8, also split":         "\x81\x02\xc3\x28\x01\x01\xc3\x80\x01\x28\x88\x04\x03\xe8\xff\xfe",
	"F8 masked":                            "\x81\x85\x01\x02\x03\x04abcde\x82\x81\xff\xff\xff\xff\x00",
	"F8 unmasked":                          "\x81\x05hello",
	"F9 mask keys kept":                    "\x81\x81\x00\x00\x00\x00a\x81\x81\xde\xad\xbe\xefa\x81\x80\x01\x01\x01\x01",
	"F10 reserved opcodes and bits":        "\x83\x01a\xf7\x00\x8b\x00\xff\x01z\xb1\x01x",
	"F11 long and fragmented control":      "\x89\x7e\x00\xc8" + strings.Repeat("p", 200) + "\x09\x01a\x08\x00",
	"F13 lengths longer than needed":       "\x81\x7e\x00\x03abc\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x02de",
	"F13 impossible length":                "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffwhatever\x81\x01a",
	"F13 promise not kept":                 "\x82\x7f\x00\x00\x00\x00\x10\x00\x00\x00abc",
	"X1 close with code and reason":        "\x88\x05\x0f\xa0bye",
	"X2 close without a code":              "\x88\x00",
	"X4 illegal codes, and a byte for one": "\x88\x02\x00\x00\x88\x02\x03\xe7\x88\x02\x03\xed\x88\x02\x03\xee\x88\x02\x03\xf7\x88\x02\x13\x88\x88\x01\x03",
	"X8 data behind a close":               "\x88\x02\x03\xe8\x81\x05after\x89\x00",
	"P1 P3 ping and pong":                  "\x89\x04ping\x8a\x04pong\x8a\x00\x89\x7d" + strings.Repeat("x", 125),
	"P3 ping flood":                        strings.Repeat("\x89\x84\x01\x02\x03\x04ping", 20_000),
	"compressed":                           "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x41\x03abc\x80\x01d",
	"half a header":                        "\x81",
}

// Catches any byte changed, added, dropped, delayed or answered by the proxy,
// in either direction, and any difference between what passed and what was
// recorded (pitfalls F1-F4, F7-F11, F13, X1, X2, X4, X8, P1, P3).
func TestBytesPassAsTheyAre(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		n := 0
		for name, bytes := range wireCases {
			n++
			client, server := r.pair(secure)
			client.send(bytes)
			server.expect(bytes)
			server.send(bytes + "!")
			client.expect(bytes + "!")
			_ = client.socket().Close()
			server.eof()
			_ = server.socket().Close()
			tape := r.recorder.ended(t, n)
			if string(tape.wire[0]) != bytes || string(tape.wire[1]) != bytes+"!" {
				t.Errorf("%s: recorded %q and %q", name, tape.wire[0], tape.wire[1])
			}
		}
	})
}

// Catches frames that depend on how TCP cuts them, or bytes mixed up when both
// directions are busy (pitfalls F12, F14). The streams are what no proxy would
// expect: frames of all kinds, then noise.
func TestRandomStreams(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		for round := range 6 {
			random := rand.New(rand.NewPCG(7, uint64(round)))
			streams := [2][]byte{randomStream(random), randomStream(random)}
			client, server := r.pair(secure)
			ends := [2]*wire{client, server}
			var got [2][]byte
			var running sync.WaitGroup
			for side, end := range ends {
				cuts := rand.New(rand.NewPCG(uint64(side), uint64(round)))
				running.Go(func() {
					for rest := streams[side]; len(rest) > 0; {
						n := min(len(rest), 1+cuts.IntN(1<<cuts.IntN(18)))
						if _, err := end.Write(rest[:n]); err != nil {
							t.Errorf("write: %v", err)
							return
						}
						rest = rest[n:]
					}
					end.closeWrite()
				})
				running.Go(func() {
					var err error
					if got[side], err = io.ReadAll(end); err != nil {
						t.Errorf("read: %v", err)
					}
				})
			}
			running.Wait()
			tape := r.recorder.ended(t, round+1)
			for side := range ends {
				if !bytes.Equal(got[side^1], streams[side]) || !bytes.Equal(tape.wire[side], streams[side]) {
					t.Errorf("round %d, %s: sent %d bytes, the other got %d, recorded %d",
						round, frame.Side(side), len(streams[side]), len(got[side^1]), len(tape.wire[side]))
				}
			}
		}
	})
}

func randomStream(r *rand.Rand) []byte {
	var stream []byte
	for range 50 + r.IntN(400) {
		h := frame.Header{
			Opcode: frame.Opcode(r.IntN(16)), RSV: uint8(r.IntN(8)), Fin: r.IntN(2) == 0, Masked: r.IntN(2) == 0,
			Length: uint64(r.IntN(1 << r.IntN(17))), Extended: []uint8{0, 2, 8}[r.IntN(3)],
		}
		binary.LittleEndian.PutUint32(h.Mask[:], r.Uint32())
		stream = h.Append(stream)
		for range h.Length {
			stream = append(stream, byte(r.Uint32()))
		}
	}
	for range r.IntN(100_000) {
		stream = append(stream, byte(r.Uint32()))
	}
	return stream
}

// Catches an answer recorded before its question.
func TestQuestionIsRecordedBeforeItsAnswer(t *testing.T) {
	r := start(t)
	client, server := r.pair(false)
	for range 200 {
		client.send("\x81\x01q")
		server.expect("\x81\x01q")
		server.send("\x81\x01a")
		client.expect("\x81\x01a")
	}
	_ = client.socket().Close()
	_ = server.socket().Close()
	tape := r.recorder.ended(t, 1)
	for i, from := range tape.order {
		if from != frame.Side(i/3%2) {
			t.Fatalf("byte %d is from the %s", i, from)
		}
	}
}

// Catches a large frame, or a message of very many, that is cut or kills the
// connection (pitfalls F5, F14).
func TestLargeMessages(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		r := start(t)
		r.recorder.forget = true
		client, server := r.pair(secure)
		const size = 64<<20 + 1
		one := frame.Header{Fin: true, Opcode: frame.Binary, Length: size}.Append(nil)
		many := strings.Repeat("\x02\x01a", 10_000)
		go func() {
			_, _ = client.Write(one)
			chunk := make([]byte, 1<<20)
			for left := size; left > 0; left -= len(chunk) {
				chunk = chunk[:min(left, len(chunk))]
				_, _ = client.Write(chunk)
			}
			_, _ = io.WriteString(client.Conn, many)
		}()
		server.expect(string(one))
		if n, err := io.CopyN(io.Discard, server, size); err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		server.expect(many)
	})
}
