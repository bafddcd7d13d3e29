package control

import (
	"context"
	"fmt"
	"net/http"

	"github.com/wsluice/wsluice/proxy"
	"github.com/wsluice/wsluice/proxy/rules"
)

// actions are what is asked of a proxy.
type actions interface {
	Stats() proxy.Stats
	Inject(ctx context.Context, id uint64, in proxy.Injection) (proxy.Delivery, error)
	Kill(ctx context.Context, id uint64, e proxy.Ending) error
	Hold(h proxy.Hold) (queue, error)
	Held() []proxy.Held
	Decide(id uint64, v proxy.Verdict) error
	SetRules(s *rules.Set)
	Rules() *rules.Set
}

// queue holds messages, as proxy.Queue does.
type queue interface {
	ID() uint64
	Next(ctx context.Context) (proxy.HoldEvent, error)
	Close()
}

// live are the actions of a proxy.
type live struct{ *proxy.Proxy }

func (l live) Hold(h proxy.Hold) (queue, error) {
	q, err := l.Proxy.Hold(h)
	if err != nil {
		return nil, err
	}
	return q, nil
}

// acting returns the actions, or an error when nothing can act here.
func (s *Server) acting() (actions, error) {
	if s.options.actions == nil {
		return nil, &problem{Text: "the process that records the capture has no proxy to act on", status: http.StatusNotImplemented}
	}
	return s.options.actions, nil
}

// maxLarge bounds the body of a request that carries a payload of at most
// proxy.MaxInjection bytes: in base64, or as text with some of it escaped.
const maxLarge = 2 * proxy.MaxInjection

// large reads a body that may be as large as that. Only so many of them are there
// at a time: done must be called when it is needed no more.
func (s *Server) large(a *answer, v any) (done func(), err error) {
	done = func() {}
	if a.ContentLength < 0 || a.ContentLength > maxBody {
		ctx, cancel := s.until(a.Context(), a.askTime)
		defer cancel()
		select {
		case s.heavy <- struct{}{}:
			done = func() { <-s.heavy }
		case <-ctx.Done():
			return done, busy("too many large payloads are under way")
		}
	}
	if err := a.arguments(v, maxLarge); err != nil {
		done()
		return func() {}, err
	}
	return done, nil
}

// content returns the payload a request carries as text or in base64, nil when it
// carries none.
func content(text *string, base64 *[]byte) ([]byte, error) {
	switch {
	case text != nil && base64 != nil:
		return nil, badRequest("leave one of them out", "text and base64 do not go together")
	case text != nil:
		return within([]byte(*text))
	case base64 != nil && *base64 == nil:
		return []byte{}, nil
	case base64 != nil:
		return within(*base64)
	}
	return nil, nil
}

func within(payload []byte) ([]byte, error) {
	if len(payload) > proxy.MaxInjection {
		return nil, tooLong(len(payload))
	}
	return payload, nil
}

func tooLong(bytes int) error {
	return badRequest(fmt.Sprintf("send at most %d MiB", proxy.MaxInjection>>20), "%d bytes are too many", bytes)
}
