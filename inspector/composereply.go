package inspector

import (
	"context"
	"slices"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/rows"
)

// replyPatience is how long a reply is waited for.
const replyPatience = 10 * time.Second

// replyPause is the least time between two looks at the capture.
const replyPause = 100 * time.Millisecond

// replies says which messages can be a reply to one of a type, by their opcodes.
var replies = map[frame.Opcode]uint16{
	frame.Text: data, frame.Binary: data, frame.Ping: 1 << frame.Pong, frame.Close: 1 << frame.Close,
}

const data = 1<<frame.Text | 1<<frame.Binary

// question is a message whose reply is looked for: the first message that can be
// one from the other side of its connection.
type question struct {
	entry  *sent // belongs to the goroutine that draws
	conn   uint64
	from   frame.Side
	wanted uint16    // opcodes
	at     time.Time // of its frame in the capture
	until  time.Time
	seq    uint64 // of it, 0 while that is not known
	others rows.Messages
}

// awaitReplies looks for the replies that have not come yet.
func (c *compose) awaitReplies() {
	var open []*question
	for _, s := range c.sent.list {
		if !s.done {
			open = append(open, &question{
				entry: s, conn: s.conn, from: s.draft.From, wanted: replies[s.draft.Type], at: s.at, until: s.until, seq: s.seq,
			})
		}
	}
	c.replier.do(0, func(ctx context.Context) { c.r.i.findReplies(ctx, open) })
}

// findReplies looks for replies until all have come or were waited for long
// enough.
func (i *Inspector) findReplies(ctx context.Context, open []*question) {
	defer func() {
		for _, q := range open {
			q.close()
		}
	}()
	var version uint64
	for {
		now := time.Now()
		open = slices.DeleteFunc(open, func(q *question) bool { return i.look(ctx, q, now) })
		if len(open) == 0 || ctx.Err() != nil {
			return
		}
		next := slices.MinFunc(open, func(a, b *question) int { return a.until.Compare(b.until) }).until
		limited, cancel := context.WithDeadline(ctx, next)
		if found, err := i.o.Source.Wait(limited, version); err == nil {
			version = found
		}
		cancel()
		select {
		case <-ctx.Done():
		case <-time.After(replyPause):
		}
	}
}

// look looks for one reply, and reports whether nothing more is to be done for it.
func (i *Inspector) look(ctx context.Context, q *question, now time.Time) (done bool) {
	reply, err := q.look(ctx, i.o.Source)
	if ctx.Err() != nil {
		return true
	}
	seq := q.seq
	done = reply != nil || err != nil || !now.Before(q.until) || q.wanted == 0 && q.seq != 0
	i.post(func() {
		q.entry.seq, q.entry.reply, q.entry.err, q.entry.done = seq, reply, err, done
	})
	if done {
		q.close()
	}
	return done
}

func (q *question) close() {
	if q.others != nil {
		_ = q.others.Close() // nothing is read from it any more
		q.others = nil
	}
}

// look returns the beginning of the reply, nil when there is none yet.
func (q *question) look(ctx context.Context, source Source) (*frame.Message, error) {
	if q.seq == 0 {
		seq, err := locate(ctx, source, q.conn, q.from, q.at)
		if seq == 0 || err != nil {
			return nil, err
		}
		q.seq = seq
	}
	if q.wanted == 0 {
		return nil, nil
	}
	if q.others == nil {
		peer := q.from.Peer()
		q.others = source.Messages(ctx, rows.Query{
			Conn: q.conn, Start: q.seq, Side: &peer, Opcodes: q.wanted, Limit: 512,
		})
	}
	for q.others.Next() {
		if m := q.others.Message(); m.Seq > q.seq && m.Origin.Own() {
			reply := *m
			reply.Payload = slices.Clone(m.Payload)
			return &reply, nil
		}
	}
	return nil, q.others.Err()
}

// locate returns the number of the frame that a side was given at a time by
// somebody else than its peer, 0 when it is not in the capture yet.
func locate(ctx context.Context, source Source, conn uint64, from frame.Side, at time.Time) (uint64, error) {
	last, err := source.Count(ctx, conn)
	if err != nil {
		return 0, err
	}
	// The times of both sides are not quite in order.
	const back, most = 64, 256
	low, high := uint64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		page, err := source.Page(ctx, conn, middle, 1)
		if err != nil {
			return 0, err
		}
		if len(page) == 0 || !page[0].Time.Before(at) {
			high = middle
		} else {
			low = max(middle, page[0].Seq) + 1
		}
	}
	page, err := source.Page(ctx, conn, max(low, back+1)-back, most)
	for i := range page {
		if r := &page[i]; r.From == from && r.Origin == frame.Injected && r.Time.Equal(at) {
			return r.Message, nil
		}
	}
	return 0, err
}
