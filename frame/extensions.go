package frame

import (
	"strconv"
	"strings"
)

// Extensions are the extensions in use on a connection (RFC 6455 section 9),
// as the server's response chose them.
type Extensions struct {
	// Deflate is whether permessage-deflate is in use, with the parameters
	// below (RFC 7692 section 7.1).
	Deflate bool
	// NoContextTakeover is, for the Side that compresses, whether each message
	// is compressed on its own instead of building on those before it.
	NoContextTakeover [2]bool
	// WindowBits is, for the Side that compresses, the base-2 logarithm of the
	// size of the LZ77 window in bytes: 8 to 15.
	WindowBits [2]uint8
	// Unknown names the other extensions, in order.
	Unknown []string
}

// RSV returns the bits of Header.RSV that the extensions give a meaning: none,
// RSV1 for permessage-deflate alone, or all when any extension is unknown.
func (e Extensions) RSV() uint8 {
	switch {
	case len(e.Unknown) > 0:
		return RSV1 | RSV2 | RSV3
	case e.Deflate:
		return RSV1
	}
	return 0
}

// ParseExtensions reads the value of a response's Sec-WebSocket-Extensions
// field; join several fields by commas. It takes any string: what makes no
// sense is left out, since both peers will have made their own sense of it.
func ParseExtensions(value string) Extensions {
	var e Extensions
	for element, rest := "", value; rest != ""; {
		element, rest = cutUnquoted(rest, ',')
		name, params := cutUnquoted(element, ';')
		name = strings.TrimSpace(name)
		switch {
		case name == "":
		case !strings.EqualFold(name, "permessage-deflate"):
			e.Unknown = append(e.Unknown, name)
		case !e.Deflate:
			e.Deflate = true
			e.WindowBits = [2]uint8{15, 15}
			e.parseDeflate(params)
		}
	}
	return e
}

func (e *Extensions) parseDeflate(params string) {
	for param := ""; params != ""; {
		param, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(param, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "client_no_context_takeover":
			e.NoContextTakeover[Client] = true
		case "server_no_context_takeover":
			e.NoContextTakeover[Server] = true
		case "client_max_window_bits":
			e.setWindow(Client, value)
		case "server_max_window_bits":
			e.setWindow(Server, value)
		}
	}
}

// setWindow leaves the window alone when value is absent or none of 8 to 15.
func (e *Extensions) setWindow(side Side, value string) {
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = strings.ReplaceAll(value[1:len(value)-1], `\`, "")
	}
	if bits, err := strconv.ParseUint(value, 10, 8); err == nil && bits >= 8 && bits <= 15 {
		e.WindowBits[side] = uint8(bits)
	}
}

// cutUnquoted cuts s around the first sep outside a quoted string.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
