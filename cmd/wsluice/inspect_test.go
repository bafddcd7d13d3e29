package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/inspector/rows"
	"github.com/wsluice/wsluice/store"
)

// TestInspectExitCode would catch a script that cannot tell an inspector without a
// terminal from one that a person has quit.
func TestInspectExitCode(t *testing.T) {
	t.Setenv("WSLUICE_HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"inspect"}, os.Stdin, &stdout, &stderr); code != exitUsage || stdout.Len() > 0 {
		t.Errorf("exit code %d, stdout %q, stderr %q; want %d and nothing on stdout", code, stdout.String(), stderr.String(), exitUsage)
	}
}

// TestUTF8Terminal would catch line drawing on a terminal that shows it as noise,
// and the lack of it on one that does not.
func TestUTF8Terminal(t *testing.T) {
	for _, c := range []struct {
		all, ctype, lang string
		want             bool
	}{
		{"", "", "en_GB.UTF-8", true},
		{"", "", "de_DE.utf8", true},
		{"", "", "C", false},
		{"", "", "", false},
		{"", "C.UTF-8", "C", true},
		{"", "C", "en_GB.UTF-8", false},
		{"POSIX", "C.UTF-8", "C.UTF-8", false},
		{"C.UTF-8", "C", "C", true},
	} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_CTYPE", c.ctype)
		t.Setenv("LANG", c.lang)
		if got := utf8Terminal(); got != c.want {
			t.Errorf("LC_ALL=%s LC_CTYPE=%s LANG=%s: %v, want %v", c.all, c.ctype, c.lang, got, c.want)
		}
	}
}

// TestCreate would catch a file that has its name before it is whole, one that is
// replaced without having been asked for, and what a failure leaves behind.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir) // where Windows has it
	t.Chdir(dir)
	var c inspected
	write := func(text string) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, err := os.Stat("new"); err == nil && text == "first" {
				t.Error("the file has its name before it is whole")
			}
			_, err := io.WriteString(w, text)
			return err
		}
	}
	create := func(name string, overwrite bool, write func(io.Writer) error) error {
		path, err := c.Create(t.Context(), name, overwrite, write)
		if !filepath.IsAbs(path) {
			t.Errorf("%s: the path is %q", name, path)
		}
		return err
	}
	holds := func(name, want string) {
		t.Helper()
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s holds %q (%v), want %q", name, text, err, want)
		}
	}
	if err := create("new", false, write("first")); err != nil {
		t.Fatal(err)
	}
	if err := create("new", false, write("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	holds("new", "first")
	if err := create("~/new", true, write("third")); err != nil {
		t.Fatal(err)
	}
	holds("new", "third")
	full := errors.New("disk full")
	if err := create("new", true, func(io.Writer) error { return full }); !errors.Is(err, full) {
		t.Errorf("a failure is told as %v", err)
	}
	holds("new", "third")
	if err := create(filepath.Join("no", "folder"), false, write("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestInspectedMessages would catch a walk that goes over its bound, or loses the
// message it stopped at.
func TestInspectedMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "capture.db")
	recorder, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tape, err := recorder.Open(&frame.Connection{State: frame.Open, URL: "ws://test/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		h := frame.Header{Fin: true, Opcode: frame.Text, Length: 1}
		tape.Append(frame.Server, time.Unix(1_700_000_000, 0), append(h.Append(nil), text...))
	}
	tape.Close(frame.End{Time: time.Unix(1_700_000_000, 0)})
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	acts := intervene(path)
	defer acts.close()
	var source inspector.Source = inspected{reader, acts}
	walk := source.Messages(t.Context(), rows.Query{Conn: 1})
	defer walk.Close()
	var got []byte
	for _, until := range []uint64{3, 3, 4, 0} {
		walk.Until(until)
		for walk.Next() {
			got = append(got, walk.Message().Payload...)
		}
		got = append(got, '|')
	}
	if err := walk.Err(); err != nil || string(got) != "12||3|45|" {
		t.Errorf("the walk gave %q (%v), want 12||3|45|", got, err)
	}
}
