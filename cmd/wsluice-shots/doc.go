// Command wsluice-shots takes the pictures in docs/screens.
//
// It records a demo with the real wsluice, opens the inspector on it in tmux,
// presses keys, waits for texts to appear, and draws what the terminal then shows
// as PNG: text in Go Mono, lines and blocks by hand so that they join. It needs
// tmux, uses a tmux server of its own, and writes nothing but the pictures.
package main
