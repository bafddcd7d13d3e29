// Package keys is the one table of what keys do in the inspector. The help page,
// the hint bar, docs/keys.md and the user's own bindings all come out of it.
//
// The package promises that within a screen a key never means two things, and
// that every action can be bound anew. It draws nothing and does nothing: a key
// press becomes the name of an action, no more.
package keys
