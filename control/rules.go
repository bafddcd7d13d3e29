package control

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/proxy/rules"
)

// RuleBook is the set of rules in force.
type RuleBook struct {
	// Source is what the set is called, such as the file it is from; Text is the
	// YAML it was made of. Both are "" when there is none.
	Source string `json:"source"`
	Text   string `json:"text"`
	// Error says why a newer text of a file that is watched is not in force.
	Error string `json:"error,omitempty"`
	// Rules are in the order of the text.
	Rules []Rule `json:"rules"`
}

// Rule is one of them.
type Rule struct {
	Name string `json:"name"`
	// When is a filter, From "client", "server", "both" or "handshake", Does what
	// it does in words.
	When string `json:"when"`
	From string `json:"from"`
	Does string `json:"does"`
	// Line is where in the text it begins, from 1.
	Line int  `json:"line"`
	On   bool `json:"on"`
	// Hits is how often it acted, Most how often it does at most, 0 for no bound.
	Hits uint64 `json:"hits"`
	Most uint64 `json:"most"`
	// Failed is how often it should have acted and could not, Failure why.
	Failed  uint64 `json:"failed,omitempty"`
	Failure string `json:"failure,omitempty"`
}

// maxRules bounds the body of POST /v1/rules: a text of a mebibyte, escaped.
const maxRules = 4 << 20

// rulesRequest is the body of POST /v1/rules.
type rulesRequest struct {
	Source string `json:"source"`
	Text   string `json:"text"`
}

// ruleRequest is the body of POST /v1/rule.
type ruleRequest struct {
	Name string `json:"name"`
	On   *bool  `json:"on"`
}

// Rules returns the rules in force.
func (c *Client) Rules(ctx context.Context) (RuleBook, error) {
	var book RuleBook
	err := c.get(ctx, "/v1/rules", nil, &book)
	return book, err
}

// SetRules puts the rules of a YAML text in force, in place of those before; ""
// stands for none. Source is what they are to be called. An error names line and
// column, and changes nothing.
func (c *Client) SetRules(ctx context.Context, source, text string) error {
	var book RuleBook
	return c.ask(ctx, http.MethodPost, "/v1/rules", nil, rulesRequest{source, text}, &book)
}

// SwitchRule switches a rule on or off.
func (c *Client) SwitchRule(ctx context.Context, name string, on bool) error {
	var done Rule
	return c.ask(ctx, http.MethodPost, "/v1/rule", nil, ruleRequest{name, &on}, &done)
}

// rules answers with the rules in force.
func (s *Server) rules(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	return a.json(s.ruleBook(acts.Rules()))
}

func (s *Server) ruleBook(set *rules.Set) RuleBook {
	book := RuleBook{Rules: []Rule{}}
	if set != nil {
		book.Source, book.Text = set.Name(), set.Text()
		for _, r := range set.Rules() {
			book.Rules = append(book.Rules, Rule(r))
		}
	}
	if s.options.RulesError != nil {
		book.Error = s.options.RulesError()
	}
	return book
}

// setRules puts a set in force.
func (s *Server) setRules(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	r := rulesRequest{Source: "rules"}
	if err := a.arguments(&r, maxRules); err != nil {
		return err
	}
	s.ruling.Lock()
	defer s.ruling.Unlock()
	var set *rules.Set
	if strings.TrimSpace(r.Text) != "" {
		if set, err = rules.Parse(r.Source, []byte(r.Text)); err != nil {
			return rulesProblem(err)
		}
		set.Inherit(acts.Rules())
	}
	acts.SetRules(set)
	return a.json(s.ruleBook(set))
}

// rulesProblem is what is wrong with a text of rules.
func rulesProblem(err error) error {
	hint := "see docs/rules.md for what a rule can say"
	if e, ok := errors.AsType[*rules.Error](err); ok && e.Suggestion != "" {
		hint = e.Suggestion
	}
	return badRequest(hint, "%v", err)
}

// switchRule switches a rule on or off.
func (s *Server) switchRule(a *answer) error {
	acts, err := s.acting()
	if err != nil {
		return err
	}
	var r ruleRequest
	if err := a.arguments(&r, maxBody); err != nil {
		return err
	}
	if r.Name == "" || r.On == nil {
		return badRequest(`send {"name":"…","on":true}, or false`, "which rule, and on or off?")
	}
	s.ruling.Lock()
	defer s.ruling.Unlock()
	set := acts.Rules()
	named := func(one rules.Status) bool { return one.Name == r.Name }
	if set == nil || !slices.ContainsFunc(set.Rules(), named) {
		return &problem{Text: "there is no rule " + r.Name, Hint: "GET /v1/rules lists the rules", Code: "no_rule", status: http.StatusNotFound}
	}
	if err := set.Switch(r.Name, *r.On); err != nil {
		return err
	}
	// Connections ask the rules anew, which may be those of a file that has changed
	// meanwhile; they took over the switch.
	acts.SetRules(acts.Rules())
	list := set.Rules()
	return a.json(Rule(list[slices.IndexFunc(list, named)]))
}

// on returns how many rules of a set are on; nil has none.
func on(set *rules.Set) int {
	if set == nil {
		return 0
	}
	n := 0
	for _, r := range set.Rules() {
		if r.On {
			n++
		}
	}
	return n
}
