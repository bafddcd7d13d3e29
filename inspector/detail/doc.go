// Package detail makes lines of one message that is looked at closely: its text,
// the trees decoders made of it, its bytes in hexadecimal, and its frames bit by
// bit.
//
// Prepare does what takes time and can be cancelled; a Pane then answers every
// key and draws every screen in a time that follows the screen and not the
// payload, up to 256 MiB.
//
// The package promises that no line is wider than was asked for, that captured
// bytes are in lines only as decode.AppendVisible writes them, and that no
// meaning rests on a style alone. It never changes a byte, touches a screen or a
// capture, and never starts a goroutine.
package detail
