package decode_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

// checkReadings walks all that was made of a payload and holds what every reading
// promises: harmless text on one line, bounded, places within the payload, and
// no more children than bytes.
func checkReadings(t *testing.T, payload []byte, readings []decode.Reading) {
	t.Helper()
	for _, r := range readings {
		harmless(t, r.Decoder, 1000)
		harmless(t, r.Summary, 200)
		harmless(t, r.Note, 1000)
		left := 10_000
		checkNode(t, payload, &r.Root, 0, &left)
	}
}

func harmless(t *testing.T, text string, cells int) {
	t.Helper()
	if !utf8.ValidString(text) || decode.Width([]byte(text)) > cells {
		t.Fatalf("%q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) || !unicode.IsGraphic(r) {
			t.Fatalf("%q holds %U", text, r)
		}
	}
}

func checkNode(t *testing.T, payload []byte, n *decode.Node, depth int, left *int) {
	t.Helper()
	if *left--; *left < 0 || depth > 200 {
		return
	}
	harmless(t, n.Key, decode.MaxText+1)
	harmless(t, n.Value, decode.MaxText)
	harmless(t, n.Note, 1000)
	if n.Offset >= 0 && (n.Offset+n.Size > len(payload) || string(payload[n.Offset:n.Offset+n.Size]) != string(n.Raw())) {
		t.Fatalf("%d+%d is not %q", n.Offset, n.Size, n.Raw())
	}
	n.Data()
	seen := 0
	for {
		kids, err := n.Children(seen, 7)
		if len(kids) > 7 {
			t.Fatalf("%d children", len(kids))
		}
		for i := range kids {
			checkNode(t, payload, &kids[i], depth+1, left)
		}
		seen += len(kids)
		if err != nil {
			harmless(t, err.Error(), 1000)
			return
		}
		if len(kids) < 7 {
			break
		}
		if *left < 0 {
			return
		}
	}
	if n.Count >= 0 && n.Count != seen {
		t.Fatalf("%d children, %d announced, in %q", seen, n.Count, n.Raw())
	}
}

// Files are not taken apart, but people want to know that it is one.
func TestFileSignature(t *testing.T) {
	for in, want := range map[string]string{
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "binary, 16 bytes, looks like image/png",
		"%PDF-1.7\n%\xff\xff":                 "binary, 12 bytes, looks like application/pdf",
		"\xff\xfe\xfd\xfc":                    "binary, 4 bytes, no known format",
	} {
		if readings, why := read(frame.Binary, in); len(readings) != 0 || why != want {
			t.Errorf("%q: %v, %q, want %q", in, readings, why, want)
		}
	}
}
