// Package inspector draws captures in the terminal and lets people browse them
// with keys, live and at rest.
//
// It promises that nothing captured acts on the terminal, that no key press
// waits for a capture, a file or a process, that new traffic never moves what
// somebody looks at, that leaving it releases what it holds, and that the terminal
// is left as it was found however the program ends.
//
// It never opens a file, reads an environment variable or knows where a capture
// is: it reads from a Source and asks its Actions for everything that changes
// something.
//
// Within, data flows one way. Package rows keeps the window of messages that is
// shown, package detail the one looked at; screens make lines of package draw
// from them, at most 30 times a second, on the one goroutine that also handles
// keys. Whatever takes time runs on a worker and posts its result to that
// goroutine. Package keys says what a key means.
package inspector
