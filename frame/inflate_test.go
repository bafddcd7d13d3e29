package frame_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// The examples of RFC 7692 section 7.2.3: real senders produce each of these
// forms, final blocks and several blocks in one message included.
func TestInflateExamplesOfTheRFC(t *testing.T) {
	for _, test := range []struct{ name, payload, want string }{
		{"one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		{"stored block", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		{"final block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
		{"final block without padding", "\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		{"two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		{"two final blocks", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "HelloHello"},
		{"empty message", "\x00", ""},
		{"nothing at all", "", ""},
	} {
		for _, takeover := range []bool{false, true} {
			f := frame.Inflater{Takeover: takeover}
			got, size, err := f.Append([]byte(">"), []byte(test.payload), 100)
			if err != nil || string(got) != ">"+test.want || size != uint64(len(test.want)) {
				t.Errorf("%s, takeover %v: %q, size %d, %v", test.name, takeover, got, size, err)
			}
		}
	}
	// Section 7.2.3.2: the second message is a reference to the first.
	f := frame.Inflater{Takeover: true}
	for _, payload := range []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"} {
		if got, _, err := f.Append(nil, []byte(payload), 100); string(got) != "Hello" || err != nil {
			t.Errorf("%x: %q, %v", payload, got, err)
		}
	}
}

// sender compresses with the standard library, as a peer that is not us.
type sender struct {
	out      bytes.Buffer
	writer   *flate.Writer
	takeover bool
}

func newSender(takeover bool) *sender {
	s := &sender{takeover: takeover}
	s.writer, _ = flate.NewWriter(&s.out, 9)
	return s
}

func (s *sender) message(p []byte) []byte {
	s.out.Reset()
	if !s.takeover {
		s.writer.Reset(&s.out)
	}
	s.writer.Write(p)
	s.writer.Flush()
	return bytes.Clone(s.out.Bytes()[:s.out.Len()-4])
}

// chatter returns messages that share most of their text, in sizes from nothing
// to about a window.
func chatter(seed uint64, n int) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([][]byte, n)
	for i := range out {
		var b bytes.Buffer
		for size := 1 << rng.IntN(16); b.Len() < size-1; {
			fmt.Fprintf(&b, `{"symbol":"S%d","price":%d,"note":"always the same words"}`, rng.IntN(50), rng.IntN(1e6))
		}
		out[i] = b.Bytes()
	}
	return out
}

// Pitfalls C1 and C2: with takeover every message needs all before it, without
// none; a context kept or dropped wrongly garbles from the second message on.
func TestInflateManyMessages(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		s, f := newSender(takeover), frame.Inflater{Takeover: takeover}
		for i, want := range chatter(1, 300) {
			got, size, err := f.Append(nil, s.message(want), 1<<20)
			if err != nil || !bytes.Equal(got, want) || size != uint64(len(want)) {
				t.Fatalf("takeover %v, message %d of %d bytes: %d bytes, %v", takeover, i, len(want), len(got), err)
			}
		}
	}
}

// What is not kept must still go through the window, or a limit meant for one
// large message would make all later ones unreadable.
func TestInflateKeepsContextOfWhatItCuts(t *testing.T) {
	s, f := newSender(true), frame.Inflater{Takeover: true}
	for i, want := range chatter(2, 100) {
		got, size, err := f.Append(nil, s.message(want), 10)
		if err != nil || !bytes.Equal(got, want[:min(10, len(want))]) || size != uint64(len(want)) {
			t.Fatalf("message %d: %q of %d bytes, %v", i, got, size, err)
		}
	}
}

// Pitfall C4: a message that inflates to gigabytes is an error as soon as it
// passes the limit; what comes after is readable where the protocol allows it.
func TestInflateBomb(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		s, f := newSender(takeover), frame.Inflater{Takeover: takeover, Max: 1 << 20}
		bomb := s.message(make([]byte, 8<<20))
		got, size, err := f.Append(nil, bomb, 100)
		if err == nil || !strings.Contains(err.Error(), "limit of 1048576 bytes") {
			t.Fatalf("takeover %v: %v", takeover, err)
		}
		if len(got) != 100 || size > 1<<20+1<<16 {
			t.Errorf("takeover %v: kept %d, went on to %d", takeover, len(got), size)
		}
		checkNext(t, &f, s)
	}
}

// checkNext sends one more message after a broken one.
func checkNext(t *testing.T, f *frame.Inflater, s *sender) {
	t.Helper()
	got, _, err := f.Append(nil, s.message([]byte("later")), 100)
	switch {
	case !f.Takeover && (err != nil || string(got) != "later"):
		t.Errorf("next message without takeover: %q, %v", got, err)
	case f.Takeover && (err == nil || !strings.Contains(err.Error(), "lost the context")):
		t.Errorf("next message with takeover: %q, %v", got, err)
	}
}

