// Package export writes captures in other forms: jsonl for programs, text for
// people, raw payloads and wire bytes for everything else. It also draws the one
// line that lists show for a message or a frame.
//
// It promises that what people are shown is harmless for a terminal, that jsonl
// keeps every byte of a payload, and that one who asks for bytes gets exactly the
// bytes, or an error that counts what is missing. It reads no captures, opens no
// files and starts no goroutines.
package export
