// Package rules changes traffic by rules a person wrote: a YAML text of rules,
// each with a filter and one action, from replacing a word to refusing a
// handshake. docs/rules.md teaches it.
//
// The package decides and does nothing itself: it is shown messages and
// handshakes and returns what is to be done with them. It promises that a set,
// once parsed, never fails and never panics, that every mistake in a text is
// refused with the line and column where it is, and that time and memory are
// bounded whatever a message holds. A rule that cannot do its work on a message,
// because the message is cut short or the result would be larger than MaxResult,
// leaves it alone and says so in its Status.
//
// It never touches a file or a socket, never starts a goroutine, never changes a
// message it was shown, and keeps no payload.
package rules
