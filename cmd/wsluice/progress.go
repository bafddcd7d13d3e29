package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on stderr for long work, drawn only on a terminal and only
// when the work takes longer than a moment. A nil one draws nothing.
type progress struct {
	p     *program
	what  string
	start time.Time
	calls uint
	bar   *progressbar.ProgressBar
	tell  func(part float64) // is told in place of a bar, unless it is nil
}

func (p *program) progress(what string) *progress {
	if !isTerminal(p.stderr) {
		return nil
	}
	return &progress{p: p, what: what, start: time.Now()}
}

// set shows that done of total are behind us.
func (b *progress) set(done, total int64) {
	if b == nil {
		return
	}
	if b.tell != nil {
		b.tell(float64(done) / float64(max(total, 1)))
		return
	}
	const moment = 300 * time.Millisecond
	if b.bar == nil {
		if time.Since(b.start) < moment {
			return
		}
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.p.stderr),
			progressbar.OptionSetDescription(b.what),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	_ = b.bar.Set64(done)
}

// of shows how far a cursor has come. It is cheap enough to be called for everything
// it goes through.
func (b *progress) of(c cursor) {
	if b == nil {
		return
	}
	const step, whole = 1 << 12, 1000
	if b.calls++; b.calls%step == 0 {
		b.set(int64(whole*c.Progress()), whole)
	}
}

// finish removes the bar.
func (b *progress) finish() {
	if b != nil && b.bar != nil {
		_ = b.bar.Finish()
	}
}
