package main

import (
	"context"
	"errors"

	"github.com/wsluice/wsluice/control"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector"
	"github.com/wsluice/wsluice/proxy"
)

// interventions are what an inspector can ask of the recorder of the capture at
// path. They keep one client of it from call to call.
type interventions struct {
	path string
	kept chan *control.Client // it, or nil; away while somebody dials
}

// intervene returns the interventions of the capture at path. Close them.
func intervene(path string) *interventions {
	i := &interventions{path, make(chan *control.Client, 1)}
	i.kept <- nil
	return i
}

// close lets go of the recorder.
func (i *interventions) close() { i.forget(<-i.kept) }

// forget lets go of a client that is kept no more: nil is none. The next call
// dials anew.
func (i *interventions) forget(client *control.Client) {
	if client != nil {
		_ = client.Close()
	}
	i.kept <- nil
}

// recorder returns the client.
func (i *interventions) recorder(ctx context.Context) (*control.Client, error) {
	select {
	case client := <-i.kept:
		var err error
		if client == nil {
			client, err = control.Dial(ctx, i.path)
		}
		i.kept <- client
		return client, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lost forgets a client whose recorder is gone: there may be another by now.
func (i *interventions) lost(client *control.Client) {
	if now := <-i.kept; now == client {
		i.forget(now)
	} else {
		i.kept <- now
	}
}

// ask calls do with the client.
func (i *interventions) ask(ctx context.Context, do func(*control.Client) error) error {
	client, err := i.recorder(ctx)
	if err == nil {
		if err = do(client); errors.Is(err, control.ErrNotRecording) {
			i.lost(client)
		}
	}
	if errors.Is(err, control.ErrNotRecording) {
		return errAtRest
	}
	return err
}

// errAtRest says why there is nothing to act on.
var errAtRest = errors.New("the capture is not being recorded")

// Send implements inspector.Interventions.
func (i *interventions) Send(ctx context.Context, conn uint64, d frame.Draft) (sent inspector.Sent, err error) {
	err = i.ask(ctx, func(client *control.Client) error {
		delivery, err := client.Inject(ctx, conn, d)
		sent = inspector.Sent(delivery)
		return err
	})
	return sent, err
}

// Kill implements inspector.Interventions.
func (i *interventions) Kill(ctx context.Context, conn uint64, e inspector.Ending) error {
	return i.ask(ctx, func(client *control.Client) error { return client.Kill(ctx, conn, proxy.Ending(e)) })
}

// Held implements inspector.Interventions.
func (i *interventions) Held(ctx context.Context) (all []inspector.Held, err error) {
	err = i.ask(ctx, func(client *control.Client) error {
		held, err := client.Held(ctx)
		for _, h := range held {
			all = append(all, inspector.Held{
				ID: h.ID, Queue: h.Queue, Message: h.Message, Since: h.Since, Until: h.Until,
				Drop: h.Expired == proxy.Drop, Why: h.Why,
			})
		}
		return err
	})
	return all, err
}

// Decide implements inspector.Interventions.
func (i *interventions) Decide(ctx context.Context, id uint64, v inspector.Verdict) error {
	return i.ask(ctx, func(client *control.Client) error {
		return client.Decide(ctx, id, proxy.Verdict{Action: proxy.Action(v.Action), Payload: v.Payload, Type: v.Type})
	})
}

// Rules implements inspector.Interventions.
func (i *interventions) Rules(ctx context.Context) (book inspector.RuleBook, err error) {
	err = i.ask(ctx, func(client *control.Client) error {
		found, err := client.Rules(ctx)
		book = inspector.RuleBook{Source: found.Source, Text: found.Text, Error: found.Error}
		for _, r := range found.Rules {
			book.Rules = append(book.Rules, inspector.Rule{
				Name: r.Name, When: r.When, From: r.From, Does: r.Does, Line: r.Line, On: r.On, Hits: r.Hits, Most: r.Most,
			})
		}
		return err
	})
	return book, err
}

// SetRules implements inspector.Interventions. The rules keep the name of those
// before.
func (i *interventions) SetRules(ctx context.Context, text string) error {
	return i.ask(ctx, func(client *control.Client) error {
		book, err := client.Rules(ctx)
		if err != nil {
			return err
		}
		if book.Source == "" {
			book.Source = "rules"
		}
		return client.SetRules(ctx, book.Source, text)
	})
}

// SwitchRule implements inspector.Interventions.
func (i *interventions) SwitchRule(ctx context.Context, name string, on bool) error {
	return i.ask(ctx, func(client *control.Client) error { return client.SwitchRule(ctx, name, on) })
}

// Hold implements inspector.Interventions.
func (i *interventions) Hold(ctx context.Context, o inspector.HoldOrder) (inspector.HoldStream, error) {
	order := control.HoldOrder{Filter: o.Filter, Limit: o.Limit, Expired: proxy.Release}
	if o.Drop {
		order.Expired = proxy.Drop
	}
	var h *inspectedHold
	// The hold lasts until it is closed, however long the context does.
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, end)()
	err := i.ask(ctx, func(client *control.Client) error {
		stream, err := client.Hold(living, order)
		if err == nil {
			h = &inspectedHold{stream: stream, end: end, happened: make(chan struct{}, 1), over: make(chan struct{})}
		}
		return err
	})
	if err != nil {
		end()
		return nil, err
	}
	go h.follow()
	return h, nil
}

// inspectedHold is a hold as the inspector's HoldStream.
type inspectedHold struct {
	stream   *control.HoldStream
	end      context.CancelFunc
	happened chan struct{}
	over     chan struct{} // closed when nothing happens any more
	err      error         // why, to be read then
}

// follow notes that things happen until the stream ends.
func (h *inspectedHold) follow() {
	defer close(h.over)
	for {
		if _, h.err = h.stream.Next(); h.err != nil {
			return
		}
		select {
		case h.happened <- struct{}{}:
		default:
		}
	}
}

// Wait implements inspector.HoldStream.
func (h *inspectedHold) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.happened:
		return nil
	case <-h.over:
		if errors.Is(h.err, control.ErrNotRecording) {
			return errAtRest
		}
		return h.err
	}
}

// Close implements inspector.HoldStream.
func (h *inspectedHold) Close() error {
	err := h.stream.Close()
	<-h.over
	h.end()
	return err
}