// Pitfall C4: truncated and corrupt messages are errors that name the cause, and
// blind later messages only where those build on them.
func TestInflateBroken(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		for name, breakIt := range map[string]func([]byte) []byte{
			"truncated": func(p []byte) []byte { return p[:len(p)/2] },
			"corrupt":   func(p []byte) []byte { return append([]byte{0x07}, p...) },
			"missed":    nil,
		} {
			s, f := newSender(takeover), frame.Inflater{Takeover: takeover}
			f.Append(nil, s.message([]byte("first")), 100)
			p := s.message(chatter(3, 10)[9])
			if breakIt == nil {
				f.Skip()
			} else if _, _, err := f.Append(nil, breakIt(p), 1<<20); err == nil {
				t.Errorf("%s, takeover %v: no error", name, takeover)
			}
			checkNext(t, &f, s)
		}
	}
}

// Without takeover nothing of one message may reach the next: a reference beyond
// its beginning is an error there, not text of an earlier one.
func TestInflateWithoutTakeoverForgets(t *testing.T) {
	alone := frame.Inflater{}
	alone.Append(nil, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), 100)
	if out, _, err := alone.Append(nil, []byte("\xf2\x00\x11\x00\x00"), 100); err == nil {
		t.Errorf("without takeover a reference to the message before gave %q", out)
	}
}

// Pitfall S7, whatever a peer sends: no panic, no more than was asked for, and the
// same answer as the standard library's decoder where both read it as one stream.
func FuzzInflate(f *testing.F) {
	f.Add([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), []byte("\xf2\x00\x11\x00\x00"), true)
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []byte{}, false)
	f.Add(newSender(true).message([]byte(strings.Repeat("abc", 1000))), []byte("\x07"), true)
	f.Fuzz(func(t *testing.T, first, second []byte, takeover bool) {
		const most, keep = 1 << 20, 1000
		inflater := frame.Inflater{Takeover: takeover, Max: most}
		failed := false
		for _, p := range [][]byte{first, second} {
			out, size, err := inflater.Append(nil, p, keep)
			if len(out) > keep || err == nil && size > most || uint64(len(out)) > size {
				t.Fatalf("%x: kept %d of %d", p, len(out), size)
			}
			if failed && takeover && err == nil {
				t.Fatalf("%x was read after the context was lost", p)
			}
			failed = failed || err != nil
		}
		std := flate.NewReader(io.MultiReader(bytes.NewReader(first), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
		want, stdErr := io.ReadAll(io.LimitReader(std, most+1))
		again := frame.Inflater{Max: most}
		got, _, err := again.Append(nil, first, most)
		if stdErr == nil && err == nil && !bytes.HasPrefix(got, want) {
			t.Fatalf("%x: %q, the standard library reads %q", first, got, want)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	for _, takeover := range []bool{false, true} {
		b.Run(fmt.Sprintf("takeover=%v", takeover), func(b *testing.B) {
			s, f := newSender(takeover), frame.Inflater{Takeover: takeover}
			message := []byte(strings.Repeat(`{"symbol":"S1","price":101325}`, 10))
			first, next := s.message(message), s.message(message)
			f.Append(nil, first, 1<<20)
			var out []byte
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				out, _, _ = f.Append(out[:0], next, 1<<20)
			}
		})
	}
}

// TestDone catches an assembler that goes on to inflate for somebody who has left.
func TestDone(t *testing.T) {
	d, err := frame.NewDeflater(false, 15)
	if err != nil {
		t.Fatal(err)
	}
	payload := d.Append(nil, make([]byte, 1<<20))
	done := make(chan struct{})
	a := &frame.Assembler{Extensions: frame.Extensions{Deflate: true, NoContextTakeover: [2]bool{true, true}}, Done: done}
	r := &frame.Record{Seq: 1, Header: frame.Header{Fin: true, Opcode: frame.Binary, RSV: frame.RSV1, Length: uint64(len(payload))}, Payload: payload, Stored: uint64(len(payload))}
	if out := a.Push(r); len(out) != 1 || out[0].Size != 1<<20 || out[0].Error != "" {
		t.Fatalf("%d bytes, %q", out[0].Size, out[0].Error)
	}
	close(done)
	r.Seq++
	if out := a.Push(r); len(out) != 1 || out[0].Error == "" {
		t.Fatal("it went on")
	}
}
