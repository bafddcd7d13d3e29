package detail_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/detail"
	"github.com/wsluice/wsluice/inspector/draw"
)

// TestOriginal would catch an edited message whose original cannot be looked at,
// one that shows another payload, and places found in the one that are marked in
// the other.
func TestOriginal(t *testing.T) {
	for _, test := range []struct {
		name string
		kind frame.Opcode
		was  string
		want string
	}{
		{"text", frame.Text, "hello \x1b[31m world", `hello \x1b[31m world`},
		{"bytes", frame.Binary, "\x00\xff", "00 ff"},
		{"empty", frame.Text, "", "no payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := subject(frame.Client, test.kind, "hello world, hello")
			s.Message.Origin = frame.Edited
			s.Original = subject(frame.Client, test.kind, test.was).Message
			d, err := detail.Prepare(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			p := new(detail.Pane)
			p.Resize(80, 10)
			p.Show(d)
			if !slices.Contains(p.Views(), "original") || p.View() == "original" {
				t.Fatalf("the views are %v, first %q", p.Views(), p.View())
			}
			found, err := d.Find(context.Background(), "hello")
			if err != nil {
				t.Fatal(err)
			}
			p.ShowFound(found)
			p.SetView("original")
			if got := screen(p); !strings.Contains(got, "[original]") || !strings.Contains(got, test.want) {
				t.Errorf("the original is shown as\n%s\nwant %q", got, test.want)
			}
			for _, l := range p.Lines() {
				for _, span := range l {
					if span.Style == draw.Match || span.Style == draw.Here {
						t.Errorf("%q is marked as found in another payload", span.Text)
					}
				}
			}
			p.Move(3)
			p.End()
			p.Home()
			p.Sideways(8)
			if name, data := p.Value(); name != "payload" || string(data) != "hello world, hello" {
				t.Errorf("%s is copied as %q", name, data)
			}
		})
	}
	if p := opened(t, subject(frame.Client, frame.Text, "hello"), 80, 10); slices.Contains(p.Views(), "original") {
		t.Error("a message that was not edited has an original")
	}
}
