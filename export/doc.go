// Package export writes captures in other forms: jsonl for programs, text for
// people, HTTP Archives for other tools, raw payloads and wire bytes for
// everything else; and it reads into a Sink what other tools wrote. It also draws
// the one line that lists show for a message or a frame.
//
// It promises that what people are shown is harmless for a terminal, that jsonl
// keeps every byte of a payload, and that one who asks for bytes gets exactly the
// bytes, or an error that counts what is missing. What is read is bounded before
// it is allocated for, whatever a file claims, and what cannot be kept of it is
// counted. The package reads no captures, opens no files and starts no goroutines.
package export
