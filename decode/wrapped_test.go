package decode_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

func deflated(t testing.TB, open func(io.Writer) io.WriteCloser, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, content string) string {
	return deflated(t, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, content)
}

func zlibbed(t testing.TB, content string) string {
	return deflated(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, content)
}

func base64ed(content string) string { return base64.StdEncoding.EncodeToString([]byte(content)) }

const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
	"eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNzYzNzE5MzMxLCJleHAiOjE3NjM3MjI5MzF9." +
	"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"

func TestWrapped(t *testing.T) {
	const object = `{"name":"sensor","on":true}`
	for _, test := range []struct {
		name    string
		typ     frame.Opcode
		payload string
		decoder string
		summary string
		note    string
	}{
		{"gzip", frame.Binary, gzipped(t, object), "JSON in gzip", object, "51 bytes inflate to 27"},
		{"zlib", frame.Binary, zlibbed(t, object), "JSON in zlib", object, "39 bytes inflate to 27"},
		{"text in gzip", frame.Binary, gzipped(t, "hello\nworld"), "text in gzip", `"hello\nworld"`, "35 bytes inflate to 11"},
		{"bytes in gzip", frame.Binary, gzipped(t, "\x00\x01\x02\xff"), "bytes in gzip", `0x000102ff`, "28 bytes inflate to 4"},
		{"gzip cut short", frame.Binary, gzipped(t, object)[:48], "JSON in gzip", object, "breaks off after 27 bytes: unexpected EOF"},
		{"base64", frame.Text, base64ed(object), "JSON in base64", object, "27 bytes"},
		{"base64 without padding", frame.Text, base64.RawURLEncoding.EncodeToString([]byte(object + "?>")), "text in base64", `"{"name":"sensor","on":true}?>"`, "29 bytes"},
		{"base64 in lines", frame.Text, base64ed(object)[:20] + "\r\n" + base64ed(object)[20:] + "\n", "JSON in base64", object, "27 bytes"},
		{"three deep", frame.Text, base64ed(gzipped(t, zlibbed(t, object))), "JSON in zlib in gzip in base64", object, "65 bytes"},
		{"JWT", frame.Text, token, "JWT", `{"header":{"alg":"HS256","typ":"JWT"},"claims":{"sub":"1234567890","name":"John Doe","iat":1763719331,"exp":1763722931},"signature":0x49f94ac7044948c78a285d904f87f0a4c7897f7e8f3a4eb2255fda750b2cc397}`, "signature not verified"},
	} {
		readings, why := read(test.typ, test.payload)
		if len(readings) == 0 {
			t.Errorf("%s: %s", test.name, why)
			continue
		}
		checkReadings(t, []byte(test.payload), readings)
		if r := readings[0]; r.Decoder != test.decoder || r.Summary != test.summary || r.Note != test.note {
			t.Errorf("%s: %q %s %q", test.name, r.Decoder, r.Summary, r.Note)
		}
	}
}

// What is wrapped is shown as far as it was kept.
func TestWrappedCutOff(t *testing.T) {
	const object = `{"name":"sensor","on":true}`
	for _, test := range []struct{ payload, summary, note string }{
		{base64ed(object)[:33], `"{"name":"sensor","on":tr"`, "24 bytes, the end is missing"},
		{gzipped(t, object)[:46], object, "breaks off after 27 bytes: unexpected EOF"},
	} {
		var s decode.Session
		readings, why := s.Read(decode.Input{Type: frame.Text, Payload: []byte(test.payload)})
		if len(readings) != 1 || readings[0].Summary != test.summary || readings[0].Note != test.note {
			t.Errorf("%+v, %s", readings, why)
		}
	}
}

// Words, ids and noise that happen to be written in the letters of base64, or to
// begin like zlib, are what they are.
func TestNotWrapped(t *testing.T) {
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rand.NewPCG(1, uint64(i)).Uint64())
	}
	for _, in := range []string{
		"applicationserverconfiguration", "d41d8cd98f00b204e9800998ecf8427e", "deadbeefdeadbeefdeadbeefdeadbeef", "/api/v1/resources/sensors", "AAAAAAAAAAAAAAAAAAAAAAAA",
		"550e8400-e29b-41d4-a716-446655440000", "eyJhbGciOiJub25lIn0.x", "eyJhYWFhYWFh.eyJhYWFhYWFh.AAAA", "w6nDqcOpw6nDqcOp", "a.b.c", "x\x9c" + string(noise), "\x1f\x8b\x08\x00" + string(noise),
	} {
		for _, typ := range []frame.Opcode{frame.Text, frame.Binary} {
			readings, _ := read(typ, in)
			for _, r := range readings {
				if r.Decoder != "protobuf" {
					t.Errorf("%.40q: %s %s", in, r.Decoder, r.Summary)
				}
			}
		}
	}
}

