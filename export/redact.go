package export

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// Redacted stands in an export for what was taken out of it.
const Redacted = "[redacted]"

// Redaction says what is a secret. The zero value says nothing is.
type Redaction struct {
	// Headers are names of header fields whose value is one, in any case.
	Headers []string
	// JSON says which values in JSON are: those of a key at any depth, in any case
	// and whatever hyphens and underscores are in it, such as "access_token"; or
	// one at a path from the top, such as "user.pin" or "items[*].key[0]", where *
	// stands for every key and index.
	JSON []string
	// Patterns match secrets in anything: the whole match, or when there is a
	// group, what the first group matched.
	Patterns []*regexp.Regexp

	standard []screened
}

// secretWords are the names of parameters, header lines and keys that have a
// secret, as parts of an expression.
const secretWords = `access[_-]?token|refresh[_-]?token|id[_-]?token|auth[_-]?token|session[_-]?token|token|api[_-]?key|key|client[_-]?secret|secret|password|passwd|passcode|pwd|signature|sig|auth|authorization|jwt|ticket`

// DefaultRedaction returns what is a secret nearly everywhere: beside names, JSON
// web tokens, what follows the words Bearer and Basic, user and password in a URL,
// and parameters and header lines in text that have such a name.
func DefaultRedaction() Redaction {
	return Redaction{
		Headers: []string{
			"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api-Key", "Apikey", "X-Auth-Token",
			"X-Access-Token", "X-Csrf-Token", "X-Xsrf-Token", "X-Amz-Security-Token", "X-Goog-Api-Key",
		},
		JSON: []string{
			"password", "passwd", "passcode", "pwd", "secret", "client_secret", "token", "access_token", "refresh_token", "id_token",
			"auth_token", "session_token", "csrf_token", "api_key", "private_key", "authorization", "jwt", "credential", "credentials", "cookie",
		},
		standard: standardPatterns,
	}
}

// screened is a pattern with a quick look at whether it can match at all, since
// most payloads have nothing for it.
type screened struct {
	*regexp.Regexp
	worth func(p []byte) bool
}

var standardPatterns = []screened{
	{regexp.MustCompile(`(?im)^(?:password|passcode|authorization|proxy-authorization|cookie|set-cookie|x-api-key|token|access-token):[ \t]*([^\r\n]+)`), headerLines},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*`), holding("eyJ")},
	{regexp.MustCompile(`(?i)\b(?:bearer|basic)[ .:]+([A-Za-z0-9._~+/=-]{12,})`), func(p []byte) bool {
		return bytes.Contains(p, []byte("earer")) || bytes.Contains(p, []byte("asic")) || bytes.Contains(p, []byte("EARER")) || bytes.Contains(p, []byte("ASIC"))
	}},
	{regexp.MustCompile(`://([^/?#@\s"\\]+)@`), holding("://")},
	{regexp.MustCompile(`(?i)(?:[?&;]|\\u0026)(?:` + secretWords + `)=([^&;#\s"'<>\\]+)`), func(p []byte) bool {
		return bytes.IndexByte(p, '=') >= 0 && (bytes.ContainsAny(p, "?&;") || bytes.Contains(p, []byte(`\u0026`)))
	}},
	{regexp.MustCompile(`(?i)^(?:` + secretWords + `)=([^&;#\s"'<>\\]+)`), func(p []byte) bool {
		i := bytes.IndexByte(p[:min(len(p), 32)], '=')
		return i > 0
	}},
}

func holding(text string) func([]byte) bool {
	return func(p []byte) bool { return bytes.Contains(p, []byte(text)) }
}

// headerLines reports whether a line of p begins as one of the names does that
// the pattern for header lines has.
func headerLines(p []byte) bool {
	for {
		if len(p) > 0 && bytes.IndexByte([]byte("paxsctPAXSCT"), p[0]) >= 0 {
			return true
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return false
		}
		p = p[i+1:]
	}
}

// Redactor takes secrets out of what is exported, and changes no other byte. It
// belongs to one goroutine at a time.
type Redactor struct {
	headers  map[string]bool
	names    map[string]bool // of JSON keys, as plainKey makes them
	paths    [][]string
	patterns []screened
	count    uint64
}

// NewRedactor returns a Redactor for r, or an error when a path in r.JSON makes no
// sense.
func NewRedactor(r Redaction) (*Redactor, error) {
	d := &Redactor{headers: make(map[string]bool), names: make(map[string]bool), patterns: slices.Clone(r.standard)}
	for _, p := range r.Patterns {
		d.patterns = append(d.patterns, screened{p, func([]byte) bool { return true }})
	}
	for _, name := range r.Headers {
		d.headers[strings.ToLower(name)] = true
	}
	for _, text := range r.JSON {
		path, err := parseJSONPath(text)
		switch {
		case err != nil:
			return nil, err
		case len(path) == 1 && path[0] != "*" && !strings.HasPrefix(path[0], "["):
			d.names[plainKey(path[0])] = true
		default:
			d.paths = append(d.paths, path)
		}
	}
	return d, nil
}

