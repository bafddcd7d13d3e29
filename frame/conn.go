package frame

import (
	"io"
	"net"
	"sync"
	"time"
)

// Conn speaks WebSocket over a connection whose handshake is done, as either
// side. It sends what it is told to, legal or not, and hands out what comes, legal
// or not; by itself it answers nothing, unless AutoPong or AutoClose say so, and
// it never ends the connection.
//
// One goroutine at a time may read, by Next or by NextFrame; any number may send.
// The exported fields are set before the first use and not changed then. A Conn
// has to be ended with Hangup or Abort, which also wait for its goroutine.
type Conn struct {
	// Limit is how many payload bytes a message holds at most, as in Assembler: a
	// longer one is cut and marked. 0 means 64 MiB.
	Limit int
	// AutoPong has each ping answered when it is read, or the latest of those that
	// could not be answered before (RFC 6455 section 5.5.3).
	AutoPong bool
	// AutoClose has a close frame answered with its code when it is read, unless
	// one was sent before (RFC 6455 section 5.5.1).
	AutoClose bool
	// OnWire, when not nil, is given all that passes: what is sent just before it
	// is written, the frames of one call of a method together; what comes just
	// after it was read, however frames lie in that. The bytes are valid until it
	// returns. It is called for both sides concurrently, for each in the order of
	// the wire.
	OnWire func(from Side, at time.Time, wire []byte)

	conn    net.Conn
	early   io.Reader // read before conn, until it ends
	side    Side
	context Extensions

	// The fields below belong to the reader.
	buffer    []byte
	input     []byte    // the part of buffer that is not taken yet
	arrived   time.Time // when that was read
	cutter    Cutter
	checker   Checker
	assembler Assembler
	within    bool      // a frame is under way
	began     time.Time // when its first byte was read
	payload   []byte    // what is kept of it, unmasked, unless it came in one piece
	record    Record    // the last frame
	seq       uint64
	message   uint64 // the Seq of the first frame of a message under way
	broken    bool   // an impossible header came
	messages  []Message
	failed    error // why nothing more comes
	rested    bool  // what was unfinished then has been a record
	flushed   bool  // and a message

	// The fields below belong to who holds writing.
	writing  sync.Mutex
	sent     Scanner
	deflater *Deflater
	unsent   error // why nothing more can be sent

	lock      sync.Mutex
	ping      []byte // the payload of the latest ping, while answering
	answering bool   // a goroutine is going to answer it
	ended     bool   // by Hangup or Abort
	answers   sync.WaitGroup
	end       End
	closed    [2]bool // a side has sent a close frame
	closer    Party   // who did so first
}

// NewConn returns a Conn that speaks as the given side over c. Early, when not
// nil, is what was read of c before: it is read to its end, then c. What the
// extensions give no meaning is marked in what is read, and can be sent. The Conn
// owns c from then on.
func NewConn(c net.Conn, early io.Reader, as Side, e Extensions) *Conn {
	return &Conn{
		conn: c, early: early, side: as, context: e,
		checker:   Checker{From: as.Peer(), RSV: e.RSV()},
		assembler: Assembler{Extensions: e},
	}
}

// Side returns the side c speaks as.
func (c *Conn) Side() Side { return c.side }

// Extensions returns those c was made with.
func (c *Conn) Extensions() Extensions { return c.context }

// NetConn returns the connection beneath, for its addresses and TLS state. Who
// reads from it, writes to it or closes it breaks c.
func (c *Conn) NetConn() net.Conn { return c.conn }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline sets when Next and NextFrame give up with an error that wraps
// os.ErrDeadlineExceeded, after which they can be called again and lose nothing.
// The zero time is none.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline sets when Send, Write and Close give up. After that a frame may
// have been sent in part, so only Hangup and Abort are of use.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }
