package rules

import "go.yaml.in/yaml/v4"

// subject is what an action is about.
type subject uint8

const (
	messages subject = iota
	connections
	handshakes
)

// action is what a rule does. It never changes.
type action interface {
	of() subject
	// does says in words what it does.
	does() string
}

// actions are all there are, by the name they have in a text.
var actions = map[string]func(*reader, *yaml.Node) action{
	"drop": readDrop,
}
