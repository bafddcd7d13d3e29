package control

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
)

// heldJSON is a message that is held as it goes over the socket.
type heldJSON struct {
	ID      uint64         `json:"id"`
	Hold    uint64         `json:"hold"`
	Conn    uint64         `json:"conn"`
	Since   time.Time      `json:"since"`
	Until   time.Time      `json:"until"`
	Expired proxy.Action   `json:"expired"`
	Why     string         `json:"why"`
	Message *frame.Message `json:"message,omitempty"`
}

// fateJSON is what became of one.
type fateJSON struct {
	ID     uint64       `json:"id"`
	Action proxy.Action `json:"action"`
	Cause  string       `json:"cause"`
}

// eventJSON is a line of a hold.
type eventJSON struct {
	Held *heldJSON `json:"held"`
	Gone *fateJSON `json:"gone"`
}

// maxTold is how much of a held message's payload is told, in bytes.
const maxTold = 16 << 20

// AppendHeld appends the one JSON form of a message that is held to dst: an
// object on one line. Of a payload of more than 16 MiB it has the beginning, and
// the message is marked as truncated.
func AppendHeld(dst []byte, h *proxy.Held) []byte {
	expired := h.Expired
	if expired == "" {
		expired = proxy.Release
	}
	m := h.Message
	m.Cut(maxTold)
	head := heldJSON{ID: h.ID, Hold: h.Queue, Conn: m.Conn, Since: h.Since, Until: h.Until, Expired: expired, Why: h.Why}
	dst = appendValue(dst, head)
	dst = append(dst[:len(dst)-1], `,"message":`...)
	return append(m.AppendJSON(dst), '}')
}

// AppendHoldEvent appends the one JSON form of e to dst: {"held":…} with what
// AppendHeld appends, or {"gone":…}.
func AppendHoldEvent(dst []byte, e proxy.HoldEvent) []byte {
	if e.Held != nil {
		return append(AppendHeld(append(dst, `{"held":`...), e.Held), '}')
	}
	return append(appendValue(append(dst, `{"gone":`...), fateJSON(*e.Fate)), '}')
}

// appendValue appends v, which can always be written as JSON.
func appendValue(dst []byte, v any) []byte {
	out := bytes.NewBuffer(dst)
	to := json.NewEncoder(out)
	to.SetEscapeHTML(false)
	_ = to.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'})
}

func (h *heldJSON) held() proxy.Held {
	held := proxy.Held{ID: h.ID, Queue: h.Hold, Since: h.Since, Until: h.Until, Expired: h.Expired, Why: h.Why}
	if h.Message != nil {
		held.Message = *h.Message
	}
	return held
}

// event returns what a line tells; one that tells of nothing else tells that
// nothing became of nothing.
func (e *eventJSON) event() proxy.HoldEvent {
	if e.Held != nil {
		held := e.Held.held()
		return proxy.HoldEvent{Held: &held}
	}
	fate := proxy.Fate{}
	if e.Gone != nil {
		fate = proxy.Fate(*e.Gone)
	}
	return proxy.HoldEvent{Fate: &fate}
}
