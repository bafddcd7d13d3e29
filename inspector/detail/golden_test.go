package detail_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden are messages of every kind.
func golden() map[string]detail.Subject {
	all := map[string]detail.Subject{
		"text":     subject(frame.Server, frame.Text, "Grüße, 世界!\r\nthe second line is long enough to be wrapped where the pane is narrow, and it ends here\n\tthird \x1b[31mred\u202e"),
		"empty":    subject(frame.Client, frame.Text, ""),
		"binary":   subject(frame.Client, frame.Binary, unhex("1f8b0800000000000003ed5d6b731bc7010203041f8b0800000000000003ed5d6b731bc70102030a")),
		"ping":     subject(frame.Client, frame.Ping, "\x00\x00\x01\x02"),
		"pong":     subject(frame.Server, frame.Pong, "keep me"),
		"close":    subject(frame.Server, frame.Close, "\x03\xe9shutdown"),
		"noclose":  subject(frame.Server, frame.Close, ""),
		"reserved": subject(frame.Client, 11, "what?"),
	}
	edit := func(name string, s detail.Subject, f func(m *frame.Message, r *frame.Record)) {
		f(s.Message, &s.Frames[0])
		all[name] = s
	}
	edit("invalid", subject(frame.Server, frame.Text, "caf\xe9 and more"), func(m *frame.Message, r *frame.Record) {
		m.Violation = frame.InvalidUTF8
	})
	edit("opaque", subject(frame.Client, frame.Opaque, "\x8f\xff\xff\xff not a frame"), func(m *frame.Message, r *frame.Record) {
		r.Opaque, r.Header = true, frame.Header{}
		m.WireSize = m.Size
	})
	edit("shed", subject(frame.Client, frame.Binary, ""), func(m *frame.Message, r *frame.Record) {
		m.Incomplete, r.Incomplete, m.Size, r.Header.Length = frame.Shed, frame.Shed, 70_000, 70_000
		m.WireSize = r.WireSize()
	})
	edit("cut", subject(frame.Server, frame.Text, `{"half":`), func(m *frame.Message, r *frame.Record) {
		m.Incomplete, r.Incomplete, r.Header.Length = frame.Cut, frame.Cut, 312
	})
	edit("illegal", subject(frame.Client, frame.Text, "hello"), func(m *frame.Message, r *frame.Record) {
		r.Header.Extended, r.Header.Masked, r.Header.RSV = 8, false, 3
		m.Violation, r.Violation, m.Origin = frame.ReservedBits, frame.ReservedBits, frame.Injected
		m.WireSize = r.WireSize()
	})
	edit("unfinished", subject(frame.Client, frame.Text, "a beginning"), func(m *frame.Message, r *frame.Record) {
		m.Incomplete, r.Incomplete, m.Origin, r.Header.Fin = frame.Unfinished, frame.Unfinished, frame.Injected, false
	})
	edit("recoded", subject(frame.Server, frame.Text, "as it was"), func(m *frame.Message, r *frame.Record) {
		m.Recoded, r.Recoded = true, true
	})
	edit("uninflated", subject(frame.Server, frame.Text, "\xaa\x56\x4a\xce"), func(m *frame.Message, r *frame.Record) {
		m.Compressed, r.Header.RSV = true, frame.RSV1
		m.Error = "inflate: lost the context: a message it builds on was not seen whole"
	})
	all["uninflated"].Conn.Extensions = "permessage-deflate"
	edit("truncated", subject(frame.Server, frame.Text, "the beginning of it"), func(m *frame.Message, r *frame.Record) {
		m.Truncated, m.Size, r.Header.Length, r.Stored = true, 300<<20, 300<<20, 300<<20
		m.WireSize = r.WireSize()
	})

	s := subject(frame.Server, frame.Text, strings.Repeat("all is well. ", 93)[:1204])
	s.Conn.Extensions = "permessage-deflate; server_max_window_bits=12"
	s.Message.Compressed, s.Message.Frames = true, 3
	s.Frames = nil
	for i, size := range []uint64{300, 10, 2} {
		r := record(frame.Server, frame.Continuation, unhex("aa564ace4f4a55b2"))
		r.Seq, r.Time, r.Header.Length, r.Stored = 1206+2*uint64(i), start.Add(time.Duration(i)*1700*time.Microsecond), size, size
		r.Header.Fin = i == 2
		if i == 0 {
			r.Header.Opcode, r.Header.RSV = frame.Text, frame.RSV1
		}
		r.Payload = r.Payload[:min(len(r.Payload), int(size))]
		s.Frames = append(s.Frames, r)
	}
	s.Message.WireSize = 300 + 4 + 10 + 2 + 2 + 2
	all["fragments"] = s

	for name, payload := range map[string]string{
		"json": `{"ch":"book.BTC","asks":[[64211.0,1.1],[64211.5,0.02],[64212,1e3]],"ts":1763719331433,"ok":true,"none":null,` +
			`"big":123456789012345678901234567890,"ch":"twice","note":"a \"quoted\" caf\u00e9 \u202e","empty":{},"list":[],` +
			`"deep":{"a":{"b":{"c":{"d":[1,2,{"e":"f"}]}}}},"inner":"{\"x\":[1,2]}"}`,
		"jsonarray": "[" + strings.Repeat(`{"id":7,"name":"seven"},`, 12344) + `{"id":0}]`,
		"jsonlong":  `{"short":1,"text":"` + strings.Repeat("all is well. ", 300) + `","stack":"a\nb\nc"}`,
		"jsonlines": "{\"a\":1}\n{\"b\":2}\n",
		"scalar":    `"just this"`,
	} {
		all[name] = read(subject(frame.Server, frame.Text, payload))
	}
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiZXhwIjoxNzYzNzE5MzMxfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	all["jwt"] = read(subject(frame.Client, frame.Text, `{"token":"`+jwt+`","data":"eyJpbnNpZGUiOnRydWV9"}`))
	for name, hex := range map[string]string{
		"msgpack":  "84 a2 6f70 a3 737562 a2 6964 07 a4 61726773 93 01 cb3ff8000000000000 c0 a4 6461746b c4 04 00ff10fe",
		"cbor":     "a4 62 6f70 63 737562 62 7473 c1 1a 6920 3993 64 6c697374 9f 01 20 f5 ff 03 44 00ff10fe",
		"protobuf": "08 9601 12 07 74657374696e67 1a 05 08 01 12 01 61 21 000000000000f83f 2d 0000803f",
		"gzip":     "1f8b08000000000000ffaa56cacc2bce4c4955b22a292a4dad05040000ffffe1d361ec0f000000",
	} {
		all[name] = read(subject(frame.Server, frame.Binary, unhex(hex)))
	}
	return all
}

// TestGolden would catch anything that looks otherwise than it did: run with
// -update and look at what changed.
func TestGolden(t *testing.T) {
	for name, s := range golden() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, width := range []int{200, 98, 78, 40, 10} {
				p := opened(t, s, width, 24)
				for _, view := range p.Views() {
					if name == "jsonarray" && view != "JSON" {
						continue // a screen full of the same
					}
					p.SetView(view)
					if width == 98 && view != "text" {
						p.ToggleAll()
					}
					p.Resize(width, 24)
					if p.View() == "header" {
						p.Resize(width, 70)
					}
					fmt.Fprintf(&b, "== %d\n%s\n\n", width, screen(p))
				}
			}
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("%s shows otherwise than %s:\n%s", name, path, difference(string(want), b.String()))
			}
		})
	}
}

// difference shows the first lines that are not the same.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d is\n%s\nwant\n%s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
