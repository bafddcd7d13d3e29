package control

import (
	"errors"
	"os"
	"testing"

	"github.com/wsluice/wsluice/store"
)

// TestSameRows reads one capture in the recorder's process, over the socket,
// with Open while it is recorded, and at rest. It would catch anything that is
// lost or changed on its way.
func TestSameRows(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 1, 3000)
	r.Log(store.Event{Time: epoch, Level: store.LevelWarning, Message: "odd <thing>", Attrs: []store.Attr{{Key: "b", Value: "2"}, {Key: "a", Value: "\x1b[31m"}}})
	r.sync(t)

	local := r.Reader()
	want := everything(t, t.Context(), local)
	if err := local.Close(); err != nil {
		t.Fatal(err)
	}
	if len(want) < 1<<20 {
		t.Fatalf("only %d bytes to compare", len(want))
	}

	client, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	remote := store.NewReader(client)
	same(t, "what comes over the socket", everything(t, t.Context(), remote), want)
	// Again, with blocks the reader already has.
	same(t, "what comes over the socket a second time", everything(t, t.Context(), remote), want)
	if err := remote.Close(); err != nil {
		t.Fatal(err)
	}

	opened, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	same(t, "what Open gives live", everything(t, t.Context(), opened), want)
	// The recorder ends what is open, so that this is what a capture without a
	// recorder says now.
	r.close(t)
	rest, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want = everything(t, t.Context(), rest)
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "what Open gives at rest", everything(t, t.Context(), opened), want)
}

// TestErrorsOverSocket checks that errors are the same from afar.
func TestErrorsOverSocket(t *testing.T) {
	path := capturePath(t)
	r := record(t, path, Options{})
	r.mixed(t, 2, 10)
	client, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	remote, local := store.NewReader(client), r.Reader()
	defer remote.Close()
	defer local.Close()
	for _, c := range []struct {
		name string
		want error
		call func(*store.Reader) error
	}{
		{"connection", store.ErrNoConnection, func(r *store.Reader) error { _, err := r.Conn(t.Context(), 99); return err }},
		{"count", store.ErrNoConnection, func(r *store.Reader) error { _, err := r.Count(t.Context(), 99); return err }},
		{"payload", store.ErrNoFrame, func(r *store.Reader) error { _, err := r.Payload(t.Context(), 1<<60); return err }},
		{"stored", store.ErrCorrupt, func(r *store.Reader) error { _, _, err := client.Stored(t.Context(), 1); return err }},
	} {
		got := c.call(remote)
		if !errors.Is(got, c.want) {
			t.Errorf("%s: error %v over the socket, want %v", c.name, got, c.want)
		}
		if c.name != "stored" && got.Error() != c.call(local).Error() {
			t.Errorf("%s: error %q over the socket, %q without", c.name, got, c.call(local))
		}
	}
	r.close(t)
	if _, err := client.Count(t.Context(), 0); !errors.Is(err, ErrNotRecording) {
		t.Errorf("error %v from a recorder that is gone, want ErrNotRecording", err)
	}
	if _, err := Dial(t.Context(), path); !errors.Is(err, ErrNotRecording) {
		t.Errorf("error %v without a recorder, want ErrNotRecording", err)
	}
	if _, err := Dial(t.Context(), path+".missing"); !errors.Is(err, ErrNotRecording) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v without a capture, want ErrNotRecording and ErrNotExist", err)
	}
}
