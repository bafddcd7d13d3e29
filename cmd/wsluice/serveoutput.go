package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
)

// serveOutput tells what happens while connections are served: a line of the log
// each or, with --json, an object a line.
type serveOutput struct {
	*program
	flags  *serveFlags
	logger *slog.Logger

	lock  sync.Mutex
	err   error  // of printing
	other uint64 // what was not recorded
}

// serveLine is the JSON form of an event.
type serveLine struct {
	What         recorded.What  `json:"what"`
	Time         time.Time      `json:"time"`
	Client       uint64         `json:"client"` // counted from 1
	Address      string         `json:"address,omitempty"`
	Path         string         `json:"path,omitempty"`
	Conversation uint64         `json:"conn,omitempty"` // of the capture
	Seq          uint64         `json:"seq,omitempty"`
	Status       int            `json:"status,omitempty"`
	Message      *frame.Message `json:"message,omitempty"`
	EndedBy      frame.Party    `json:"ended_by,omitempty"`
	How          frame.How      `json:"how,omitempty"`
	Missing      *int           `json:"missing,omitempty"`
	Left         *int           `json:"left,omitempty"`
	Error        string         `json:"error,omitempty"`
}

// tell prints an event.
func (o *serveOutput) tell(e recorded.Event) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if e.What == recorded.Unknown || e.What == recorded.Unserved {
		o.other++
	}
	if o.flags.asJSON {
		o.json(&e)
		return
	}
	o.text(&e)
}

func (o *serveOutput) json(e *recorded.Event) {
	l := serveLine{
		What: e.What, Time: e.Time, Client: e.Number, Conversation: e.Conversation,
		Seq: e.Seq, Status: e.Status, Message: e.Message,
	}
	switch e.What {
	case recorded.Connected, recorded.Refused, recorded.Unserved:
		l.Address, l.Path = e.Client, e.Path
	case recorded.Ended:
		l.EndedBy, l.How, l.Missing, l.Left = e.Ending.EndedBy, e.Ending.How, &e.Missing, &e.Left
	}
	if e.Err != nil {
		l.Error = e.Err.Error()
	}
	line, err := json.Marshal(&l)
	if err == nil {
		_, err = o.stdout.Write(append(line, '\n'))
	}
	if o.err == nil {
		o.err = err
	}
}

func (o *serveOutput) text(e *recorded.Event) {
	level := slog.LevelInfo
	attrs := []any{"client", e.Number}
	switch e.What {
	case recorded.Connected, recorded.Refused, recorded.Unserved:
		attrs = append(attrs, "address", e.Client, "path", e.Path)
		if e.Conversation != 0 {
			attrs = append(attrs, "conn", e.Conversation)
		}
		if e.Status != 0 {
			attrs = append(attrs, "status", e.Status)
		}
	case recorded.Matched, recorded.Unknown:
		if e.Seq != 0 {
			attrs = append(attrs, "seq", e.Seq)
		}
		attrs = append(attrs, "message", heardText(e.Message))
	case recorded.Sent, recorded.Unsent:
		attrs = append(attrs, "seq", e.Seq)
	case recorded.Ended:
		attrs = append(attrs, "by", string(e.Ending.EndedBy), "how", string(e.Ending.How))
		if e.Missing > 0 {
			attrs = append(attrs, "missing", e.Missing)
		}
		if e.Left > 0 {
			attrs = append(attrs, "left", e.Left)
		}
	}
	if e.Err != nil {
		attrs = append(attrs, "error", e.Err)
	}
	switch e.What {
	case recorded.Unknown, recorded.Unserved, recorded.Unsent, recorded.Passing:
		level = slog.LevelWarn
	}
	o.logger.Log(context.Background(), level, string(e.What), attrs...)
}

// unexpected returns an error when there was what was not recorded.
func (o *serveOutput) unexpected() error {
	if o.other == 0 {
		return nil
	}
	return &failure{
		code: exitFailed, err: fmt.Errorf("%d messages or requests came that were not recorded", o.other),
		hint: "what may differ can be left out with --ignore PATH and --match shape; see wsluice serve --help",
	}
}

// heardText returns the beginning of a message; the log makes it harmless.
func heardText(m *frame.Message) string {
	if m.Type != frame.Text {
		return fmt.Sprintf("%s of %s", m.Type, counted(m.Size, "byte"))
	}
	return string(m.Payload[:min(len(m.Payload), longestURL)])
}
