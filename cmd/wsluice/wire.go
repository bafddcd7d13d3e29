package main

import (
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/store"
)

// recorderDoor lets the proxy record into a capture; neither room knows the
// other.
type recorderDoor struct{ recorder *store.Recorder }

func (d recorderDoor) Open(c *frame.Connection) (proxy.Tape, error) {
	return d.recorder.Open(c)
}
