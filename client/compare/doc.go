// Package compare tells whether two messages say the same, and in what two
// conversations differ.
//
// Rules say what does not count: JSON paths, regular expressions, values that are
// ids or times. Same holds one message against another, Matches does it as
// loosely as a Match says, and Conversations aligns all messages of one connection
// with those of another. What is JSON is compared by what it says: the order of
// members, white space and the way a number or a string is written are no
// difference.
//
// The package promises to take time in proportion to what it is given, apart from
// parts that are bounded: neither a hostile message nor a hostile conversation
// makes it quadratic. JSON is nested at most MaxDepth deep and has at most
// MaxValues values; what has more is compared as text. It never touches a
// file or a socket, never starts a goroutine, and never changes what it is given.
// The values in its results are captured bytes: they are to be made harmless
// before they reach a terminal.
package compare
