package control

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// script is a recorder's end of a connection that answers everything alike.
type script struct {
	status int
	body   []byte
}

func (s script) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Status: "odd", Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

// FuzzAnswer has a client read answers of any kind. It would catch a panic, and
// memory taken for what an answer only claims to hold.
func FuzzAnswer(f *testing.F) {
	block := binary.BigEndian.AppendUint64(make([]byte, 24), 1)
	block = append(block, 0, 0, 0, 1, 0, 0, 0, 3, 'a', 'b', 'c')
	f.Add(200, block)
	f.Add(200, append(block[:36:36], 0xFF, 0xFF, 0xFF, 0xFF))
	f.Add(200, []byte(`{"count":18446744073709551615}`))
	f.Add(200, []byte(`{"error":"odd","code":"no_frame"}`))
	f.Add(200, []byte("{\"conn\":1,\"state\":\"open\"}\n{\"number\":1}\n"))
	f.Add(404, []byte(`{"error":"no such connection: 9","code":"no_connection"}`))
	f.Add(500, []byte("<html>"))
	f.Add(200, []byte("{\"hold\":1}\n  \n{\"held\":{\"id\":7,\"conn\":3,\"message\":{\"type\":\"text\",\"text\":\"x\"}}}\n{\"gone\":{\"id\":7}}\n"))
	f.Add(200, []byte("{\"id\":7,\"message\":null}\nnull\n"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c := &Client{silent: time.Minute}
		c.http.Transport = script{status, body}
		ctx := context.Background()
		var out store.Blocks
		_ = c.Blocks(ctx, store.Request{Conn: 1, From: 1, Records: 10, Limit: 16}, &out)
		if out.Len() > maxBlocks {
			t.Errorf("%d blocks", out.Len())
		}
		_ = c.Blocks(ctx, store.Request{From: 1, Records: 10, Limit: 16, Known: func(key uint64, _ uint32) bool { return key%2 == 0 }}, &out)
		_, _ = c.Conns(ctx, 0, 5)
		_, _ = c.Events(ctx, 0, 5)
		_, _ = c.Conn(ctx, 1)
		_, _ = c.Count(ctx, 1)
		_, _, _ = c.Stored(ctx, 1)
		_, _ = c.Part(ctx, 1, 0)
		_, _ = c.Status(ctx)
		_, _ = c.Delete(ctx, 1)
		_ = c.Snapshot(ctx, io.Discard)
		_, _ = c.Inject(ctx, 1, frame.Draft{Type: frame.Text})
		_ = c.Decide(ctx, 1, proxy.Verdict{Action: proxy.Drop})
		_, _ = c.Rules(ctx)
		held, err := c.Held(ctx)
		for i := range held {
			if !json.Valid(AppendHeld(nil, &held[i])) {
				t.Errorf("no JSON: %s", AppendHeld(nil, &held[i]))
			}
		}
		if err != nil && len(held) > 0 {
			t.Errorf("%d messages and %v", len(held), err)
		}
		if h, err := c.Hold(ctx, HoldOrder{}); err == nil {
			for err == nil {
				var e proxy.HoldEvent
				if e, err = h.Next(); err == nil && (e.Held == nil) == (e.Fate == nil) {
					t.Errorf("event %+v", e)
				}
			}
			_ = h.Close()
		}
		// An answer with the same version is waited on.
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, _ = c.Wait(ctx, 1)
	})
}
