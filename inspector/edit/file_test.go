package edit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/inspector/edit"
)

// TestFile would catch a payload that changes on its way to another program and
// back, and a file that others can read.
func TestFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, payload := range untouched {
		for _, binary := range []bool{false, true} {
			f, err := edit.NewFile([]byte(payload), binary)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]os.FileMode{f.Path(): 0o600, filepath.Dir(f.Path()): 0o700 | os.ModeDir} {
				if info, err := os.Stat(path); err != nil || info.Mode() != want {
					t.Errorf("%s is %v (%v), want %v", path, info.Mode(), err, want)
				}
			}
			if got, added, err := f.Read(); err != nil || string(got) != payload || added {
				t.Errorf("%q was read as %q (%v)", payload, got, err)
			}
			if err := f.Remove(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Dir(f.Path())); !os.IsNotExist(err) {
				t.Errorf("the folder is still there: %v", err)
			}
		}
	}
}

// TestFileRead would catch an edit that is lost, and a line end that nobody wrote.
func TestFileRead(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, test := range []struct {
		name, before string
		binary       bool
		file         string // its name
		now          string // what is in it
		want         string
		added        bool
		fault        string
	}{
		{"line end added", "a", false, "payload.txt", "b\n", "b", true, ""},
		{"line end was there", "a\n", false, "payload.txt", "b\n", "b\n", false, ""},
		{"line end taken", "a\n", false, "payload.txt", "b", "b", false, ""},
		{"line ends wanted", "a", false, "payload.txt", "b\n\n", "b\n\n", false, ""},
		{"CRLF added", "a\r\nb", false, "payload.txt", "a\r\nc\r\n", "a\r\nc", true, ""},
		{"emptied", "a", false, "payload.txt", "\n", "", true, ""},
		{"JSON", `{"a":1}`, false, "payload.json", "{\n}\n", "{\n}", true, ""},
		{"no UTF-8", "\xff", false, "payload.hex", "00000000: ff 00\n", "\xff\x00", false, ""},
		{"bare digits", "a", true, "payload.hex", "DEad\n\n be  ef", "\xde\xad\xbe\xef", false, ""},
		{"other characters", "a", true, "payload.hex", "0: 62 |anything: 99|\n", "b", false, ""},
		{"no digit", "a", true, "payload.hex", "61\n0: 6g", "", false, `line 2: "6g" is not hexadecimal`},
		{"half a byte", "a", true, "payload.hex", "61 6\n", "", false, "line 1: 3 hexadecimal digits, an odd number"},
		{"hostile", "a", true, "payload.hex", "\x1b[2J" + strings.Repeat("x", 99), "", false, `line 1: "\x1b[2Jxxxxxxxxxxxx" is not hexadecimal`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := edit.NewFile([]byte(test.before), test.binary)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Remove()
			if got := filepath.Base(f.Path()); got != test.file {
				t.Errorf("the file is %s, want %s", got, test.file)
			}
			// As editors do it that keep the old file until the new one is written.
			if err := os.WriteFile(f.Path()+"~", []byte(test.now), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(f.Path()+"~", f.Path()); err != nil {
				t.Fatal(err)
			}
			got, added, err := f.Read()
			if fault := ""; err != nil {
				if fault = err.Error(); fault != test.fault {
					t.Errorf("the fault is %s, want %s", fault, test.fault)
				}
			} else if string(got) != test.want || added != test.added || test.fault != "" {
				t.Errorf("it was read as %q, %v, want %q, %v %s", got, added, test.want, test.added, test.fault)
			}
			if err := f.Remove(); err != nil {
				t.Fatal(err)
			}
			if err := f.Again(); err != nil {
				t.Fatal(err)
			}
			if again, err := os.ReadFile(f.Path()); err != nil || string(again) != test.now {
				t.Errorf("written again it is %q (%v), want %q", again, err, test.now)
			}
		})
	}
	if _, err := edit.NewFile(make([]byte, edit.MaxFile+1), false); err == nil {
		t.Error("a payload that is too large is written")
	}
	f, err := edit.NewFile([]byte("a"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Read(); err == nil {
		t.Error("a file that is gone is read")
	}
}

// FuzzDump would catch a dump that panics or is read back as other bytes.
func FuzzDump(f *testing.F) {
	f.Add([]byte("0123456789abcdef\x00|:\n"), []byte("00: 61|"))
	f.Fuzz(func(t *testing.T, payload, edited []byte) {
		file, err := edit.NewFile(payload, true)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Remove()
		if got, _, err := file.Read(); err != nil || string(got) != string(payload) {
			t.Fatalf("%q is read back as %q (%v)", payload, got, err)
		}
		if err := os.WriteFile(file.Path(), edited, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, _ = file.Read()
	})
}
