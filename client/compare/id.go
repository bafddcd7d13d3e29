package compare

import (
	"bytes"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// ID is what tells which request a message is, or answers.
type ID struct {
	// Key is the name of the member, or "" for the number of a Socket.IO packet.
	Key string
	// Value is the id as it is written in the payload at Offset, in quotes if it
	// is a string. It aliases the payload.
	Value  []byte
	Offset int
}

// idKeys are the members that pair requests with replies, in small letters and
// without separators, the surest first.
var idKeys = []string{"id", "requestid", "reqid", "correlationid", "messageid", "msgid", "invocationid", "transactionid", "ref", "nonce", "seq"}

// FindID returns the id a message carries: the first of id, requestId, reqId,
// correlationId, messageId, msgId, invocationId, transactionId, ref, nonce and seq
// (however spelled, as in request_id) at the top of a JSON object that is a string
// or a number, or the number of a Socket.IO packet that asks for an answer or is
// one.
func FindID(m *frame.Message) (ID, bool) {
	var d document
	if !d.parse(m) {
		return ID{}, false
	}
	return d.id()
}

func (d *document) id() (ID, bool) {
	if d.prefix > 0 {
		return d.packetID()
	}
	root := d.values[d.root]
	if root.kind != object {
		return ID{}, false
	}
	best, rank := int32(0), len(idKeys)
	for at := d.root + 1; at < root.next; at = d.values[at+1].next {
		kind := d.values[at+1].kind
		if kind != text && kind != number || d.values[at].end-d.values[at].start > 20 || d.values[at+1].end-d.values[at+1].start > 258 {
			continue
		}
		if r := idRank(d.raw(at)); r < rank {
			best, rank = at, r
		}
	}
	if rank == len(idKeys) {
		return ID{}, false
	}
	key := d.raw(best)
	return ID{Key: string(key[1 : len(key)-1]), Value: d.raw(best + 1), Offset: int(d.values[best+1].start)}, true
}

// idRank returns the place of a key, as it is written, in idKeys.
func idRank(key []byte) int {
	plain := strings.NewReplacer("_", "", "-", "", `"`, "").Replace(strings.ToLower(string(key)))
	for i, k := range idKeys {
		if k == plain {
			return i
		}
	}
	return len(idKeys)
}

// packetID returns the number of a Socket.IO event or acknowledgement: the digits
// behind the packet's type and name space, right before its JSON.
func (d *document) packetID() (ID, bool) {
	prefix := d.data[:d.prefix]
	if len(prefix) < 3 || prefix[0] != '4' || !bytes.ContainsRune([]byte("2356"), rune(prefix[1])) {
		return ID{}, false
	}
	at := len(prefix)
	for at > 2 && isDigit(prefix[at-1]) {
		at--
	}
	if at == len(prefix) || at > 2 && prefix[at-1] != ',' && prefix[at-1] != '-' {
		return ID{}, false
	}
	return ID{Value: prefix[at:], Offset: at}, true
}
