package filter

import (
	"encoding/hex"

	"github.com/wsluice/wsluice/frame"
)

// both reads a field of messages and of frames.
func both(message func(*frame.Message) value, record func(*frame.Record) value) [3]eval {
	return [3]eval{OfMessages: ofMessage(message), OfFrames: ofRecord(record)}
}

func ofMessage(get func(*frame.Message) value) eval {
	return func(s *scope) value { return get(s.message) }
}

func ofRecord(get func(*frame.Record) value) eval {
	return func(s *scope) value { return get(s.record) }
}

func onlyFrames(get func(*frame.Record) value) [3]eval {
	return [3]eval{OfFrames: ofRecord(get)}
}

// about reads a field of connections, empty where the connection is not known.
func about(empty value, get func(*frame.Connection) value) eval {
	return func(s *scope) value {
		if s.connection == nil {
			return empty
		}
		return get(s.connection)
	}
}

// anywhere reads a field of the connection for all subjects.
func anywhere(empty value, get func(*frame.Connection) value) [3]eval {
	e := about(empty, get)
	return [3]eval{e, e, e}
}

func onlyConnections(get func(*frame.Connection) value) [3]eval {
	return [3]eval{OfConnections: about(none, get)}
}

var (
	blank   = words("")
	nowhere = new([]frame.Field)
)

