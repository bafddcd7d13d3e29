// Package decode makes captured payloads readable and harmless for a terminal.
//
// AppendVisible writes any bytes as text that cannot act on a terminal. A Session
// makes Readings of messages: what JSON, MessagePack, CBOR, protocol buffers and
// what is wrapped in base64, gzip, zlib or a JSON web token say, as a tree of
// Nodes. A payload is looked through once when it is read; the values in it are
// made when they are asked for, so that 64 MiB open at once.
//
// The package promises that no text it returns holds a control character, an
// invisible character or invalid UTF-8, whatever bytes it was given, and that
// every form AppendVisible writes in their place can be told from the same text
// in the payload. Only Node.Raw and Node.Data return captured bytes as they are.
// It never allocates by what the input claims, only by what it holds, and bounds
// what it inflates and how deep it looks. It keeps no payload but through the
// Readings it returned, and never starts a goroutine.
package decode
