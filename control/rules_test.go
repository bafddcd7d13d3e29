package control

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const someRules = `rules:
  - name: no ads
    when: json.type == "ad"
    from: server
    drop: true
  - name: spare
    off: true
    drop: true
`

// TestRules puts rules in force over the socket, switches them, and replaces them.
// It would catch a text that is not in force as it was sent, a wrong one that is,
// and hits that are lost.
func TestRules(t *testing.T) {
	f, r, client := played(t, Options{RulesError: func() string { return "rules.yaml:3:1: odd" }})
	book, err := client.Rules(t.Context())
	if want := (RuleBook{Error: "rules.yaml:3:1: odd", Rules: []Rule{}}); err != nil || !reflect.DeepEqual(book, want) {
		t.Fatalf("without rules: %+v, %v", book, err)
	}
	if err := client.SetRules(t.Context(), "rules.yaml", someRules); err != nil {
		t.Fatal(err)
	}
	ad := frame.Message{From: frame.Server, Type: frame.Text, Payload: []byte(`{"type":"ad"}`)}
	if got := f.Rules().Open(&frame.Connection{ID: 1}).Apply(&ad, time.Now()); !got.Drop {
		t.Errorf("the rules in force do %+v", got)
	}
	check := func(what string, on ...bool) {
		t.Helper()
		book, err := client.Rules(t.Context())
		if err != nil || book.Source != "rules.yaml" || !strings.HasPrefix(book.Text, someRules) || len(book.Rules) < 2 {
			t.Fatalf("%s: %+v, %v", what, book, err)
		}
		first := book.Rules[0]
		if first.Name != "no ads" || first.When != `json.type == "ad"` || first.From != "server" || first.Does == "" || first.Line != 2 || first.Hits != 1 {
			t.Errorf("%s: first rule %+v", what, first)
		}
		n := 0
		for i := range on {
			if book.Rules[i].On != on[i] {
				t.Errorf("%s: rule %q is on: %v", what, book.Rules[i].Name, book.Rules[i].On)
			}
			if on[i] {
				n++
			}
		}
		if status, err := client.Status(t.Context()); err != nil || status.Rules != n {
			t.Errorf("%s: status has %d rules, %v, want %d", what, status.Rules, err, n)
		}
	}
	check("set", true, false)
	sets := f.sets
	for _, row := range []struct {
		name string
		on   bool
	}{{"spare", true}, {"no ads", false}} {
		if err := client.SwitchRule(t.Context(), row.name, row.on); err != nil {
			t.Fatal(err)
		}
	}
	check("switched", false, true)
	if f.sets != sets+2 {
		t.Error("connections were not made to ask the rules anew")
	}
	if err := client.SwitchRule(t.Context(), "nobody", true); err == nil || !strings.Contains(err.Error(), "no rule nobody") {
		t.Errorf("switching a rule that is not there: %v", err)
	}
	if err := client.SetRules(t.Context(), "new.yaml", "rules:\n  - drip: true\n"); err == nil || !strings.Contains(err.Error(), "new.yaml:2:5") {
		t.Errorf("a wrong text: %v", err)
	}
	check("after a wrong text", false, true)
	if err := client.SetRules(t.Context(), "rules.yaml", someRules+"  - name: third\n    drop: true\n"); err != nil {
		t.Fatal(err)
	}
	check("again with one more", false, true, true)

	c := knock(t, r.server.options.Path)
	for _, row := range []complaint{
		{"/v1/rules", `{"text":"rules:\n  - drip: true\n"}`, 400, "rules:2:5", "drop"},
		{"/v1/rules", `{"text":"rules: []","sauce":"x"}`, 400, "sauce", ""},
		{"/v1/rules", `{"text":"` + strings.Repeat("#", maxRules) + `"}`, 400, "cannot be read", ""},
		{"/v1/rule", `{"on":true}`, 400, "which rule", ""},
		{"/v1/rule", `{"name":"spare"}`, 400, "on or off", ""},
		{"/v1/rule", `{"name":"odd","on":true}`, 404, "no rule odd", "GET /v1/rules"},
	} {
		row.check(t, c)
	}
	check("after mistakes", false, true, true)
	status, body := post(t, c, "/v1/rule", `{"name":"spare","on":false}`)
	var one Rule
	if err := json.Unmarshal([]byte(body), &one); err != nil || status != 200 || one.Name != "spare" || one.On {
		t.Errorf("status %d, %s", status, body)
	}
	if err := client.SetRules(t.Context(), "", ""); err != nil || f.Rules() != nil {
		t.Errorf("taking the rules away: %v", err)
	}
	if err := client.SwitchRule(t.Context(), "spare", true); err == nil {
		t.Error("a rule that was taken away can be switched")
	}
}

// TestRulesTogether has rules replaced while they are switched: a switch must not
// bring rules back that were replaced meanwhile.
func TestRulesTogether(t *testing.T) {
	f, _, client := played(t, Options{})
	if err := client.SetRules(t.Context(), "rules 0", someRules); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, name := range []string{"no ads", "spare"} {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := client.SwitchRule(t.Context(), name, n%2 == 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 200 {
		name := fmt.Sprintf("rules %d", n+1)
		if err := client.SetRules(t.Context(), name, someRules); err != nil {
			t.Error(err)
		}
		if got := f.Rules().Name(); got != name {
			t.Errorf("%s is in force after %s was set", got, name)
			break
		}
	}
	close(stop)
	all.Wait()
}
