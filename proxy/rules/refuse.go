package rules

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/wsluice/wsluice/frame"
)

// refuse answers a handshake with another status than 101.
type refuse struct{ refusal Refusal }

func readRefuse(r *reader, n *yaml.Node) action {
	out := new(refuse)
	if n.Kind == yaml.ScalarNode {
		out.refusal.Status = r.status(n)
		return out
	}
	o := r.object(n, "refuse", "status", "headers", "body")
	status := o.fields["status"]
	if status == nil {
		r.failAt(n, "refuse has no status").suggest("add status: 503")
		return out
	}
	out.refusal.Status = r.status(status)
	if headers := o.fields["headers"]; headers != nil {
		out.refusal.Header = r.fields(headers, framing)
	}
	if body := o.fields["body"]; body != nil {
		out.refusal.Body = []byte(r.text(body, "body"))
		typed := slices.ContainsFunc(out.refusal.Header, func(f frame.Field) bool { return strings.EqualFold(f.Name, "Content-Type") })
		if !typed {
			out.refusal.Header = append(out.refusal.Header, frame.Field{Name: "Content-Type", Value: "text/plain; charset=utf-8"})
		}
	}
	return out
}

func (r *reader) status(n *yaml.Node) int { return r.whole(n, "status", 300, 599) }

func (*refuse) of() subject { return handshakes }

func (f *refuse) does() string {
	return strings.TrimSpace(fmt.Sprintf("refuses it with %d %s", f.refusal.Status, http.StatusText(f.refusal.Status)))
}

func (f *refuse) shake(s *shaking) {
	if !s.take() {
		return
	}
	s.out.Refuse = &Refusal{f.refusal.Status, slices.Clone(f.refusal.Header), slices.Clone(f.refusal.Body)}
	s.over = true
}
