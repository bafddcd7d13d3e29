// Package filter is the one expression language over messages, frames and
// connections: what every list, export, rule and assertion of wsluice selects
// with. docs/filters.md teaches it.
//
// A filter is a text. Plain words search the payload for themselves, /re/ is a
// regular expression, and a condition over the names of the tables in fields.go
// and names.go is an expression of expr-lang/expr: its lexer, parser and type
// checker read it. The evaluator is the package's own, because a filter is asked
// once for each of millions of messages that somebody else wrote: it takes no
// memory for that, and it can be stopped anywhere. Where both have an answer it
// is the one expr's own machine gives.
//
// The package promises that a filter, once parsed, never fails and never
// panics. What cannot be evaluated does not match. Length, nesting, regular
// expressions, steps, memory and JSON are bounded, so that neither a hostile
// expression nor a hostile message takes more than a few seconds and 256 MiB.
// A Need is never stronger than its filter.
//
// It never writes, never touches a file or a socket, never starts a goroutine,
// and keeps nothing of what it was given to look at.
package filter
