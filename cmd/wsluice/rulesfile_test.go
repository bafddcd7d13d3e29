package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/proxy/rules"
)

// inForce is a proxy's set of rules.
type inForce struct {
	set  *rules.Set
	sets int // how often it was set
}

func (f *inForce) Rules() *rules.Set     { return f.set }
func (f *inForce) SetRules(s *rules.Set) { f.set, f.sets = s, f.sets+1 }

// names lists the rules in force.
func (f *inForce) names() string {
	var names []string
	for _, r := range f.set.Rules() {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

// TestRulesFile catches a file whose change is missed, judged while it is being
// written, told of twice, or lets go of rules although it is wrong or gone.
func TestRulesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(text string) {
		t.Helper()
		beside := path + "~"
		if err := os.WriteFile(beside, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(beside, path); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	const one, two, wrong = "rules: [{name: one, drop: true}]", "rules: [{name: two, drop: true}]", "rules: [{name: bad, dorp: true}]"
	write(one)
	f, err := new(program).readRulesFile(path)
	if err != nil {
		t.Fatal(err)
	}
	of := &inForce{set: f.first}
	var log bytes.Buffer
	steps := []struct {
		do    func(string)
		text  string
		looks int
		names string // in force then
		sets  int    // so far
		log   string // what is told, "" for nothing
		fault string // what is said of the file
	}{
		{looks: 5, names: "one"},
		{do: write, text: two, looks: 1, names: "one"},
		{looks: 1, names: "two", sets: 1, log: "rules loaded"},
		{looks: 5, names: "two", sets: 1},
		{do: write, text: wrong[:20], looks: 1, names: "two", sets: 1},
		{do: write, text: one, looks: 1, names: "two", sets: 1},
		{looks: 1, names: "one", sets: 2, log: "rules loaded"},
		{do: write, text: wrong, looks: 9, names: "one", sets: 2, log: "rules not loaded", fault: "rules.yaml:1:21:"},
		{do: replace, text: two, looks: 2, names: "two", sets: 3, log: "rules loaded"},
		{do: remove, looks: 1, names: "two", sets: 3},
		{do: write, text: two, looks: 5, names: "two", sets: 3},
		{do: remove, looks: 9, names: "two", sets: 3, log: "rules not loaded", fault: "no such file"},
		{do: write, text: two, looks: 2, names: "two", sets: 4, log: "rules loaded"},
		{do: write, text: strings.Repeat("#", rules.MaxText+1), looks: 3, names: "two", sets: 4, log: "rules not loaded", fault: "more than 1048576"},
		{do: write, text: "", looks: 3, names: "two", sets: 4, log: "rules not loaded", fault: "rules.yaml:1:1:"},
		{do: write, text: "rules: []", looks: 2, names: "", sets: 5, log: "rules loaded"},
	}
	for i, s := range steps {
		log.Reset()
		if s.do != nil {
			s.do(s.text)
		}
		for range s.looks {
			f.look(of, newLogger(&log))
		}
		if of.names() != s.names || of.sets != s.sets {
			t.Errorf("step %d: %q is in force, set %d times, want %q, %d", i, of.names(), of.sets, s.names, s.sets)
		}
		if lines := strings.Count(log.String(), "\n"); !strings.Contains(log.String(), s.log) || (s.log == "") != (lines == 0) || lines > 1 {
			t.Errorf("step %d: told %q, want %q once", i, log.String(), s.log)
		}
		if got := f.problem(); !strings.Contains(got, s.fault) || (s.fault == "") != (got == "") {
			t.Errorf("step %d: the fault is %q, want %q", i, got, s.fault)
		}
	}
}

// TestRulesFileSwitched catches a reload that forgets which rules were switched
// off.
func TestRulesFileSwitched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules: [{name: one, drop: true}]")
	f, err := new(program).readRulesFile(path)
	if err != nil {
		t.Fatal(err)
	}
	of := &inForce{set: f.first}
	if err := of.set.Switch("one", false); err != nil {
		t.Fatal(err)
	}
	write("rules: [{name: one, drop: true}, {name: two, drop: true}]")
	for range 2 {
		f.look(of, newLogger(io.Discard))
	}
	if list := of.set.Rules(); len(list) != 2 || list[0].On || !list[1].On {
		t.Errorf("after the reload there are %+v", list)
	}
}
