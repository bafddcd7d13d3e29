package recorded

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// What is what happened.
type What string

// What happens. Each connection has one event of Connected, Refused or Unserved
// first; behind Connected come others, Ended last.
const (
	Connected What = "connected"
	Refused   What = "refused"  // as it was in the capture
	Unserved  What = "unserved" // no conversation has that path, or it was no handshake
	Matched   What = "matched"  // the client said what it said in the capture
	Unknown   What = "unknown"  // the client said something else
	Sent      What = "sent"
	Unsent    What = "unsent" // a message of the server could not be sent; see Err
	Passing   What = "passing"
	Ended     What = "ended"
)

// Event is something that happened on a connection.
type Event struct {
	What What
	Time time.Time
	// Number counts the connections from 1.
	Number uint64
	// Client is its address, Path what it asked for, with the query. They are its
	// own words.
	Client, Path string
	// Conversation is the ID of the conversation it is given, 0 for none.
	Conversation uint64
	// Seq is the message of the conversation that was matched or sent.
	Seq uint64
	// Message is what the client said, for Matched and Unknown.
	Message *frame.Message
	// Status is that of the response, for the first event of a connection.
	Status int
	Err    error
	// Ending is how the connection ended, Missing how many messages of the client
	// that are in the capture never came, Left how many of the server were not sent.
	// All are those of Ended.
	Ending        frame.End
	Missing, Left int
}
