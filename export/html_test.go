package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/export"
	"github.com/wsluice/wsluice/frame"
)

var (
	scripts = regexp.MustCompile(`(?s)<script( type="application/json")?>(.*?)</script`)
	styles  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	policy  = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]+)"`)
)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageData returns the objects in a page, once it is sure that these, and one
// script the policy allows, are all there is.
func pageData(t testing.TB, page string) (objects []json.RawMessage) {
	t.Helper()
	found := scripts.FindAllStringSubmatch(page, -1)
	if n := strings.Count(strings.ToLower(page), "<script"); n != len(found) || strings.Count(strings.ToLower(page), "</script") != n {
		t.Fatalf("%d scripts begin, %d are whole", n, len(found))
	}
	allowed := policy.FindStringSubmatch(page)[1]
	for i, script := range found {
		if i == len(found)-1 {
			style := styles.FindStringSubmatch(page)[1]
			if script[1] != "" || !strings.Contains(allowed, "script-src "+hash(script[2])+";") || !strings.Contains(allowed, "style-src "+hash(style)+";") {
				t.Errorf("the policy %s does not fit", allowed)
			}
			break
		}
		if script[1] == "" || strings.ContainsAny(script[2], "<>&\u2028\u2029") {
			t.Errorf("block %d can be taken for more than data", i)
		}
		var block []json.RawMessage
		if err := json.Unmarshal([]byte(script[2]), &block); err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		objects = append(objects, block...)
	}
	if !strings.HasPrefix(allowed, "default-src 'none';") || strings.Contains(allowed, "unsafe") {
		t.Errorf("policy %s", allowed)
	}
	return objects
}

// Pitfall of every page that shows captured text: markup in it must stay text.
func TestHTMLHostile(t *testing.T) {
	hostile := `</script><script>alert(1)</script><!--<script>&amp;` + "\u2028\u2029\x00" + `<img src=x onerror=alert(2)>`
	var out bytes.Buffer
	w := export.NewHTML(&out)
	c := frame.Connection{ID: 1, State: frame.Closed, URL: "wss://h/" + hostile, Request: []frame.Field{{Name: hostile, Value: hostile}}}
	m := frame.Message{Conn: 1, Type: frame.Text, Payload: []byte(hostile), Time: at, Error: hostile, Size: uint64(len(hostile))}
	for range 3 {
		if err := w.Connection(&c); err != nil {
			t.Fatal(err)
		}
		if err := w.Message(&m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	objects := pageData(t, out.String())
	if len(objects) != 6 {
		t.Fatalf("%d objects", len(objects))
	}
	var gotC frame.Connection
	var gotM frame.Message
	if err := json.Unmarshal(objects[4], &gotC); err != nil || gotC.URL != c.URL || gotC.Request[0] != c.Request[0] {
		t.Errorf("%+v, %v", gotC, err)
	}
	if err := json.Unmarshal(objects[5], &gotM); err != nil || string(gotM.Payload) != hostile || gotM.Error != hostile {
		t.Errorf("%+v, %v", gotM, err)
	}
}

// A page of many messages is in blocks that a browser reads one by one, and of a
// long payload holds the beginning, as it says.
func TestHTMLLarge(t *testing.T) {
	var out bytes.Buffer
	w := export.NewHTML(&out)
	long := frame.Message{Type: frame.Text, Payload: bytes.Repeat([]byte("wörter<"), 20_000), Size: 160_000, Time: at}
	for range 30 {
		if err := w.Message(&long); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	objects := pageData(t, out.String())
	var m frame.Message
	if err := json.Unmarshal(objects[29], &m); err != nil || len(objects) != 30 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	if !m.Truncated || m.Size != 160_000 || len(m.Payload) > 64<<10 || len(m.Payload) < 64<<10-4 || len(long.Payload) != 160_000 {
		t.Errorf("%d bytes of %d", len(m.Payload), m.Size)
	}
	if blocks := len(scripts.FindAllString(out.String(), -1)); blocks < 4 || blocks > 20 {
		t.Errorf("%d blocks", blocks)
	}
}

// A page without a message is a page.
func TestHTMLEmpty(t *testing.T) {
	var out bytes.Buffer
	if err := export.NewHTML(&out).Close(); err != nil || len(pageData(t, out.String())) != 0 || !strings.HasSuffix(out.String(), "</html>\n") {
		t.Errorf("%v: %s", err, &out)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("</script>", []byte("&lt;<>"), uint8(1))
	f.Fuzz(func(t *testing.T, url string, payload []byte, opcode uint8) {
		var out bytes.Buffer
		w := export.NewHTML(&out)
		_ = w.Connection(&frame.Connection{State: frame.State(url), URL: url})
		_ = w.Message(&frame.Message{Type: frame.Opcode(opcode & 15), Payload: payload, Time: at})
		_ = w.Close()
		objects := pageData(t, out.String())
		var m frame.Message
		if err := json.Unmarshal(objects[1], &m); err != nil || !bytes.Equal(m.Payload, payload) {
			t.Fatalf("%q came back as %q: %v", payload, m.Payload, err)
		}
	})
}
