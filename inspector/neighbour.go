package inspector

import (
	"context"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/draw"
)

// neighbour lists the next newer or older connection that has messages.
func (m *messages) neighbour(step int) {
	if m.conn == 0 {
		return
	}
	from := m.conn
	m.asker.do(0, func(ctx context.Context) {
		found, err := neighbour(ctx, m.r.i.o.Source, from, step)
		m.r.i.post(func() {
			switch {
			case err != nil:
				m.r.tell(draw.Bad, decode.Visible(err.Error()))
			case found == 0:
				m.r.tell(draw.Plain, "there is no other connection with messages that way")
			case m.conn == from:
				m.show(found)
			}
		})
	})
}

// neighbour returns the id of the next connection with frames, 0 for none.
func neighbour(ctx context.Context, source Source, from uint64, step int) (uint64, error) {
	newest, err := source.Conns(ctx, 0, 1)
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	for before := from; step < 0 && before > 1; {
		page, err := source.Conns(ctx, before, 100)
		if err != nil || len(page) == 0 {
			return 0, err
		}
		for i := range page {
			if hasFrames(&page[i]) {
				return page[i].ID, nil
			}
		}
		before = page[len(page)-1].ID
	}
	for low := from; step > 0 && low < newest[0].ID; low += 100 {
		page, err := source.Conns(ctx, low+101, 100)
		if err != nil {
			return 0, err
		}
		for i := len(page) - 1; i >= 0; i-- {
			if page[i].ID > low && hasFrames(&page[i]) {
				return page[i].ID, nil
			}
		}
	}
	return 0, nil
}
