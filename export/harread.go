package export

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/wsluice/wsluice/frame"
)

const (
	// harHead bounds the request, the response and other small parts of an entry
	// in bytes.
	harHead = 16 << 20
	// harData bounds the data of one message in bytes: 256 MiB in base64.
	harData = 342 << 20
)

// harReader reads the entries of a HAR document.
type harReader struct {
	intake
	json *jsonScanner
	gori bool // data is in base64 only where "encoding" says so
}

// ReadHAR gives the WebSocket connections of an HTTP Archive to sink: as Chrome,
// Firefox, HTTP Toolkit, mitmproxy, gori and NewHAR write them. Other entries are
// counted. It reads parts of r more than once, since programs write messages
// before the request they belong to, and holds no more than one message of at
// most 256 MiB at a time.
//
// When the file is damaged or ctx ends, what was read before stays with the sink,
// the connection under way up to there, and Tally tells of it.
func ReadHAR(ctx context.Context, r io.ReadSeeker, sink Sink) (Tally, error) {
	h := &harReader{intake: intake{ctx: ctx, sink: sink}, json: newJSONScanner(r)}
	if err := h.document(); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the file ends at byte %d, in the middle: %w", h.json.off, err)
		}
		return h.tally, fmt.Errorf("read har: %w", err)
	}
	return h.tally, nil
}

func (h *harReader) document() error {
	found := false
	err := h.json.object(func(name string) error {
		if name != "log" {
			return h.json.skip()
		}
		return h.json.object(func(name string) error {
			switch name {
			case "creator":
				var creator struct{ Name string }
				if err := h.small(&creator); err != nil {
					return err
				}
				h.gori = strings.HasPrefix(strings.ToLower(creator.Name), "gori")
				return nil
			case "entries":
				found = true
				return h.json.array(h.entry)
			}
			return h.json.skip()
		})
	})
	if err == nil && !found {
		return errors.New("there are no log entries in it")
	}
	return err
}

// small reads a small value into v. One that is long or of another kind is passed
// over.
func (h *harReader) small(v any) error {
	raw, err := h.json.value(harHead)
	switch {
	case errors.Is(err, errTooLong):
		h.tally.note("parts of entries with more than 16 MiB are left out")
		return nil
	case err != nil:
		return err
	}
	unmarshalLoosely(raw, v)
	return nil
}

// harEntryRead is an entry as far as it was read.
type harEntryRead struct {
	Started  string
	Time     float64
	Kind     string
	Server   string
	Request  *harMessageHead
	Response *harMessageHead
	Close    harClose
	kept     *frame.Connection // as NewHAR wrote it
	reel     *reel
	// before and messages are where these fields begin that came too early, or -1.
	before, messages int64
	some             bool // there is a list of messages
}

type harMessageHead struct {
	Method  string
	URL     string
	Status  float64
	Headers []harPair
	Content struct{ Text, Encoding string }
	Error   string `json:"_error"`
}

type harPair struct{ Name, Value string }

// harClose is how HTTP Toolkit tells of the end: code and reason, but not whose
// they were.
type harClose struct {
	Code   *int
	Reason string
}

func (h *harReader) entry() (err error) {
	if err = h.alive(); err != nil {
		return err
	}
	e := &harEntryRead{before: -1, messages: -1}
	defer func() {
		if e.reel != nil {
			e.reel.finish(err)
		}
	}()
	if err = h.json.object(func(name string) error { return h.entryField(e, name) }); err != nil {
		return err
	}
	if e.reel == nil {
		if !e.isWebSocket() {
			h.tally.note("entries that are no WebSocket are left out")
			return nil
		}
		if err = h.openEntry(e); err != nil {
			return err
		}
	}
	if e.before >= 0 {
		if err = h.json.at(e.before, func() error { return h.beside(e) }); err != nil {
			return err
		}
	}
	if e.messages >= 0 {
		if err = h.json.at(e.messages, func() error { return h.messages(e) }); err != nil {
			return err
		}
	}
	if e.Close.Code != nil && !e.reel.closed && e.reel.end.Error == "" {
		e.reel.end.Error = fmt.Sprintf("closed with code %d %s", *e.Close.Code, e.Close.Reason)
		h.tally.note("closes of which the file does not tell whose they were are kept as a remark")
	}
	if !e.some {
		h.tally.note("connections are kept without messages, as the file has none of them")
	}
	return nil
}

