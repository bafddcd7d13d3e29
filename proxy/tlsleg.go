package proxy

import (
	"net/http"

	"github.com/wsluice/wsluice/frame"
)

// legs returns what is known of TLS on both sides, nil without any.
func (x *exchange) legs(r *http.Response) *frame.TLS {
	var t frame.TLS
	if x.client.tunnelled() {
		t.Client = x.client.tunnel.leg
	}
	if r != nil && r.TLS != nil {
		t.Server = frame.NewTLSLeg(r.TLS)
	}
	if t == (frame.TLS{}) {
		return nil
	}
	return &t
}
