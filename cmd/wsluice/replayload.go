package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wsluice/wsluice/client/replay"
)

// checkLoad checks the flags of many copies.
func (f *replayFlags) checkLoad() error {
	switch {
	case f.clients < 1 || f.clients > 100_000:
		return usagef("give a number from 1 to 100000", "--clients %d cannot be had", f.clients)
	case f.repeat < 1:
		return usagef("give a number from 1 up", "--repeat %d plays nothing", f.repeat)
	case f.ramp < 0:
		return usagef("give a time such as 10s", "--ramp %v is less than nothing", f.ramp)
	case f.load() && f.options.Pace == replay.Stepwise:
		return usagef("use another pace", "--pace step is for a single client")
	}
	return nil
}

// replayCrowd plays a script many times at once.
func (p *program) replayCrowd(ctx context.Context, f *replayFlags, script *replay.Script, out *replayOutput, from *replayed) error {
	crowd := &replay.Crowd{Script: script, Options: f.options, Clients: f.clients, Repeat: f.repeat, Ramp: f.ramp}
	var telling sync.Mutex
	told := make(map[string]bool) // values, which each client has of its own
	crowd.Options.Tell = func(e replay.Event) {
		if e.Result != nil && e.Result.Outcome == replay.Same || e.Sent != nil || e.Connected != nil {
			return
		}
		telling.Lock()
		defer telling.Unlock()
		if e.Used != nil {
			if len(told) > shownValues || told[e.Used.Recorded] {
				return
			}
			told[e.Used.Recorded] = true
		}
		out.tell(e)
	}
	began := time.Now()
	watched, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	if isTerminal(p.stderr) {
		watching.Go(func() { p.watchCrowd(watched, crowd, f.clients*f.repeat, began) })
	}
	played := crowd.Play(ctx)
	stop()
	watching.Wait()
	totals := crowd.Totals()
	if err := errors.Join(out.finishCrowd(crowd, &totals, time.Since(began)), from.close()); err != nil {
		return err
	}
	switch {
	case played != nil:
		return played
	case totals.Failed > 0 && totals.Played == 0:
		return &failure{code: exitFailed, err: fmt.Errorf("none of %s could be played", counted(totals.Failed, "replay"))}
	case totals.Passed < totals.Played+totals.Failed:
		return otherwise(fmt.Errorf("%d of %s went otherwise than what was recorded", totals.Played+totals.Failed-totals.Passed,
			counted(totals.Played+totals.Failed, "replay")))
	}
	return nil
}

// watchCrowd draws a line on the terminal about how a crowd fares.
func (p *program) watchCrowd(ctx context.Context, crowd *replay.Crowd, all int, began time.Time) {
	const often = 200 * time.Millisecond
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	defer fmt.Fprint(p.stderr, "\r\x1b[K")
	for {
		t := crowd.Totals()
		fmt.Fprintf(p.stderr, "\r\x1b[K%s", fitted(fmt.Sprintf("%s  %d playing, %d of %d done, %d passed, %d failed  p50 %v p99 %v",
			time.Since(began).Round(time.Second), t.Playing, t.Played+t.Failed, all, t.Passed, t.Failed,
			rounded(crowd.Answers.Quantile(0.5)), rounded(crowd.Answers.Quantile(0.99))), terminalWidth(p.stderr)))
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// fitted cuts a line of ASCII to a width.
func fitted(line string, width int) string {
	if width > 1 && len(line) >= width {
		return line[:width-1]
	}
	return line
}

// rounded returns d to three digits or so.
func rounded(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// crowdJSON is the JSON form of what became of a crowd.
type crowdJSON struct {
	Passed     bool              `json:"passed"`
	Replayed   uint64            `json:"replayed"` // the connection
	Clients    int               `json:"clients"`
	Repeat     int               `json:"repeat"`
	Replays    crowdReplays      `json:"replays"`
	Sent       uint64            `json:"sent"`
	Skipped    uint64            `json:"skipped"`
	Outcomes   map[string]uint64 `json:"outcomes"`
	Asserts    []assertJSON      `json:"asserts,omitempty"`
	Errors     map[string]uint64 `json:"errors,omitempty"`
	Handshakes timesJSON         `json:"handshakes"`
	Answers    timesJSON         `json:"answers"`
	Seconds    float64           `json:"seconds"`
}

// crowdReplays counts replays: those that passed, went otherwise, broke off, and
// had no connection.
type crowdReplays struct {
	Passed    uint64 `json:"passed"`
	Otherwise uint64 `json:"otherwise"`
	Broken    uint64 `json:"broken"`
	Failed    uint64 `json:"failed"`
}

// timesJSON are times in seconds.
type timesJSON struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func times(h *replay.Histogram) timesJSON {
	at := func(q float64) float64 { return h.Quantile(q).Seconds() }
	return timesJSON{Count: h.Count(), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: h.Max().Seconds()}
}

// timesText says how times are distributed.
func timesText(what string, h *replay.Histogram) string {
	return fmt.Sprintf("%-10s  %8d  p50 %v  p90 %v  p99 %v  p99.9 %v  max %v", what, h.Count(), rounded(h.Quantile(0.5)),
		rounded(h.Quantile(0.9)), rounded(h.Quantile(0.99)), rounded(h.Quantile(0.999)), rounded(h.Max()))
}

// finishCrowd prints what became of a crowd.
func (o *replayOutput) finishCrowd(crowd *replay.Crowd, t *replay.Totals, took time.Duration) error {
	all := t.Played + t.Failed
	line := &crowdJSON{
		Passed: t.Passed == all, Replayed: o.conn, Clients: crowd.Clients, Repeat: crowd.Repeat,
		Replays: crowdReplays{Passed: t.Passed, Otherwise: t.Played - t.Passed, Broken: t.Broken, Failed: t.Failed},
		Sent:    t.Sent, Skipped: t.Skipped, Outcomes: outcomeCounts(t.Outcomes), Asserts: o.asserts(t.Asserts, t.Refutes), Errors: t.Errors,
		Handshakes: times(&crowd.Handshakes), Answers: times(&crowd.Answers), Seconds: took.Seconds(),
	}
	summary := []string{
		fmt.Sprintf("connection %d replayed by %s in %v: %d passed, %d otherwise, %d without a connection",
			o.conn, counted(uint64(crowd.Clients), "client"), rounded(took), t.Passed, t.Played-t.Passed, t.Failed),
		fmt.Sprintf("%s sent, %d not; of the server %s", counted(t.Sent, "message"), t.Skipped, outcomesText(t.Outcomes)),
		timesText("handshakes", &crowd.Handshakes), timesText("answers", &crowd.Answers),
	}
	for _, text := range slices.Sorted(maps.Keys(t.Errors)) {
		summary = append(summary, fmt.Sprintf("%8d × %s", t.Errors[text], visible(text, longestURL)))
	}
	if r := o.report; r != nil {
		r.Passed, r.Asserts, r.Summary, r.Verdict, r.seconds = line.Passed, line.Asserts, summary, line, line.Seconds
		if err := o.writeReport(); err != nil {
			return err
		}
	}
	o.more()
	if o.flags.asJSON {
		o.line(line)
	} else {
		fmt.Fprintln(o.out, strings.Join(summary, "\n"))
	}
	return errors.Join(o.err, o.out.Flush())
}