func (h *harReader) entryField(e *harEntryRead, name string) error {
	switch name {
	case "startedDateTime":
		return h.small(&e.Started)
	case "time":
		return h.small(&e.Time)
	case "_resourceType":
		return h.small(&e.Kind)
	case "serverIPAddress":
		return h.small(&e.Server)
	case "request":
		return h.small(&e.Request)
	case "response":
		return h.small(&e.Response)
	case "_webSocketClose":
		return h.small(&e.Close)
	case "_wsluice":
		return h.json.object(func(name string) error {
			switch {
			case name == "connection":
				return h.keptConnection(e)
			case name == "before":
				return h.now(e, &e.before, h.beside)
			}
			return h.json.skip()
		})
	case "_webSocketMessages":
		e.some = true
		return h.now(e, &e.messages, h.messages)
	}
	return h.json.skip()
}

// keptConnection reads the connection as NewHAR wrote it.
func (h *harReader) keptConnection(e *harEntryRead) error {
	raw, err := h.json.value(harHead)
	if err != nil {
		return passable(err)
	}
	c := new(frame.Connection)
	if json.Unmarshal(raw, c) == nil && c.URL != "" {
		e.kept = c
	}
	return nil
}

// now reads a list when all is known that comes before it, or remembers where it
// is and skips it.
func (h *harReader) now(e *harEntryRead, where *int64, read func(*harEntryRead) error) error {
	known := e.before < 0 && e.messages < 0 && e.Request != nil && e.Response != nil && e.Started != ""
	if !known {
		if _, err := h.json.next(); err != nil {
			return err
		}
		*where = h.json.off
		return h.json.skip()
	}
	if e.reel == nil {
		if err := h.openEntry(e); err != nil {
			return err
		}
	}
	return read(e)
}

func (e *harEntryRead) isWebSocket() bool {
	if e.some || e.kept != nil || strings.EqualFold(e.Kind, "websocket") {
		return true
	}
	if e.Request == nil {
		return false
	}
	scheme, _, _ := strings.Cut(strings.ToLower(e.Request.URL), ":")
	return scheme == "ws" || scheme == "wss" || strings.EqualFold(field(harFields(e.Request.Headers), "Upgrade"), "websocket")
}

// openEntry begins the connection of e.
func (h *harReader) openEntry(e *harEntryRead) (err error) {
	c := e.kept
	if c == nil {
		c = e.connection()
	}
	e.reel, err = h.open(c)
	return err
}

// connection is what HAR tells of it.
func (e *harEntryRead) connection() *frame.Connection {
	req, resp := e.Request, e.Response
	if req == nil {
		req = new(harMessageHead)
	}
	if resp == nil {
		resp = new(harMessageHead)
	}
	c := &frame.Connection{
		State: frame.Closed, URL: cmp.Or(webSocketURL(req.URL), unknownURL), Status: int(min(max(resp.Status, 0), 999)),
		Request: harFields(req.Headers), Response: harFields(resp.Headers), Start: looseTime(e.Started),
	}
	if e.Server != "" {
		c.Server = serverAddress(e.Server, c.URL)
	}
	c.Subprotocol = field(c.Response, "Sec-WebSocket-Protocol")
	c.Extensions = field(c.Response, "Sec-WebSocket-Extensions")
	c.End = c.Start
	if e.Time > 0 && e.Time < 1e12 {
		c.End = c.Start.Add(time.Duration(e.Time * 1e6))
	}
	switch {
	case e.some || c.Status == 101:
	case c.Status == 0:
		c.State, c.Error = frame.Failed, cmp.Or(resp.Error, "there was no answer")
	default:
		c.State = frame.Refused
		if c.Body = []byte(resp.Content.Text); resp.Content.Encoding == "base64" {
			c.Body, _ = base64.StdEncoding.DecodeString(resp.Content.Text)
		}
	}
	return c
}

// unknownURL stands for that of a connection without any (RFC 2606 section 2).
const unknownURL = "ws://unknown.invalid/"

// serverAddress is address with the port of the URL.
func serverAddress(address, of string) string {
	address = strings.Trim(address, "[]")
	port := "80"
	u, err := url.Parse(of)
	switch {
	case err != nil:
	case u.Port() != "":
		port = u.Port()
	case u.Scheme == "wss":
		port = "443"
	}
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	return address + ":" + port
}

func harFields(pairs []harPair) []frame.Field {
	fields := make([]frame.Field, len(pairs))
	for i, p := range pairs {
		fields[i] = frame.Field(p)
	}
	return fields
}
