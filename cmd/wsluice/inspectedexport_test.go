package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/store"
)

// TestInspectedExport would catch an export from the inspector that is another than
// that of the command, and messages that it was not to have.
func TestInspectedExport(t *testing.T) {
	path := recordShopping(t, openShop(t, false))
	reader, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	acts := intervene(path)
	defer acts.close()
	c := inspected{reader, acts}
	export := func(o inspector.ExportOrder) (text, note string) {
		t.Helper()
		var out bytes.Buffer
		note, err := c.Export(t.Context(), o, &out, func(part float64, _ uint64) {
			if part < 0 || part > 1 {
				t.Errorf("progress %v", part)
			}
		})
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		return out.String(), note
	}
	for _, format := range []string{"jsonl", "text", "har", "html", "pcapng", "raw", "snippet"} {
		args := []string{"export", "1", "--capture", path, "--format", format}
		redact := format != "pcapng"
		language := ""
		if format == "snippet" {
			language = "go"
			args = append(args, "--lang", language)
		}
		if redact {
			args = append(args, "--redact")
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, os.Stdin, &out, &errs); code != exitDone {
			t.Fatalf("%s: exit %d, %s", format, code, errs.String())
		}
		text, note := export(inspector.ExportOrder{Format: format, Language: language, Conn: 1, Redact: redact})
		if text != out.String() {
			t.Errorf("%s: the inspector writes\n%s\nthe command\n%s", format, text, out.String())
		}
		if got := strings.TrimSpace(strings.ReplaceAll(errs.String(), "wsluice: ", "")); note != got {
			t.Errorf("%s: the inspector says %q, the command %q", format, note, got)
		}
	}
	side := frame.Client
	if text, _ := export(inspector.ExportOrder{Format: "raw", Conn: 1, Side: &side}); text != `{"session":"s-77777","of":"tea"}{"session":"s-77777","of":"milk"}` {
		t.Errorf("the client's side is %s", text)
	}
	for _, format := range []string{"raw", "jsonl", "har"} {
		text, _ := export(inspector.ExportOrder{Format: format, Conn: 1, Only: 2})
		if !strings.Contains(text, "tea") || strings.Contains(text, "milk") || strings.Contains(text, "price\\\"") {
			t.Errorf("message 2 as %s is\n%s", format, text)
		}
	}
	if text, _ := export(inspector.ExportOrder{Format: "jsonl", Conn: 1, Opcodes: 1 << frame.Close}); strings.Contains(text, "tea") || !strings.Contains(text, `"code":1000`) {
		t.Errorf("the close is\n%s", text)
	}
	if _, err := c.Export(t.Context(), inspector.ExportOrder{Format: "raw"}, &bytes.Buffer{}, nil); err == nil {
		t.Error("payloads of all connections were written")
	}
}

// TestInspectedFiles would catch names that lead nowhere.
func TestInspectedFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Chdir(dir)
	for _, name := range []string{"one", ".hidden"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join("only", "two"), 0o700); err != nil {
		t.Fatal(err)
	}
	sep := string(filepath.Separator)
	for _, test := range []struct {
		beginning string
		want      []string
	}{
		{"", []string{"one", "only" + sep}},
		{"onl", []string{"only" + sep}},
		{".h", []string{".hidden"}},
		{"only" + sep, []string{"only" + sep + "two" + sep}},
		{"~" + sep + "one", []string{"~" + sep + "one"}},
		{"none" + sep, nil},
	} {
		if got := (inspected{}).Files(t.Context(), test.beginning); !slices.Equal(got, test.want) {
			t.Errorf("%q could be %q, want %q", test.beginning, got, test.want)
		}
	}
}
