// Package decode makes captured payloads readable and harmless for a terminal.
//
// It promises that nothing it returns holds a control character, an invisible
// character or invalid UTF-8, whatever bytes it was given, and that every form
// it writes in their place can be told from the same text in the payload. It
// never allocates by what the input claims, only by what it holds.
package decode
