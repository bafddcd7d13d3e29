// Package replay plays the client of a captured conversation again and judges what
// the server answers.
//
// The frames go out as they were captured: opcodes, fragments, mask keys, illegal
// bits. Payloads change only where a value the server gave is used again, or where
// somebody asked for it; compression is made anew, as it was agreed on this time.
// What the server sends is held against what it sent then, message by message.
//
// The package knows neither captures nor files: frames come from a Source, what
// passes goes to a Tape. Its memory is bounded: a conversation that is large is
// read while it is played, and verdicts are told, not kept. It never sends what was
// not captured, apart from the answers to pings, and a close frame where the server
// says goodbye first or the capture has no end. It waits for each goroutine it
// starts.
package replay
