package client

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// request returns the fields of the handshake with t (RFC 6455 section 4.1):
// those every handshake has and header does not, then header.
func (o *Options) request(t target, header []frame.Field) []frame.Field {
	own := []frame.Field{
		{Name: "Host", Value: t.field},
		{Name: "Upgrade", Value: "websocket"},
		{Name: "Connection", Value: "Upgrade"},
		{Name: "Sec-WebSocket-Key", Value: o.Key},
		{Name: "Sec-WebSocket-Version", Value: "13"},
	}
	if o.Key == "" {
		var nonce [16]byte
		_, _ = rand.Read(nonce[:]) // which never fails
		own[3].Value = base64.StdEncoding.EncodeToString(nonce[:])
	}
	if len(o.Subprotocols) > 0 {
		own = append(own, frame.Field{Name: "Sec-WebSocket-Protocol", Value: strings.Join(o.Subprotocols, ", ")})
	}
	if offer := o.Offer.String(); offer != "" {
		own = append(own, frame.Field{Name: "Sec-WebSocket-Extensions", Value: offer})
	}
	if t.user != nil {
		own = append(own, frame.Field{Name: "Authorization", Value: basic(t.user)})
	}
	list := make([]frame.Field, 0, len(own)+len(header))
	for _, f := range own {
		if len(values(header, f.Name)) == 0 {
			list = append(list, f)
		}
	}
	return append(list, header...)
}

// elsewhere returns header without what is meant for one origin only.
func elsewhere(header []frame.Field) []frame.Field {
	var list []frame.Field
	for _, f := range header {
		switch strings.ToLower(f.Name) {
		case "host", "authorization", "cookie":
		default:
			list = append(list, f)
		}
	}
	return list
}

// wire returns a request as it is on the wire (RFC 9112 section 3).
func wire(method, uri string, fields []frame.Field) []byte {
	var b bytes.Buffer
	b.WriteString(method + " " + uri + " HTTP/1.1\r\n")
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// values returns the values of the fields of a name, which may be in any case.
func values(fields []frame.Field, name string) []string {
	var list []string
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			list = append(list, strings.TrimSpace(f.Value))
		}
	}
	return list
}

// joined returns the values of the fields of a name as one list.
func joined(fields []frame.Field, name string) string {
	return strings.Join(values(fields, name), ", ")
}

// acceptFor returns the Sec-WebSocket-Accept for a key.
func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