// Count returns how many values were replaced.
func (d *Redactor) Count() uint64 { return d.count }

// Writer returns a Writer that writes to w what is left of connections and
// messages. What cannot be looked into, since it could not be inflated, is taken
// out whole. Frames are refused.
func (d *Redactor) Writer(w Writer) Writer { return redacting{w, d} }

type redacting struct {
	Writer
	redactor *Redactor
}

func (w redacting) Connection(c *frame.Connection) error {
	return w.Writer.Connection(w.redactor.connection(c))
}

func (w redacting) Message(m *frame.Message) error {
	clean := *m
	w.redactor.message(&clean)
	return w.Writer.Message(&clean)
}

func (w redacting) Frame(r *frame.Record) error {
	return fmt.Errorf("redact: frame %d of connection %d is no message", r.Seq, r.Conn)
}

func (d *Redactor) connection(c *frame.Connection) *frame.Connection {
	clean := *c
	clean.URL = d.text(c.URL)
	clean.Request, clean.Response = d.fields(c.Request), d.fields(c.Response)
	clean.Subprotocol = d.protocols(c.Subprotocol)
	clean.Body = d.payload(c.Body)
	clean.Error, clean.Reason = d.text(c.Error), d.text(c.Reason)
	return &clean
}

func (d *Redactor) fields(fields []frame.Field) []frame.Field {
	clean := slices.Clone(fields)
	for i, f := range clean {
		switch name := strings.ToLower(f.Name); {
		case f.Value == "":
		case d.headers[name]:
			clean[i].Value = Redacted
			d.count++
		case name == "sec-websocket-protocol":
			clean[i].Value = d.protocols(f.Value)
		default:
			clean[i].Value = d.text(f.Value)
		}
	}
	return clean
}

// protocols takes the tokens out of a list of subprotocols, where browsers'
// programs put them for want of another place: behind a name that says so, or in
// the last part of one.
func (d *Redactor) protocols(value string) string {
	parts := strings.Split(value, ",")
	if len(d.headers) == 0 {
		return d.text(value)
	}
	announced := false
	for i, part := range parts {
		word := strings.TrimSpace(part)
		lower := strings.ToLower(word)
		dot := strings.LastIndexByte(word, '.')
		switch {
		case announced && word != "":
			parts[i] = strings.Replace(part, word, Redacted, 1)
			d.count++
		case strings.Contains(lower, "bearer.") && dot >= 0 && dot+1 < len(word):
			parts[i] = strings.Replace(part, word, word[:dot+1]+Redacted, 1)
			d.count++
		default:
			parts[i] = d.text(part)
		}
		announced = slices.Contains([]string{"bearer", "access_token", "token", "authorization", "jwt", "auth"}, lower)
	}
	return strings.Join(parts, ",")
}

// message takes the secrets out of m, whose payload belongs to somebody else.
func (d *Redactor) message(m *frame.Message) {
	switch {
	case m.Error != "" && m.Compressed:
		m.Payload = []byte(Redacted)
		d.count++
	case m.Type == frame.Close && len(m.Payload) >= 2:
		reason := d.control(m.Payload[2:], 2)
		m.Payload = append(m.Payload[:2:2], reason...)
		m.Reason = string(reason)
	case m.Type.Control() && m.Type != frame.Opaque:
		m.Payload = d.control(m.Payload, 0)
	default:
		m.Payload = d.payload(m.Payload)
	}
	if !m.Truncated && m.Incomplete == frame.Whole {
		m.Size = uint64(len(m.Payload))
	}
}

// control is payload for a control frame, which holds no more than it does: the
// text that takes a secret's place may be longer.
func (d *Redactor) control(p []byte, used int) []byte {
	clean := d.payload(p)
	if len(p)+used <= frame.MaxControl && len(clean)+used > frame.MaxControl {
		return []byte(Redacted)
	}
	return clean
}

func (d *Redactor) text(s string) string {
	if s == "" {
		return s
	}
	return string(d.match([]byte(s)))
}

// payload returns p without secrets: p itself when there are none.
func (d *Redactor) payload(p []byte) []byte {
	if len(d.names)+len(d.paths) > 0 && bytes.IndexByte(p, '"') >= 0 {
		p = d.json(p, 0)
	}
	return d.match(p)
}

// match replaces what the patterns match.
func (d *Redactor) match(p []byte) []byte {
	for _, pattern := range d.patterns {
		if !pattern.worth(p) {
			continue
		}
		found := pattern.FindAllSubmatchIndex(p, -1)
		if found == nil {
			continue
		}
		clean, done := make([]byte, 0, len(p)), 0
		for _, at := range found {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			if from == to || string(p[from:to]) == Redacted {
				continue
			}
			clean = append(append(clean, p[done:from]...), Redacted...)
			done = to
			d.count++
		}
		p = append(clean, p[done:]...)
	}
	return p
}
