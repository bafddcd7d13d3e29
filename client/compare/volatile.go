package compare

import (
	"bytes"
	"slices"
	"strings"
)

// Values that look like ids or times. There are two degrees: what is volatile
// counts as equal to another of its class wherever it is; what is only suspect has
// to be seen often enough, see learner.

// Names of members, in small letters and without separators, whose values may be
// ids, or times and counts of time. A name that ends in one of them, as its last
// word, is one too.
var (
	idNames   = []string{"id", "ids", "uuid", "guid", "token", "nonce", "session", "sid", "seq", "sequence", "ref", "cursor", "etag", "trace", "signature", "sig"}
	timeNames = []string{"ts", "time", "timestamp", "at", "date", "now", "since", "until", "expires", "expiry", "exp", "iat", "nbf", "created", "updated", "modified", "uptime", "elapsed", "duration", "latency", "took", "ms"}
)

// hint is what the name of a member says of its value.
type hint uint8

const (
	noHint hint = iota
	idHint
	timeHint
)

// hintOf reads the name of a member as it is written, in quotes.
func hintOf(key []byte) hint {
	if len(key) < 4 || len(key) > 40 {
		return noHint
	}
	word := lastWord(key[1 : len(key)-1])
	switch {
	case slices.Contains(idNames, word):
		return idHint
	case slices.Contains(timeNames, word):
		return timeHint
	}
	return noHint
}

// lastWord returns the last word of a name such as requestId, request_id or
// request-id, in small letters.
func lastWord(name []byte) string {
	at := len(name)
	for at > 0 && isLetter(name[at-1]) {
		at--
		if c := name[at]; c <= 'Z' && at > 0 && isLetter(name[at-1]) && name[at-1] > 'Z' {
			break
		}
	}
	return strings.ToLower(string(name[at:]))
}

// volatile returns the class of a JSON value that looks like an id or a time by
// itself, 0 when it does not. Raw is as it is written, key the name of its member.
func volatile(kind valueKind, key, raw []byte) uint64 {
	switch kind {
	case text:
		p := raw[1 : len(raw)-1]
		if isToken(p) || hintOf(key) == idHint && isNamedToken(p) {
			return classToken
		}
	case number:
		if isEpoch(raw, hintOf(key) == timeHint) {
			return classTime
		}
	}
	return 0
}

// isEpoch reports whether a number is a time from 2001 to 2033: in seconds when its
// name says so, in milli-, micro- or nanoseconds anyway.
func isEpoch(raw []byte, named bool) bool {
	whole := raw
	if dot := bytes.IndexByte(raw, '.'); dot >= 0 {
		whole = raw[:dot]
	}
	if skipDigits(whole, 0) != len(whole) || whole[0] != '1' {
		return false
	}
	switch len(whole) {
	case 10:
		return named
	case 13, 16, 19:
		return true
	}
	return false
}

// isToken reports whether p is written as only what was drawn at random is:
// digits to base 16, or letters of both cases and digits, one after the other.
func isToken(p []byte) bool {
	if len(p) < 16 || len(p) > 8192 {
		return false
	}
	var digits, small, large, other, turns int
	base16, last := true, byte(0)
	for _, c := range p {
		class := byte('o')
		switch {
		case isDigit(c):
			class = 'd'
			digits++
		case c >= 'a' && c <= 'z':
			class = 's'
			small++
		case c >= 'A' && c <= 'Z':
			class = 'l'
			large++
		case c == '-' || c == '_' || c == '=' || c == '+' || c == '/' || c == '.':
			other++
		default:
			return false
		}
		base16 = base16 && isHex(c)
		if class != last {
			turns++
		}
		last = class
	}
	if base16 {
		return digits > 1 && small+large > 1 && turns >= len(p)/6
	}
	// Names and paths have few digits, and those in a row.
	return digits >= 2 && large >= 2 && other*8 <= len(p) && turns*3 >= len(p)
}

// isNamedToken reports whether p, which is called an id, may have been drawn at
// random: letters of both cases in disorder, perhaps with digits and the two other
// signs of base64 for URLs, as Socket.IO's session ids.
func isNamedToken(p []byte) bool {
	if len(p) < 16 || len(p) > 8192 {
		return false
	}
	var small, large, turns int
	last := byte(0)
	for _, c := range p {
		class := byte('o')
		switch {
		case isDigit(c):
			class = 'd'
		case c >= 'a' && c <= 'z':
			class = 's'
			small++
		case c >= 'A' && c <= 'Z':
			class = 'l'
			large++
		case c != '-' && c != '_':
			return false
		}
		if class != last {
			turns++
		}
		last = class
	}
	return small >= 2 && large >= 2 && turns*3 >= len(p)
}

// suspect reports whether two values in the same place may be ids or times, which
// what else is compared has to confirm. The hint is that of their name.
func suspect(named hint, left, right []byte) bool {
	if named != noHint {
		return isScalar(left) && isScalar(right) && left[0] == '"' == (right[0] == '"')
	}
	return isLabel(left) && isLabel(right)
}

// isScalar reports whether raw is a number, or a short string that has a digit.
func isScalar(raw []byte) bool {
	if len(raw) > 258 {
		return false
	}
	return raw[0] == '-' || isDigit(raw[0]) || raw[0] == '"' && bytes.ContainsAny(raw, "0123456789")
}

// isLabel reports whether raw is a short string of letters and digits, such as the
// id of a session.
func isLabel(raw []byte) bool {
	if len(raw) < 8 || len(raw) > 258 || raw[0] != '"' {
		return false
	}
	digits, letters := 0, 0
	for _, c := range raw[1 : len(raw)-1] {
		switch {
		case isDigit(c):
			digits++
		case isLetter(c):
			letters++
		case c != '-' && c != '_' && c != '=' && c != '+' && c != '/':
			return false
		}
	}
	return digits > 0 && letters > 0
}
