package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/store"
)

// TestInspectedDiff would catch a comparison in the inspector that is another than
// that of the command, and one whose messages cannot be loaded later.
func TestInspectedDiff(t *testing.T) {
	s := openShop(t, false)
	path := recordShopping(t, s)
	s.price.Store(120)
	if code, _, errs := runReplay(t, path, "--ignore", "$.session"); code != exitUnexpected {
		t.Fatalf("exit %d, %s", code, errs)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"diff", "1", "2", "--capture", path, "--json", "--ignore", "$.session"}, os.Stdin, &out, &errs); code != exitFailed {
		t.Fatalf("exit %d, %s", code, errs.String())
	}
	reader, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	acts := intervene(path)
	defer acts.close()
	c := inspected{reader, acts}
	diff := func(ignore ...string) inspector.Comparison {
		t.Helper()
		d, err := c.Diff(t.Context(), 1, 2, inspector.DiffOrder{Ignore: ignore}, func(part float64) {
			if part < 0 || part > 1 {
				t.Errorf("progress %v", part)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diff("$.session")
	for range 2 {
		var text bytes.Buffer
		if err := d.WriteJSON(t.Context(), &text); err != nil || text.String() != out.String() {
			t.Errorf("the inspector writes (%v)\n%s\nthe command\n%s", err, text.String(), out.String())
		}
	}
	var prices int
	for n := range d.Pairs() {
		changes, _, err := d.Changes(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			if p := d.Pair(n); p.Outcome == inspector.DiffDiffers && change.Path == "$.price" && change.JSON && *change.Left == "100" && *change.Right == "120" {
				prices++
			}
		}
	}
	if prices != 2 {
		t.Errorf("%d prices differ, want 2", prices)
	}
	d = diff("$.session", "$..price")
	for n := range d.Pairs() {
		if p := d.Pair(n); p.Outcome == inspector.DiffDiffers {
			t.Errorf("pair %+v", p)
		}
	}
	for _, order := range []inspector.DiffOrder{{Ignore: []string{"price"}}} {
		if _, err := c.Diff(t.Context(), 1, 2, order, func(float64) {}); err == nil {
			t.Errorf("%+v is no path and was taken", order)
		}
	}
	if _, err := c.Diff(t.Context(), 1, 9, inspector.DiffOrder{}, func(float64) {}); err == nil {
		t.Error("connection 9 was compared")
	}
}