// fieldTable is every field there is. Fields that a JSON form of package frame
// has under the same name have the same value there.
var fieldTable = []field{
	{"from", typText, "who sent it: client or server", "from == server",
		both(func(m *frame.Message) value { return words(m.From.String()) }, func(r *frame.Record) value { return words(r.From.String()) }), sideValues},
	{"type", typText, `"text", binary, ping, pong, close, continuation (of nothing), "reserved-3" and so on, "opaque"`, `type == "text"`,
		both(func(m *frame.Message) value { return typeName(m.Type) }, func(r *frame.Record) value { return typeName(r.Type()) }), typeValues},
	{"opcode", typNumber, "the opcode, 0 to 15; of a message that of its first frame; 0 of opaque bytes", "opcode == 1",
		both(func(m *frame.Message) value { return opcode(m.Type) }, func(r *frame.Record) value { return opcode(r.Type()) }), nil},
	{"size", typNumber, "bytes of the payload, after decompression of a message, as it passed of a frame", "size > 64*KB",
		both(func(m *frame.Message) value { return count(m.Size) }, length), nil},
	{"wire_size", typNumber, "bytes on the wire, headers included", "wire_size < size / 2",
		both(func(m *frame.Message) value { return count(m.WireSize) }, func(r *frame.Record) value { return count(r.WireSize()) }), nil},
	{"text", typText, "the payload of text, ping and pong, the reason of close, otherwise empty", `text contains "error"`,
		both(messageText, recordText), nil},
	{"payload", typText, "the payload of any type, bytes and all", `payload startsWith b"\x08\x96\x01"`,
		both(func(m *frame.Message) value { return words(view(m.Payload)) }, func(r *frame.Record) value { return words(view(r.Payload)) }), nil},
	{"json", typJSON, "the payload of a text or binary message as JSON, nil when it is none; of a frame, when it is a whole message that passed uncompressed", `json.type == "trade"`,
		[3]eval{OfMessages: readJSON, OfFrames: readJSON}, nil},
	{"code", typNumber, "the code of a close frame, 0 without one", "code == 1006",
		[3]eval{
			ofMessage(func(m *frame.Message) value { code, _ := closing(m); return whole(int64(code)) }),
			ofRecord(func(r *frame.Record) value { code, _ := closeRecord(r); return whole(int64(code)) }),
			about(none, func(c *frame.Connection) value { return whole(int64(c.Code)) }),
		}, nil},
	{"reason", typText, "the reason of a close frame", `reason contains "timeout"`,
		[3]eval{
			ofMessage(func(m *frame.Message) value { _, reason := closing(m); return words(reason) }),
			ofRecord(func(r *frame.Record) value { _, reason := closeRecord(r); return words(reason) }),
			about(none, func(c *frame.Connection) value { return words(c.Reason) }),
		}, nil},
	{"time", typTime, "when its first byte was read", `time > date("2026-01-02T15:04:05Z")`,
		both(func(m *frame.Message) value { return at(m.Time) }, func(r *frame.Record) value { return at(r.Time) }), nil},
	{"seq", typNumber, "the number within the connection, from 1; of a message that of its first frame", "seq in 10..20",
		both(func(m *frame.Message) value { return count(m.Seq) }, func(r *frame.Record) value { return count(r.Seq) }), nil},
	{"origin", typText, "how it came to be: observed, injected, edited, dropped, replayed", "origin != observed",
		both(func(m *frame.Message) value { return words(m.Origin.String()) }, func(r *frame.Record) value { return words(r.Origin.String()) }), originValues},
	{"recoded", typBool, "its receiver got the same message in other bytes, because one before it was changed", "recoded",
		both(func(m *frame.Message) value { return truth(m.Recoded) }, func(r *frame.Record) value { return truth(r.Recoded) }), nil},
	{"frames", typNumber, "how many frames it has; of a connection, both sides together", "frames > 1",
		[3]eval{
			OfMessages:    ofMessage(func(m *frame.Message) value { return whole(int64(m.Frames)) }),
			OfConnections: about(none, func(c *frame.Connection) value { return total(c.Frames) }),
		}, nil},
	{"fragmented", typBool, "has several frames; of a frame, is not a whole message", "fragmented",
		both(func(m *frame.Message) value { return truth(m.Frames > 1) }, func(r *frame.Record) value { return truth(fragment(r)) }), nil},
	{"compressed", typBool, "passed compressed; of a frame, has RSV1 set and is no control frame", "compressed && wire_size > size",
		both(func(m *frame.Message) value { return truth(m.Compressed) }, func(r *frame.Record) value { return truth(compressed(r)) }), nil},
	{"incomplete", typText, `why a part is missing: "cut", "shed", "unfinished"; empty when nothing is`, `incomplete != ""`,
		both(func(m *frame.Message) value { return words(m.Incomplete.String()) }, func(r *frame.Record) value { return words(r.Incomplete.String()) }), incompleteValues},
	{"truncated", typBool, "only the beginning of the payload is here", "truncated",
		both(func(m *frame.Message) value { return truth(m.Truncated) }, func(r *frame.Record) value { return truth(uint64(len(r.Payload)) < r.Stored) }), nil},
	{"violation", typText, "the rule of the RFC it breaks, empty when it breaks none", `violation contains "mask"`,
		both(func(m *frame.Message) value { return words(m.Violation.String()) }, func(r *frame.Record) value { return words(r.Violation.String()) }), violationValues},
	{"error", typText, "why the payload could not be read; of a connection, what went wrong", `error != ""`,
		[3]eval{
			OfMessages:    ofMessage(func(m *frame.Message) value { return words(m.Error) }),
			OfConnections: about(none, func(c *frame.Connection) value { return words(c.Error) }),
		}, nil},

	{"fin", typBool, "the FIN bit", "!fin", onlyFrames(func(r *frame.Record) value { return truth(r.Header.Fin) }), nil},
	{"rsv", typNumber, "the RSV bits as a number, RSV1 being 4", "rsv != 0",
		onlyFrames(func(r *frame.Record) value { return whole(int64(r.Header.RSV)) }), nil},
	{"rsv1", typBool, "the bit RSV1", "rsv1", onlyFrames(func(r *frame.Record) value { return truth(r.Header.RSV&frame.RSV1 != 0) }), nil},
	{"rsv2", typBool, "the bit RSV2", "rsv2", onlyFrames(func(r *frame.Record) value { return truth(r.Header.RSV&frame.RSV2 != 0) }), nil},
	{"rsv3", typBool, "the bit RSV3", "rsv3", onlyFrames(func(r *frame.Record) value { return truth(r.Header.RSV&frame.RSV3 != 0) }), nil},
	{"masked", typBool, "the MASK bit", "masked && from == server", onlyFrames(func(r *frame.Record) value { return truth(r.Header.Masked) }), nil},
	{"mask", typText, "the masking key as 8 hex digits, empty without one", `mask == "00000000"`, onlyFrames(mask), nil},
	{"length", typNumber, "the payload length the header declares", "length > 64*KB", onlyFrames(length), nil},
	{"message", typNumber, "the seq of the first frame of its message", "message == 17",
		onlyFrames(func(r *frame.Record) value { return count(r.Message) }), nil},
	{"opaque", typBool, "bytes that could not be told into frames", "opaque", onlyFrames(func(r *frame.Record) value { return truth(r.Opaque) }), nil},

	{"conn", typNumber, "the number of the connection", "conn in [3, 7]",
		[3]eval{
			ofMessage(func(m *frame.Message) value { return count(m.Conn) }),
			ofRecord(func(r *frame.Record) value { return count(r.Conn) }),
			about(none, func(c *frame.Connection) value { return count(c.ID) }),
		}, nil},
	{"url", typText, "what the client asked for", `url contains "/ws/v2"`, anywhere(blank, func(c *frame.Connection) value { return words(c.URL) }), nil},
	{"scheme", typText, `the URL's scheme: "ws", "wss", "tunnel" for what was bypassed`, `scheme == "ws"`, urlPart(func(a address) string { return a.scheme }), nil},
	{"host", typText, "the URL's host, without the port", `host endsWith ".example.com"`, urlPart(func(a address) string { return a.host }), nil},
	{"port", typText, "the URL's port, or that of the scheme", `port == "8080"`, urlPart(func(a address) string { return a.port }), nil},
	{"path", typText, "the URL's path", `path startsWith "/socket.io/"`, urlPart(func(a address) string { return a.path }), nil},
	{"query", typText, "the URL's query, without the question mark", `query contains "token="`, urlPart(func(a address) string { return a.query }), nil},
	{"tls", typBool, "the URL's scheme is wss", "!tls", anywhere(no, func(c *frame.Connection) value { return truth(takeApart(c.URL).scheme == "wss") }), nil},
	{"subprotocol", typText, "the subprotocol the server chose", `subprotocol == "graphql-transport-ws"`, anywhere(blank, func(c *frame.Connection) value { return words(c.Subprotocol) }), nil},
	{"client_addr", typText, "the client's address", `client_addr startsWith "127.0.0.1:"`, anywhere(blank, func(c *frame.Connection) value { return words(c.Client) }), nil},
	{"server_addr", typText, "the address dialled for it", `server_addr contains ":8443"`, anywhere(blank, func(c *frame.Connection) value { return words(c.Server) }), nil},
	{"request", typHeaders, "the header fields of the request, their names in any case", `request["origin"] == "https://app.example.com"`, anywhere(fields(nowhere), func(c *frame.Connection) value { return fields(&c.Request) }), nil},
	{"response", typHeaders, "the header fields of the response", `"set-cookie" in response`, anywhere(fields(nowhere), func(c *frame.Connection) value { return fields(&c.Response) }), nil},

	{"state", typText, `"open", "closed", "refused", "failed" or "bypassed"`, `state == "refused"`, onlyConnections(func(c *frame.Connection) value { return words(string(c.State)) }), stateValues},
	{"open", typBool, "the connection is open", "open && messages == 0", onlyConnections(func(c *frame.Connection) value { return truth(c.State == frame.Open) }), nil},
	{"status", typNumber, "the status code of the response, 0 without one", "status >= 400", onlyConnections(func(c *frame.Connection) value { return whole(int64(c.Status)) }), nil},
	{"extensions", typText, "the extensions the server chose", `extensions contains "permessage-deflate"`, onlyConnections(func(c *frame.Connection) value { return words(c.Extensions) }), nil},
	{"start", typTime, "when the request arrived", `start > now() - duration("1h")`, onlyConnections(func(c *frame.Connection) value { return at(c.Start) }), nil},
	{"end", typTime, "when both directions had ended, nil before", `end < date("2026-01-02")`, onlyConnections(func(c *frame.Connection) value { return at(c.End) }), nil},
	{"lasted", typSpan, "from start to end, nil before the end", `lasted < duration("1s")`, onlyConnections(lasted), nil},
	{"ended_by", typText, "who ended it: client, server or proxy", "ended_by == server", onlyConnections(func(c *frame.Connection) value { return words(string(c.EndedBy)) }), partyValues},
	{"how", typText, `how it ended: close, "fin", "reset", "shutdown" or "error"`, `how == "reset"`, onlyConnections(func(c *frame.Connection) value { return words(string(c.How)) }), howValues},
	{"body", typText, "the beginning of a refusal's body", `body contains "quota"`, onlyConnections(func(c *frame.Connection) value { return words(view(c.Body)) }), nil},
	{"messages", typNumber, "how many messages both sides sent", "messages > 1000", onlyConnections(func(c *frame.Connection) value { return total(c.Messages) }), nil},
	{"messages_client", typNumber, "how many messages the client sent", "messages_client == 0", onlyConnections(func(c *frame.Connection) value { return count(c.Messages[frame.Client]) }), nil},
	{"messages_server", typNumber, "how many messages the server sent", "messages_server == 0", onlyConnections(func(c *frame.Connection) value { return count(c.Messages[frame.Server]) }), nil},
	{"frames_client", typNumber, "how many frames the client sent", "frames_client > 2*messages_client", onlyConnections(func(c *frame.Connection) value { return count(c.Frames[frame.Client]) }), nil},
	{"frames_server", typNumber, "how many frames the server sent", "frames_server > 100", onlyConnections(func(c *frame.Connection) value { return count(c.Frames[frame.Server]) }), nil},
	{"bytes", typNumber, "wire bytes of both sides, headers included", "bytes > 10*MB", onlyConnections(func(c *frame.Connection) value { return total(c.Bytes) }), nil},
	{"bytes_client", typNumber, "wire bytes the client sent", "bytes_client > bytes_server", onlyConnections(func(c *frame.Connection) value { return count(c.Bytes[frame.Client]) }), nil},
	{"bytes_server", typNumber, "wire bytes the server sent", "bytes_server > 1*GB", onlyConnections(func(c *frame.Connection) value { return count(c.Bytes[frame.Server]) }), nil},
}

