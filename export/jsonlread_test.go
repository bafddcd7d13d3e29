package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

func notes(t export.Tally) string {
	var b strings.Builder
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "%d %s\n", n.Count, n.What)
	}
	return b.String()
}

// What is exported as messages comes back as messages.
func TestJSONLMessagesBack(t *testing.T) {
	var out bytes.Buffer
	s := newSession()
	if err := s.export(t, export.NewJSONL(&out, false)); err != nil {
		t.Fatal(err)
	}
	var viaJSONL, viaHAR shelf
	tally, err := export.ReadJSONL(t.Context(), &out, &viaJSONL)
	if err != nil || tally.Connections != 1 || tally.Messages != 9 {
		t.Fatalf("%+v, %v", tally, err)
	}
	if _, err := export.ReadHAR(t.Context(), bytes.NewReader(harOf(t, s)), &viaHAR); err != nil {
		t.Fatal(err)
	}
	golden(t, viaJSONL.conns[0].String(), viaHAR.conns[0].String())
	if v := viaJSONL.conns[0]; v.URL != s.conn.URL || v.end != viaHAR.conns[0].end || v.ended != 1 {
		t.Errorf("%+v", v)
	}
}

// What is exported as frames comes back bit for bit: masks, compression, fragments
// and bits that mean nothing; all but what is not there.
func TestJSONLFramesBack(t *testing.T) {
	var out bytes.Buffer
	s := newSession()
	if err := s.exportFrames(t, export.NewJSONL(&out, true)); err != nil {
		t.Fatal(err)
	}
	var kept shelf
	tally, err := export.ReadJSONL(t.Context(), &out, &kept)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []byte
	for _, r := range kept.conns[0].frames {
		got = r.AppendWire(got)
	}
	for _, r := range s.records {
		if r.Incomplete == frame.Whole && !r.Opaque {
			want = r.AppendWire(want)
		}
	}
	if want = append(want, s.records[len(s.records)-1].Payload...); !bytes.HasPrefix(want, got) || len(got) < len(want)-2 {
		t.Errorf("%x, want %x", got, want)
	}
	golden(t, notes(tally), `1 messages that had been injected, edited or replayed are kept as if they had passed
1 frames of which a part is missing are left out
`)
}

// What people write by hand, and what lists print while they follow.
func TestJSONLLoose(t *testing.T) {
	for _, test := range []struct{ lines, want, notes string }{
		{
			`{"from":"client","text":"hé","url":"https://h.example/x","time":"2026-11-21T03:04:05Z"}
{"from":"server","base64":"AP8="}

{"from":"server","code":1000,"reason":"bye","time":"2026-11-21T03:04:06Z"}`,
			"wss://h.example/x 0s 1s close \n0s client text \"hé\" 1\n0s server binary \"\\x00\\xff\" 1\n1s server close \"\\x03\\xe8bye\" 1\n", "",
		}, {
			`{"conn":7,"state":"open","url":"ws://a/","start":"2026-11-21T03:04:05Z"}
{"conn":8,"state":"closed","url":"ws://b/","start":"2026-11-21T03:04:06Z","end":"2026-11-21T03:04:09Z","ended_by":"nobody","how":"reset"}
{"conn":8,"from":"client","text":"two","time":"2026-11-21T03:04:07Z"}
{"conn":7,"from":"server","text":"one","type":"ping","time":"2026-11-21T03:04:08Z"}
{"conn":7,"state":"closed","url":"ws://a/","start":"2026-11-21T03:04:05Z","end":"2026-11-21T03:04:08.5Z","ended_by":"client","how":"fin"}
{"conn":7,"state":"closed","url":"ws://c/","start":"2026-11-21T03:05:05Z"}
{"conn":7,"from":"server","text":"three","time":"2026-11-21T03:05:05Z"}`,
			"ws://a/ 0s 3.5s fin client\n3s server ping \"one\" 1\nws://b/ 0s 3s reset \n1s client text \"two\" 1\nws://c/ 0s 0s  \n0s server text \"three\" 1\n", "",
		}, {
			"\xEF\xBB\xBF" + `{"from":"client","text":"a","time":"2026-11-21T03:04:05Z"}
{"text":"b"}
[1]
{"from":"client"}
{"from":"nobody","text":"c"}
{"from":"server","base64":"%"}
{"from":"client","text":"d","origin":"dropped"}
{"from":"client","type":"ping","text":"` + strings.Repeat("x", 126) + `"}
{"conn":1,"state":"refused","url":"ws://r/","status":403,"start":"2026-11-21T03:04:05Z"}
{"conn":1,"from":"client","text":"e"}`,
			"ws://unknown.invalid/ 0s 0s  \n0s client text \"a\" 1\nws://r/ 0s 0s  \n",
			`1 lines that do not say which side they are from are left out
4 lines that are neither connections nor messages are left out
1 messages that had been dropped are left out
1 control frames with more than 125 bytes are left out
1 messages of connections that carried none are left out
`,
		},
	} {
		var kept shelf
		tally, err := export.ReadJSONL(t.Context(), strings.NewReader(test.lines), &kept)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, v := range kept.conns {
			lasted := v.end.Time.Sub(v.Start)
			if v.ended == 0 {
				lasted = 0
			}
			fmt.Fprintf(&got, "%s 0s %s %s %s\n%s", v.URL, lasted, v.end.How, v.end.EndedBy, v)
		}
		golden(t, got.String(), test.want)
		golden(t, notes(tally), test.notes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := export.ReadJSONL(ctx, strings.NewReader("{}"), new(shelf)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Whatever the lines: no panic, and every connection ended once.
func FuzzReadJSONL(f *testing.F) {
	f.Add([]byte(`{"from":"client","text":"x"}` + "\n" + `{"conn":1,"state":"open","url":"a"}`))
	f.Add([]byte(`{"conn":1,"from":"server","fin":true,"opcode":1,"length":1,"payload":"eA==","masked":true,"mask":"01020304"}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		var kept shelf
		_, _ = export.ReadJSONL(t.Context(), bytes.NewReader(p), &kept)
		for _, v := range kept.conns {
			if v.State == frame.Open && v.ended != 1 {
				t.Fatalf("ended %d times", v.ended)
			}
		}
	})
}
