package detail_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
)

const huge = 64 << 20

// large are payloads of 64 MiB of each kind.
func large() map[string]func() (frame.Opcode, []byte) {
	fill := func(kind frame.Opcode, begin, piece, end string) func() (frame.Opcode, []byte) {
		return func() (frame.Opcode, []byte) {
			p := append(make([]byte, 0, huge), begin...)
			p = append(p, bytes.Repeat([]byte(piece), (huge-len(begin)-len(end))/len(piece))...)
			return kind, append(p, end...)
		}
	}
	return map[string]func() (frame.Opcode, []byte){
		"one line":     fill(frame.Text, "", `all is well \"quoted\" `, ""),
		"wide line":    fill(frame.Text, "", "世界 ", ""),
		"many lines":   fill(frame.Text, "", "a line of some forty characters, no more\n", ""),
		"empty lines":  fill(frame.Text, "", "\n", ""),
		"JSON array":   fill(frame.Text, `[{"id":0,"name":"zero"}`, `,{"id":12345,"name":"a name","ok":true,"at":[1.5,2.25]}`, "]"),
		"JSON object":  fill(frame.Text, `{"first":[{}`, `,{"id":12345,"name":"a name","ok":true}`, `],"last":1}`),
		"JSON string":  fill(frame.Text, `{"text":"`, `all is well\n`, `"}`),
		"JSON nesting": fill(frame.Text, "", `[`, ""),
		"binary": func() (frame.Opcode, []byte) {
			p := make([]byte, huge)
			rand.NewChaCha8([32]byte{}).Read(p)
			return frame.Binary, p
		},
	}
}

// BenchmarkLarge measures what a person waits for with payloads of 64 MiB.
func BenchmarkLarge(b *testing.B) {
	for name, payload := range large() {
		b.Run(name, func(b *testing.B) {
			kind, p := payload()
			s := subject(frame.Server, kind, "")
			s.Message.Payload, s.Message.Size = p, uint64(len(p))
			s = read(s)
			ctx := context.Background()
			b.Run("open", func(b *testing.B) {
				for b.Loop() {
					opened(b, s, 200, 50).Lines()
				}
			})
			for _, view := range opened(b, s, 200, 50).Views() {
				b.Run("end/"+view, func(b *testing.B) {
					p := opened(b, s, 200, 50)
					p.SetView(view)
					for b.Loop() {
						p.Home()
						p.Lines()
						p.End()
						p.Lines()
					}
				})
			}
			b.Run("page up", func(b *testing.B) {
				p := opened(b, s, 200, 50)
				p.SetView("text")
				p.End()
				for b.Loop() {
					p.Page(-1)
					p.Lines()
				}
			})
			b.Run("unfold all", func(b *testing.B) {
				for b.Loop() {
					p := opened(b, s, 200, 50)
					p.ToggleAll()
					p.Lines()
				}
			})
			d, err := detail.Prepare(ctx, s)
			if err != nil {
				b.Fatal(err)
			}
			for _, query := range []string{"name", "no such thing", "größe", "/[0-9]+x/"} {
				b.Run("find/"+query, func(b *testing.B) {
					b.SetBytes(huge)
					for b.Loop() {
						if _, err := d.Find(ctx, query); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.Run("reveal", func(b *testing.B) {
				p := opened(b, s, 200, 50)
				f, err := p.Document().Find(ctx, "e")
				if err != nil {
					b.Fatal(err)
				}
				p.ShowFound(f)
				for b.Loop() {
					p.PreviousFound()
					p.Lines()
				}
			})
		})
	}
}

// BenchmarkScreen measures drawing what is shown most often, on a large terminal.
func BenchmarkScreen(b *testing.B) {
	s := read(subject(frame.Server, frame.Text, `{"ch":"book","bids":[`+strings.Repeat(`[64210.5,0.3],`, 80)+`[1,2]],"ts":1763719331433}`))
	p := opened(b, s, 200, 60)
	for _, view := range p.Views() {
		b.Run(view, func(b *testing.B) {
			p.SetView(view)
			b.ReportAllocs()
			for b.Loop() {
				p.Title()
				p.Tabs()
				p.Lines()
			}
		})
	}
}
