package proxy

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

// pageHost is a name under which clients of the proxy reach its page.
const pageHost = "wsluice.local"

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// servePage serves the page that offers the root certificate. It needs no
// authorization: a client must be able to get what it has yet to trust.
func (p *Proxy) servePage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "wsluice: only GET and HEAD here", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/":
		p.serveIndex(w, r)
	case "/ca.pem":
		offer(w, "application/x-pem-file", "wsluice-ca.pem", p.options.Authority.PEM())
	case "/ca.der", "/ca.crt", "/ca.cer":
		offer(w, "application/x-x509-ca-cert", "wsluice-ca"+r.URL.Path[len("/ca"):], p.options.Authority.DER())
	default:
		http.Error(w, "wsluice: this is a proxy; its page is at /", http.StatusNotFound)
	}
}

func (p *Proxy) serveIndex(w http.ResponseWriter, r *http.Request) {
	root := p.options.Authority.Certificate()
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Host":        r.Host,
		"Listen":      p.self.address.String(),
		"Subject":     root.Subject.String(),
		"Until":       root.NotAfter.Format("2 January 2006"),
		"Fingerprint": fmt.Sprintf("% X", sha256.Sum256(root.Raw)),
	})
	if err != nil {
		http.Error(w, "wsluice: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	_, _ = w.Write(page.Bytes())
}

// offer serves a certificate for download.
func offer(w http.ResponseWriter, kind, name string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
}
