package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the one JSON form of c to dst, in the manner of
// Message.AppendJSON. Fields that are not known are left out, except for the
// counters and the header fields of the handshake. Bytes of URL and header
// fields that are not UTF-8 become U+FFFD. The beginning of a refusal's body is
// in "body", or in "body_base64" when it is not UTF-8.
func (c *Connection) AppendJSON(dst []byte) []byte {
	o := openObject(dst)
	o.uint("conn", c.ID)
	o.string("state", string(c.State))
	o.string("url", c.URL)
	if c.Source != 0 {
		o.uint("source", c.Source)
	}
	o.set("client", c.Client)
	o.time("start", c.Start)
	if !c.End.IsZero() {
		o.time("end", c.End)
	}
	if c.Status != 0 {
		o.uint("status", uint64(c.Status))
	}
	o.set("subprotocol", c.Subprotocol)
	o.set("extensions", c.Extensions)
	o.sides("messages", c.Messages)
	o.sides("frames", c.Frames)
	o.sides("bytes", c.Bytes)
	if c.Missing != 0 {
		o.uint("missing", c.Missing)
	}
	if c.Code != 0 {
		o.uint("code", uint64(c.Code))
		o.string("reason", c.Reason)
	}
	o.set("ended_by", string(c.EndedBy))
	o.set("how", string(c.How))
	o.fields("request", c.Request)
	o.fields("response", c.Response)
	if c.TLS != nil {
		o.tls("tls", c.TLS)
	}
	o.set("error", c.Error)
	o.set("server", c.Server)
	switch {
	case len(c.Body) == 0:
	case utf8.Valid(c.Body):
		o.text("body", c.Body)
	default:
		o.base64("body_base64", c.Body)
	}
	return o.close()
}

func (o *object) sides(name string, v [2]uint64) {
	o.name(name)
	in := openObject(o.dst)
	in.uint("client", v[Client])
	in.uint("server", v[Server])
	o.dst = in.close()
}

func (o *object) fields(name string, fields []Field) {
	o.name(name)
	o.dst = append(o.dst, '[')
	for i, f := range fields {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = f.appendJSON(o.dst)
	}
	o.dst = append(o.dst, ']')
}

func (o *object) tls(name string, t *TLS) {
	o.name(name)
	in := openObject(o.dst)
	if t.Client != nil {
		in.leg("client", t.Client)
	}
	if t.Server != nil {
		in.leg("server", t.Server)
	}
	o.dst = in.close()
}

func (o *object) leg(name string, l *TLSLeg) {
	o.name(name)
	in := openObject(o.dst)
	in.string("version", l.Version)
	in.string("cipher", l.Cipher)
	in.set("server_name", l.ServerName)
	in.set("alpn", l.ALPN)
	in.bool("verified", l.Verified)
	in.set("subject", l.Subject)
	in.set("issuer", l.Issuer)
	if !l.NotAfter.IsZero() {
		in.time("not_after", l.NotAfter)
	}
	in.set("sha256", l.SHA256)
	o.dst = in.close()
}

// MarshalJSON returns what AppendJSON appends.
func (c Connection) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// sides is a number for each Side.
type sides struct {
	Client uint64 `json:"client"`
	Server uint64 `json:"server"`
}

// UnmarshalJSON reads what AppendJSON writes.
func (c *Connection) UnmarshalJSON(p []byte) error {
	var in struct {
		Conn        uint64    `json:"conn"`
		State       State     `json:"state"`
		Source      uint64    `json:"source"`
		URL         string    `json:"url"`
		Client      string    `json:"client"`
		Start       time.Time `json:"start"`
		End         time.Time `json:"end"`
		Status      int       `json:"status"`
		Subprotocol string    `json:"subprotocol"`
		Extensions  string    `json:"extensions"`
		Messages    sides     `json:"messages"`
		Frames      sides     `json:"frames"`
		Bytes       sides     `json:"bytes"`
		Missing     uint64    `json:"missing"`
		Code        CloseCode `json:"code"`
		Reason      string    `json:"reason"`
		EndedBy     Party     `json:"ended_by"`
		How         How       `json:"how"`
		Request     []Field   `json:"request"`
		Response    []Field   `json:"response"`
		TLS         *TLS      `json:"tls"`
		Error       string    `json:"error"`
		Server      string    `json:"server"`
		Body        string    `json:"body"`
		BodyBase64  []byte    `json:"body_base64"`
	}
	if err := json.Unmarshal(p, &in); err != nil {
		return fmt.Errorf("connection: %w", err)
	}
	*c = Connection{
		ID: in.Conn, State: in.State, Source: in.Source, URL: in.URL, Client: in.Client, Server: in.Server,
		Start: in.Start, End: in.End, Status: in.Status, Subprotocol: in.Subprotocol,
		Extensions: in.Extensions, Request: in.Request, Response: in.Response,
		Body: in.BodyBase64, TLS: in.TLS, Error: in.Error,
		Messages: [2]uint64{in.Messages.Client, in.Messages.Server},
		Frames:   [2]uint64{in.Frames.Client, in.Frames.Server},
		Bytes:    [2]uint64{in.Bytes.Client, in.Bytes.Server},
		Missing:  in.Missing,
		Code:     in.Code, Reason: in.Reason, EndedBy: in.EndedBy, How: in.How,
	}
	if in.Body != "" {
		c.Body = []byte(in.Body)
	}
	return nil
}

func (f Field) appendJSON(dst []byte) []byte {
	dst = appendString(append(dst, '['), f.Name)
	dst = appendString(append(dst, ','), f.Value)
	return append(dst, ']')
}

// MarshalJSON returns the form ["Name","value"].
func (f Field) MarshalJSON() ([]byte, error) { return f.appendJSON(nil), nil }

// UnmarshalJSON reads the form ["Name","value"].
func (f *Field) UnmarshalJSON(p []byte) error {
	var pair []string
	if err := json.Unmarshal(p, &pair); err != nil {
		return fmt.Errorf("header field: %w", err)
	}
	if len(pair) != 2 {
		return errors.New("header field is not a pair of name and value")
	}
	f.Name, f.Value = pair[0], pair[1]
	return nil
}