// opcode returns the opcode that bytes of a type have in a Header, which is 0 for
// those that have none.
func opcode(t frame.Opcode) value {
	if t == frame.Opaque {
		t = 0
	}
	return whole(int64(t))
}

func length(r *frame.Record) value {
	if r.Opaque {
		return count(r.Stored)
	}
	return count(r.Header.Length)
}

func mask(r *frame.Record) value {
	if !r.Header.Masked {
		return blank
	}
	return words(hex.EncodeToString(r.Header.Mask[:]))
}

func total(sides [2]uint64) value {
	return count(min(sides[0], 1<<62) + min(sides[1], 1<<62))
}

func lasted(c *frame.Connection) value {
	if c.Start.IsZero() || c.End.IsZero() {
		return none
	}
	return lasting(int64(c.End.Sub(c.Start)))
}

func urlPart(part func(address) string) [3]eval {
	return anywhere(blank, func(c *frame.Connection) value { return words(part(takeApart(c.URL))) })
}

func messageText(m *frame.Message) value {
	switch m.Type {
	case frame.Text, frame.Ping, frame.Pong:
		return words(view(m.Payload))
	case frame.Close:
		_, reason := closing(m)
		return words(reason)
	}
	return blank
}

// recordText returns the text of a frame that can have one: the others hold
// compressed bytes, or are a part of something that only their message tells.
func recordText(r *frame.Record) value {
	switch r.Type() {
	case frame.Text:
		if r.Header.RSV&frame.RSV1 == 0 {
			return words(view(r.Payload))
		}
	case frame.Ping, frame.Pong:
		return words(view(r.Payload))
	case frame.Close:
		_, reason := closeRecord(r)
		return words(reason)
	}
	return blank
}

