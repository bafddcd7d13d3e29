// Package rows is the list of messages the inspector shows, without a screen.
//
// A List is a window on a capture: it holds the messages around those that are
// shown and reads others as they are needed, so that its memory and its answers
// do not depend on how long the capture is. It reads in goroutines of its own.
// What they read becomes part of the list when Update takes it over, so that
// between a draw and a key press no row changes its meaning.
//
// The package promises that no method of a List but Close waits for anything;
// that the selection is a message and not a line, so that no traffic, size or
// filter moves it to another as long as that one is in the list; that rows are in
// the order of the capture without a gap, but for what a connection leaves
// unfinished, which may be missing until its place is read again; that all that is
// under way can be stopped within the time of one read; and that memory stays
// bounded whatever is captured.
//
// It never draws, never interprets a payload, never keeps more of one than a
// preview, and never writes to a capture.
package rows
