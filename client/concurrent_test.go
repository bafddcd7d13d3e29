package client_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/frame"
)

// TestManyAtOnce catches connections of the same options that get in each other's
// way.
func TestManyAtOnce(t *testing.T) {
	s := echoServer(t, websocket.Upgrader{EnableCompression: true})
	o := client.Options{
		URL: s.URL, Header: []frame.Field{{Name: "X-A", Value: "1"}}, Offer: client.Offer{Deflate: true},
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			c, _, err := client.Dial(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Hangup()
			for n := range 10 {
				want := []byte(strings.Repeat(fmt.Sprintf("%d of %d, ", n, i), 1+n*20))
				if err := c.Send(frame.Draft{Type: frame.Binary, Payload: want}, true); err != nil {
					t.Error(err)
				}
				if m, err := c.Next(); err != nil || !bytes.Equal(m.Payload, want) {
					t.Errorf("connection %d, message %d: %d bytes, %s, %v", i, n, len(m.Payload), m.Error, err)
					return
				}
			}
		})
	}
	group.Wait()
}