func closing(m *frame.Message) (frame.CloseCode, string) {
	if m.Type != frame.Close {
		return 0, ""
	}
	return m.Code, m.Reason
}

func closeRecord(r *frame.Record) (frame.CloseCode, string) {
	if r.Type() != frame.Close {
		return 0, ""
	}
	code, reason, _ := frame.ParseClose(r.Payload)
	return code, view(reason)
}

func fragment(r *frame.Record) bool {
	return !r.Opaque && (!r.Header.Fin || r.Header.Opcode == frame.Continuation)
}

func compressed(r *frame.Record) bool {
	return !r.Opaque && r.Header.RSV&frame.RSV1 != 0 && !r.Header.Opcode.Control()
}

// readJSON returns the payload as JSON, which is parsed once.
func readJSON(s *scope) value {
	if s.state == unparsed {
		s.state = notJSON
		var payload []byte
		switch {
		case s.message != nil && s.message.Type.Data():
			payload = s.message.Payload
		case s.record != nil && s.record.Type().Data() && !fragment(s.record) && !compressed(s.record):
			payload = s.record.Payload
		}
		if s.payload.parse(view(payload), maxNodes) {
			s.state = isJSON
		}
	}
	if s.state != isJSON {
		return none
	}
	return s.payload.value(s, 0)
}
