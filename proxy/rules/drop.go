package rules

import "go.yaml.in/yaml/v4"

type drop struct{}

func readDrop(r *reader, n *yaml.Node) action {
	r.must(n, "drop")
	return drop{}
}

func (drop) of() subject  { return messages }
func (drop) does() string { return "keeps it from its receiver" }
