package control

import (
	"context"
	"net/http"
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
	// When is a filter, From a side or "" for both, Does what it does in words.
	When string `json:"when"`
	From string `json:"from"`
	Does string `json:"does"`
	// Line is where in the text it begins, from 1.
	Line int  `json:"line"`
	On   bool `json:"on"`
	// Hits is how often it acted, Most how often it does at most, 0 for no bound.
	Hits uint64 `json:"hits"`
	Most uint64 `json:"most"`
}

type rulesRequest struct {
	Source string `json:"source"`
	Text   string `json:"text"`
}

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
