// Package draw puts lines of styled text on a terminal screen.
//
// Everything the inspector shows is a Line: spans of text, each with a Style
// that says what the text is and not what it looks like. A Theme gives styles
// their looks. So what a screen shows can be computed and tested without a
// screen, and no meaning ever hangs on a colour.
//
// The package promises that nothing but printable characters reaches the screen,
// whatever a span holds, and that there is no markup: text is only ever text. It
// never looks at the terminal, and starts no goroutines.
package draw
