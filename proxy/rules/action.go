package rules

import "go.yaml.in/yaml/v4"

// subject is what an action is about.
type subject uint8

const (
	messages    subject = iota
	connections         // as long as they are open
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
	"answer":    readAnswer,
	"close":     readClose,
	"corrupt":   readCorrupt,
	"delay":     readDelay,
	"drop":      readDrop,
	"duplicate": readDuplicate,
	"headers":   readHeaders,
	"map":       readMap,
	"refuse":    readRefuse,
	"reorder":   readReorder,
	"replace":   readReplace,
	"reset":     readReset,
	"silence":   readSilence,
	"split":     readSplit,
	"throttle":  readThrottle,
	"truncate":  readTruncate,
}
