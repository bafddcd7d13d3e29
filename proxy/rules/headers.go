package rules

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// headers changes the header fields of a handshake.
type headers struct{ request, response Change }

// Fields that rules leave alone, and why.
var (
	framing = map[string]string{
		"content-length":    "the length follows the body",
		"transfer-encoding": "the length follows the body",
		"connection":        "it belongs to the connection between two hops",
		"trailer":           "it belongs to the connection between two hops",
	}
	handshaking = map[string]string{
		"sec-websocket-key":     "the handshake would only fail (RFC 6455 section 4)",
		"sec-websocket-accept":  "the handshake would only fail (RFC 6455 section 4)",
		"sec-websocket-version": "the handshake would only fail (RFC 6455 section 4)",
		"connection":            "the handshake would only fail (RFC 6455 section 4)",
		"upgrade":               "the handshake would only fail (RFC 6455 section 4)",
		"content-length":        "a handshake has no body",
		"transfer-encoding":     "a handshake has no body",
		"trailer":               "a handshake has no body",
	}
)

func readHeaders(r *reader, n *yaml.Node) action {
	h := new(headers)
	o := r.object(n, "headers", "request", "response")
	if request := o.fields["request"]; request != nil {
		h.request = r.change(request, "request")
	}
	if response := o.fields["response"]; response != nil {
		h.response = r.change(response, "response")
	}
	if r.fault == nil && len(o.fields) == 0 {
		r.failAt(n, "headers has neither request nor response")
	}
	return h
}

func (r *reader) change(n *yaml.Node, what string) (c Change) {
	o := r.object(n, what, "set", "remove")
	if set := o.fields["set"]; set != nil {
		c.Set = r.fields(set, handshaking)
		r.host(set, c.Set, what)
	}
	if remove := o.fields["remove"]; remove != nil {
		for _, item := range r.items(remove, "remove") {
			name := r.fieldName(item, handshaking)
			if strings.EqualFold(name, "Host") {
				r.failAt(item, "a request cannot be without Host (RFC 9110 section 7.2)").suggest("set it to something else")
			}
			c.Remove = append(c.Remove, name)
		}
	}
	if r.fault == nil && len(c.Set) == 0 && len(c.Remove) == 0 {
		r.failAt(n, "%s has nothing to set and nothing to remove", what)
	}
	return c
}

// host checks what is set for Host: one host, and in a request.
func (r *reader) host(n *yaml.Node, fields []frame.Field, what string) {
	count := 0
	for _, f := range fields {
		if !strings.EqualFold(f.Name, "Host") {
			continue
		}
		u, err := url.Parse("ws://" + f.Value)
		if count++; what != "request" || count > 1 || err != nil || u.Host != f.Value || !reachable(u) {
			r.failAt(n, "Host can be set in a request only, to one host with or without a port, not to %s", short(f.Value, 40))
		}
	}
}

// fields reads header fields: names with a value, or a list of them.
func (r *reader) fields(n *yaml.Node, reserved map[string]string) (out []frame.Field) {
	if n.Kind != yaml.MappingNode {
		r.failAt(n, "header fields are %s, not a list of names and values", kindOf(n))
		return nil
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := r.fieldName(n.Content[i], reserved)
		if seen[strings.ToLower(name)] {
			r.failAt(n.Content[i], "the header field %s is given twice", name).suggest("several values are a list: %s: [a, b]", name)
		}
		seen[strings.ToLower(name)] = true
		for _, item := range r.items(n.Content[i+1], name) {
			out = append(out, frame.Field{Name: name, Value: r.fieldValue(item, name)})
		}
	}
	return out
}

// fieldName reads the name of a header field (RFC 9110 section 5.1).
func (r *reader) fieldName(n *yaml.Node, reserved map[string]string) string {
	name := r.text(n, "the name of a header field")
	if name == "" || strings.ContainsFunc(name, func(c rune) bool { return !token(c) }) {
		r.failAt(n, "%s is no name of a header field (RFC 9110 section 5.1)", short(name, 40))
	}
	if why := reserved[strings.ToLower(name)]; why != "" {
		r.failAt(n, "rules do not change %s: %s", name, why)
	}
	return name
}

func token(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// fieldValue reads the value of a header field (RFC 9110 section 5.5).
func (r *reader) fieldValue(n *yaml.Node, name string) string {
	value := r.text(n, name)
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
		r.failAt(n, "the value of %s has control characters", name)
	}
	return strings.Trim(value, " \t")
}

func (*headers) of() subject { return handshakes }

func (h *headers) does() string {
	var parts []string
	for _, c := range []struct {
		of string
		Change
	}{{"request", h.request}, {"response", h.response}} {
		var set []string
		for _, f := range c.Set {
			if !slices.Contains(set, f.Name) {
				set = append(set, f.Name)
			}
		}
		if len(set) > 0 {
			parts = append(parts, fmt.Sprintf("sets %s of the %s", strings.Join(set, ", "), c.of))
		}
		if len(c.Remove) > 0 {
			parts = append(parts, fmt.Sprintf("removes %s of the %s", strings.Join(c.Remove, ", "), c.of))
		}
	}
	return strings.Join(parts, ", ")
}

func (h *headers) shake(s *shaking) {
	if !s.take() {
		return
	}
	for _, c := range []struct {
		change *Change
		to     *[]Change
	}{{&h.request, &s.out.Request}, {&h.response, &s.out.Response}} {
		if len(c.change.Set)+len(c.change.Remove) > 0 {
			*c.to = append(*c.to, Change{slices.Clone(c.change.Remove), slices.Clone(c.change.Set)})
		}
	}
	s.c.Request = h.request.apply(s.c.Request)
}
