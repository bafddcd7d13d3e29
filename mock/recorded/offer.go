package recorded

import (
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// agree returns the value of Sec-WebSocket-Extensions that answers an offer as far
// as possible as it was answered in the capture, or "" (RFC 7692 section 5.1).
func agree(offer string, recorded frame.Extensions) string {
	if !recorded.Deflate {
		return ""
	}
	for element := range strings.SplitSeq(offer, ",") {
		if answer, ok := accept(element, recorded); ok {
			return answer
		}
	}
	return ""
}

// accept answers one offer. One that makes no sense is declined (RFC 7692 section
// 7.1).
func accept(offer string, recorded frame.Extensions) (answer string, ok bool) {
	name, params, _ := strings.Cut(offer, ";")
	if !strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") {
		return "", false
	}
	takeover := recorded.NoContextTakeover
	bits := recorded.WindowBits
	seen := make(map[string]bool)
	for param := ""; params != ""; {
		param, params, _ = strings.Cut(params, ";")
		name, value, valued := strings.Cut(param, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		value = strings.Trim(strings.TrimSpace(value), `"`)
		if seen[name] {
			return "", false
		}
		seen[name] = true
		switch name {
		case "server_no_context_takeover":
			takeover[frame.Server] = true
			ok = !valued
		case "client_no_context_takeover":
			// It is only a hint, but there are clients that insist on it.
			takeover[frame.Client] = true
			ok = !valued
		case "server_max_window_bits":
			ok = narrow(&bits[frame.Server], value)
		case "client_max_window_bits":
			ok = !valued || narrow(&bits[frame.Client], value)
		default:
			ok = false
		}
		if !ok {
			return "", false
		}
	}
	var b strings.Builder
	b.WriteString("permessage-deflate")
	if takeover[frame.Server] {
		b.WriteString("; server_no_context_takeover")
	}
	if takeover[frame.Client] {
		b.WriteString("; client_no_context_takeover")
	}
	if bits[frame.Server] < 15 || seen["server_max_window_bits"] {
		b.WriteString("; server_max_window_bits=" + strconv.Itoa(int(bits[frame.Server])))
	}
	// A client that did not say so may not know how to use less than it has.
	if seen["client_max_window_bits"] && bits[frame.Client] < 15 {
		b.WriteString("; client_max_window_bits=" + strconv.Itoa(int(bits[frame.Client])))
	}
	return b.String(), true
}

// narrow has a window be no larger than text says.
func narrow(bits *uint8, text string) bool {
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n < 8 || n > 15 || text[0] == '0' {
		return false
	}
	*bits = min(*bits, uint8(n))
	return true
}
