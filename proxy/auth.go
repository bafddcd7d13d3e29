package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// authorized reports whether r may use the proxy. How long that takes says
// nothing about the credentials.
func (p *Proxy) authorized(r *http.Request) bool {
	if p.options.Auth == nil {
		return true
	}
	scheme, encoded, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
	given, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || !strings.EqualFold(scheme, "Basic") {
		return false
	}
	want, got := sha256.Sum256([]byte(credentials(p.options.Auth))), sha256.Sum256(given)
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func (p *Proxy) demandAuthorization(w http.ResponseWriter) {
	w.Header().Set("Proxy-Authenticate", `Basic realm="wsluice", charset="UTF-8"`)
	http.Error(w, "wsluice: this proxy asks for a user name and a password", http.StatusProxyAuthRequired)
}