func TestInsideJSON(t *testing.T) {
	const object = `{\"a\":1}`
	payload := fmt.Sprintf(`{"json":"%s","token":"%s","b64":"%s","gz":"%s"}`, object, token, base64ed("readable text, really"), base64ed(gzipped(t, `[1,2]`)))
	readings, _ := read(frame.Text, payload)
	var b strings.Builder
	outline(t, &b, &readings[0].Root, "")
	want := `
 object 
  json string {"a":1}
    JSON object 
      a number 1
  token string ` + token + `
    JWT object  (signature not verified)
      header object 
        alg string HS256
        typ string JWT
      claims object 
        sub string 1234567890 (2009-02-13T23:31:30Z)
        name string John Doe
        iat number 1763719331 (2025-11-21T10:02:11Z)
        exp number 1763722931 (2025-11-21T11:02:11Z)
      signature bytes 49f94ac7044948c78a285d904f87f0a4c7897f7e8f3a4eb2255fda750b2cc397 (not verified)
  b64 string cmVhZGFibGUgdGV4dCwgcmVhbGx5
    base64 string readable text, really (21 bytes)
  gz string ` + base64ed(gzipped(t, `[1,2]`)) + `
    base64 bytes ` + fmt.Sprintf("%x", gzipped(t, `[1,2]`)) + ` (29 bytes)
      gzip string [1,2] (29 bytes inflate to 5)
        JSON array 
           number 1
           number 2
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// unfold opens every format within n and returns how many there were, and the
// last error.
func unfold(n decode.Node) (formats int, last error) {
	for {
		kids, err := n.Children(0, 1)
		if len(kids) == 0 {
			return formats, err
		}
		if n = kids[0]; n.KeyKind == decode.Inside {
			formats++
		}
	}
}

func TestWrappingIsBounded(t *testing.T) {
	t.Run("depth", func(t *testing.T) {
		payload := `{"a":1}`
		for range 20 {
			payload = gzipped(t, payload)
		}
		readings, _ := read(frame.Binary, payload)
		if got := strings.Count(readings[0].Decoder, "gzip"); got != 8 {
			t.Errorf("%d unwrapped: %s", got, readings[0].Decoder)
		}
	})
	t.Run("bomb", func(t *testing.T) {
		readings, _ := read(frame.Binary, gzipped(t, strings.Repeat("\x00", 64<<20)))
		if size := readings[0].Root.Size; size > 64<<20/3 || !strings.Contains(readings[0].Note, "left out") {
			t.Errorf("%d bytes, %s", size, readings[0].Note)
		}
	})
	t.Run("many bombs", func(t *testing.T) {
		bomb := base64ed(gzipped(t, strings.Repeat("bomb ", 6<<20/5)))
		payload := `["` + strings.Repeat(bomb+`","`, 99) + `"]`
		readings, _ := read(frame.Text, payload)
		held, refused := 0, 0
		for _, kid := range children(t, &readings[0].Root) {
			formats, err := unfold(kid)
			if err != nil {
				refused++
			}
			held += formats
		}
		if refused < 80 || held < 10 {
			t.Errorf("%d opened, %d refused", held, refused)
		}
	})
}

func FuzzWrapped(f *testing.F) {
	for _, seed := range []string{token, base64ed(`{"name":"sensor"}`), gzipped(f, `{"a":[1,2]}`), zlibbed(f, "some text"), base64ed(gzipped(f, `"x"`))} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, whole bool) {
		for _, typ := range []frame.Opcode{frame.Text, frame.Binary} {
			var s decode.Session
			readings, _ := s.Read(decode.Input{Type: typ, Payload: payload, Whole: whole})
			checkReadings(t, payload, readings)
		}
	})
}
