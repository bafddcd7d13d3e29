// Package edit lets one payload be edited on a terminal: text as text, anything
// else as bytes in hexadecimal, and either of them in a file for another program.
//
// The bytes are the truth. The package promises that those nobody edited stay as
// they are, whatever they are: line ends of any kind, control characters, bytes
// that are not UTF-8. All of them can be seen, and none of them reaches a line as
// it is. It never touches a screen, never starts a program or a goroutine, and
// leaves no file behind.
package edit
