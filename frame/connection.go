package frame

import "time"

// Connection is what is known of one connection besides its frames.
type Connection struct {
	ID    uint64
	State State
	// Source is the connection of the same capture that this one replays, 0 for
	// none.
	Source uint64
	// URL is what the client asked for, with scheme ws or wss; for a bypassed
	// tunnel it is "tunnel://host:port".
	URL string
	// Client is the client's address, Server the address dialled for it.
	Client, Server string
	// Start is when the request arrived, End when both directions had ended.
	Start, End time.Time
	// Status is the status code of the response, 0 when there was none.
	Status int
	// Subprotocol and Extensions are the server's choice, as sent.
	Subprotocol, Extensions string
	// Request and Response are the header fields of the handshake in the order
	// they are known. Net/http sorts fields by name and unifies their case.
	Request, Response []Field
	// Body is the beginning of a refusal's body, 64 KiB at most.
	Body []byte
	TLS  *TLS
	// Error is what went wrong, for people.
	Error string

	// Messages, Frames and Bytes count what is recorded of each Side, whatever its
	// Origin; Bytes are wire bytes, headers included.
	Messages, Frames, Bytes [2]uint64
	// Missing is how many of its frames the capture does not hold any more, as
	// they were pruned or damaged. The counters above include them.
	Missing uint64
	// Code and Reason are from the first close frame that was not dropped; Code is
	// 0 when it carried none or there was no close frame.
	Code    CloseCode
	Reason  string
	EndedBy Party
	How     How
}

// Field is one header field.
type Field struct{ Name, Value string }

// State is where a connection stands.
type State string

// The states.
const (
	Open     State = "open"
	Closed   State = "closed"
	Refused  State = "refused"  // the server answered the handshake with another status than 101
	Failed   State = "failed"   // no answer: dial, TLS or protocol error
	Bypassed State = "bypassed" // a blind tunnel on the user's wish
)

// Party is who ended a connection.
type Party string

// The parties.
const (
	ByClient Party = "client"
	ByServer Party = "server"
	ByProxy  Party = "proxy"
)

// How is the way a connection ended.
type How string

// The ways, the most orderly first.
const (
	ByClose    How = "close"    // a close frame, then the end of the stream
	ByFIN      How = "fin"      // end of stream without a close frame
	ByReset    How = "reset"    // TCP reset
	ByShutdown How = "shutdown" // wsluice was stopped
	ByError    How = "error"    // anything else; see Connection.Error
)

// End is what the proxy knows when a connection has ended.
type End struct {
	Time    time.Time
	EndedBy Party
	How     How
	Error   string
}

// TLS holds the facts of the TLS connections on both sides of the proxy; nil
// marks a side without TLS.
type TLS struct {
	Client *TLSLeg `json:"client,omitempty"`
	Server *TLSLeg `json:"server,omitempty"`
}

// TLSLeg is one TLS connection.
type TLSLeg struct {
	Version    string `json:"version"`
	Cipher     string `json:"cipher"`
	ServerName string `json:"server_name,omitempty"`
	ALPN       string `json:"alpn,omitempty"`
	// Verified is whether the certificate was verified against trusted roots;
	// the fields below are of the server's leaf certificate.
	Verified bool      `json:"verified"`
	Subject  string    `json:"subject,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	NotAfter time.Time `json:"not_after,omitzero"`
	SHA256   string    `json:"sha256,omitempty"`
}
