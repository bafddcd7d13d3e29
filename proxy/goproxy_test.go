package proxy

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/elazarl/goproxy"
)

// door is a body that notes how goproxy treats it.
type door struct {
	lock  sync.Mutex
	calls []string
	from  chan struct{}
}

func (d *door) note(call string) {
	var stack [8 << 10]byte
	if !strings.Contains(string(stack[:runtime.Stack(stack[:], false)]), "goproxy") {
		call += " from elsewhere"
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	d.calls = append(d.calls, call)
}

func (d *door) Read([]byte) (int, error) { d.note("Read"); return 0, io.EOF }

func (d *door) Write(p []byte) (int, error) {
	d.note("Write " + string(p))
	return len(p), nil
}

func (d *door) ReadFrom(io.Reader) (int64, error) {
	d.note("ReadFrom")
	close(d.from)
	return 0, nil
}

func (d *door) WriteTo(w io.Writer) (int64, error) {
	d.note("WriteTo")
	<-d.from
	_, err := io.WriteString(w, "bye")
	return 0, err
}

func (d *door) Close() error { return nil }

// Catches a version of goproxy that no longer hands both streams of a 101 to the
// body's ReadFrom and WriteTo, each once, and what it has buffered to Write
// before: all that a session rests on.
func TestGoproxyHandsTheStreamsOver(t *testing.T) {
	d := &door{from: make(chan struct{})}
	handler := goproxy.NewProxyHttpServer()
	handler.Logger = goproxyLog{start(t).log}
	handler.OnRequest().DoFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		return r, &http.Response{
			StatusCode: http.StatusSwitchingProtocols, Body: d,
			Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}},
		}
	})
	address := serve(t, false, handler.ServeHTTP)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := newWire(t, c)
	w.send(handshake("http://x/", "x") + "early")
	if response := w.response(http.MethodGet); response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response.Status)
	}
	w.expect("bye")
	d.lock.Lock()
	defer d.lock.Unlock()
	calls := strings.Join(d.calls, ", ")
	if calls != "Write early, ReadFrom, WriteTo" && calls != "WriteTo, Write early, ReadFrom" && calls != "Write early, WriteTo, ReadFrom" {
		t.Errorf("goproxy called %s", calls)
	}
}
