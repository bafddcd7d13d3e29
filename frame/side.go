package frame

import "fmt"

// Side is one end of a connection. A frame's side is decided by the socket it
// came from, never by its mask bit.
type Side uint8

// The two sides.
const (
	Client Side = iota
	Server
)

// Peer returns the other side.
func (s Side) Peer() Side { return s ^ 1 }

// String returns "client" or "server".
func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}

// MarshalText writes s as String does.
func (s Side) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts "client" and "server".
func (s *Side) UnmarshalText(p []byte) error {
	switch string(p) {
	case "client":
		*s = Client
	case "server":
		*s = Server
	default:
		return fmt.Errorf("side %q is neither client nor server", p)
	}
	return nil
}

// Origin says how a frame came to be in a capture.
type Origin uint8

// The origins. Everything but Observed is the work of a user of wsluice.
const (
	Observed Origin = iota // passed between the peers
	Injected               // made by the user, sent by wsluice
	Edited                 // sent in place of an observed message
	Dropped                // seen, and kept from its receiver by the user
	Replayed               // sent again from a capture
)

// Own reports whether frames of origin o are what their side sent itself, whether
// they were passed on or not; wsluice is that side when it replays. The others
// were put between those.
func (o Origin) Own() bool { return o == Observed || o == Dropped || o == Replayed }

var originNames = [...]string{"observed", "injected", "edited", "dropped", "replayed"}

// String returns the origin's name in lower case.
func (o Origin) String() string {
	if int(o) < len(originNames) {
		return originNames[o]
	}
	return fmt.Sprintf("origin-%d", uint8(o))
}

// MarshalText writes o as String does.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText accepts the names of String.
func (o *Origin) UnmarshalText(p []byte) error {
	for i, name := range originNames {
		if name == string(p) {
			*o = Origin(i)
			return nil
		}
	}
	return fmt.Errorf("origin %q is unknown", p)
}
