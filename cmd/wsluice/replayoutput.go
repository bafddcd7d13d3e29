package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

const (
	// shownResults is how many results are printed for people, shownChanges how many
	// changes of each, shownValues how many values that flow on.
	shownResults, shownChanges, shownValues = 20, 5, 20
	// longestPart bounds a part of a payload that is shown, in terminal cells.
	longestPart = 60
)

// replayedRecords are the records of a stored connection.
type replayedRecords struct{ frames *store.Frames }

func (r *replayedRecords) Next() (*frame.Record, error) {
	if r.frames.Next() {
		return r.frames.Record(), nil
	}
	if err := r.frames.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func (r *replayedRecords) Close() error { return r.frames.Close() }

// replayOutput prints what becomes of a replay.
type replayOutput struct {
	*program
	flags         *replayFlags
	conn          uint64
	out           *bufio.Writer
	shown, hidden int
	values        int
	to            frame.Connection
	report        *replayReport // nil without --report
	err           error
}

func newReplayOutput(p *program, f *replayFlags, conn uint64) *replayOutput {
	o := &replayOutput{program: p, flags: f, conn: conn, out: bufio.NewWriter(p.stdout)}
	if f.report != "" {
		o.report = &replayReport{Title: fmt.Sprintf("replay of connection %d", conn), Time: time.Now().UTC(), Results: []reportedResult{}}
	}
	return o
}

// tell prints what happens.
func (o *replayOutput) tell(e replay.Event) {
	switch {
	case o.report == nil:
	case e.Result != nil:
		o.report.add(e.Result)
	case e.Skipped != nil:
		o.report.skip(e.Skipped)
	}
	switch {
	case e.Connected != nil:
		o.to = *e.Connected
	case e.Next != nil:
		fmt.Fprintf(o.stderr, "wsluice: Enter sends %s %s\n", e.Next.Type, visible(string(e.Next.Payload), longestURL))
	case e.Used != nil:
		o.used(e.Used)
	case e.Result != nil && o.flags.asJSON:
		o.line(resultLine(e.Result))
	case e.Skipped != nil && o.flags.asJSON:
		o.line(map[string]any{"outcome": "skipped", "recorded": e.Skipped.Message, "why": e.Skipped.Why})
	case e.Result != nil && e.Result.Outcome != replay.Same, e.Skipped != nil:
		if o.shown == shownResults {
			o.hidden++
			return
		}
		o.shown++
		if e.Skipped != nil {
			fmt.Fprintf(o.out, "%-10s  %s  %s\n", "not sent", place(e.Skipped.Message), visible(e.Skipped.Why, longestURL))
			return
		}
		o.result(e.Result)
	}
}

// used says that a value flows on.
func (o *replayOutput) used(u *replay.Use) {
	if o.values++; o.values > shownValues {
		return
	}
	name := "found by itself"
	if u.Name != "" {
		name = u.Name
	}
	fmt.Fprintf(o.stderr, "wsluice: %s of message %d is now %s, used from message %d on (%s)\n",
		visible(u.Recorded, longestPart), u.Found, visible(u.Got, longestPart), u.Seq, name)
}

// result prints a result for people.
func (o *replayOutput) result(r *replay.Result) {
	switch r.Outcome {
	case replay.Missing:
		fmt.Fprintf(o.out, "%-10s  %s  %s\n", r.Outcome, place(r.Recorded), preview(r.Recorded))
	case replay.Unexpected:
		fmt.Fprintf(o.out, "%-10s  %s  %s\n", r.Outcome, place(r.Got), preview(r.Got))
	case replay.Late:
		fmt.Fprintf(o.out, "%-10s  %s  after %v, recorded %v: %s\n", r.Outcome, place(r.Recorded),
			r.Delay.Round(time.Millisecond), r.Then.Round(time.Millisecond), preview(r.Recorded))
	case replay.Differs:
		fmt.Fprintf(o.out, "%-10s  %s  %s\n", r.Outcome, place(r.Recorded), preview(r.Recorded))
		for i, c := range r.Difference.Changes {
			if i == shownChanges {
				break
			}
			fmt.Fprintf(o.out, "            %s\n", changeText(c))
		}
		if more := len(r.Difference.Changes) - shownChanges + r.Difference.More; more > 0 {
			fmt.Fprintf(o.out, "            and %d more\n", more)
		}
	}
}

// place says which message of a connection m is.
func place(m *frame.Message) string { return fmt.Sprintf("%6d", m.Seq) }

// preview returns the beginning of a message, harmless.
func preview(m *frame.Message) string {
	switch m.Type {
	case frame.Text:
		return visible(string(m.Payload[:min(len(m.Payload), longestPreview)]), longestURL)
	case frame.Close:
		if m.Code == 0 {
			return "close without a code"
		}
		return strings.TrimSpace(fmt.Sprintf("close %s %s", m.Code, visible(m.Reason, longestURL)))
	}
	return fmt.Sprintf("%s, %s", m.Type, counted(m.Size, "byte"))
}

// changeText says what changed.
func changeText(c compare.Change) string {
	path := visible(c.Path, longestPart)
	switch c.Kind {
	case compare.Added:
		return fmt.Sprintf("%s: %s is new", path, partText(c.Right))
	case compare.Removed:
		return fmt.Sprintf("%s: %s is gone", path, partText(c.Left))
	}
	return fmt.Sprintf("%s: %s → %s", path, partText(c.Left), partText(c.Right))
}

// partText returns a part of a payload, harmless.
func partText(p compare.Part) string {
	if p.Bytes == nil {
		return visible(p.Text, longestPart)
	}
	return visible(string(p.Bytes[:min(len(p.Bytes), longestPreview)]), longestPart)
}

// resultJSON is the JSON form of a result.
type resultJSON struct {
	Outcome  replay.Outcome `json:"outcome"`
	Recorded *frame.Message `json:"recorded,omitempty"`
	Got      *frame.Message `json:"got,omitempty"`
	Changes  []changeJSON   `json:"changes,omitempty"`
	More     int            `json:"more_changes,omitempty"`
	Delay    float64        `json:"delay,omitempty"` // seconds
	Then     float64        `json:"recorded_delay,omitempty"`
}

// changeJSON is the JSON form of a change.
type changeJSON struct {
	Kind  compare.Kind `json:"kind"`
	Path  string       `json:"path"`
	Left  string       `json:"recorded,omitempty"`
	Right string       `json:"got,omitempty"`
}

func resultLine(r *replay.Result) *resultJSON {
	line := &resultJSON{
		Outcome: r.Outcome, Recorded: r.Recorded, Got: r.Got, More: r.Difference.More,
		Delay: r.Delay.Seconds(), Then: r.Then.Seconds(),
	}
	text := func(p compare.Part) string {
		if p.Bytes == nil {
			return p.Text
		}
		return string(p.Bytes)
	}
	for _, c := range r.Difference.Changes {
		line.Changes = append(line.Changes, changeJSON{Kind: c.Kind, Path: c.Path, Left: text(c.Left), Right: text(c.Right)})
	}
	return line
}

// line prints an object on a line.
func (o *replayOutput) line(v any) {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = o.out.Write(append(text, '\n'))
	}
	o.err = errors.Join(o.err, err)
}

// verdictJSON is the JSON form of a verdict.
type verdictJSON struct {
	Passed   bool              `json:"passed"`
	Replayed uint64            `json:"replayed"`       // the connection
	Conn     uint64            `json:"conn,omitempty"` // its record
	URL      string            `json:"url"`
	Sent     uint64            `json:"sent"`
	Skipped  uint64            `json:"skipped"`
	Outcomes map[string]uint64 `json:"outcomes"`
	Asserts  []assertJSON      `json:"asserts,omitempty"`
	Broken   string            `json:"broken,omitempty"`
	Seconds  float64           `json:"seconds"`
}

// assertJSON is what became of an --assert or --refute.
type assertJSON struct {
	Assert  string `json:"assert,omitempty"`
	Refute  string `json:"refute,omitempty"`
	Matched uint64 `json:"matched"`
	Passed  bool   `json:"passed"`
}

func (o *replayOutput) verdictLine(v *replay.Verdict) *verdictJSON {
	return &verdictJSON{
		Passed: v.Passed(), Replayed: o.conn, Conn: v.Connection.ID, URL: v.Connection.URL, Sent: v.Sent, Skipped: v.Skipped,
		Outcomes: outcomeCounts(v.Outcomes), Asserts: o.asserts(v.Asserts, v.Refutes), Broken: v.Broken, Seconds: v.Duration.Seconds(),
	}
}

// asserts says what became of each --assert and --refute.
func (o *replayOutput) asserts(asserts, refutes []uint64) (list []assertJSON) {
	for i, n := range asserts {
		list = append(list, assertJSON{Assert: o.flags.assert[i], Matched: n, Passed: n > 0})
	}
	for i, n := range refutes {
		list = append(list, assertJSON{Refute: o.flags.refute[i], Matched: n, Passed: n == 0})
	}
	return list
}

// outcomeCounts names the counts of outcomes.
func outcomeCounts(counts [5]uint64) map[string]uint64 {
	named := make(map[string]uint64, len(counts))
	for i, n := range counts {
		named[replay.Outcome(i).String()] = n
	}
	return named
}

// outcomesText says how many messages there are of each outcome.
func outcomesText(counts [5]uint64) string {
	var parts []string
	for i, n := range counts {
		if n > 0 || i == 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, replay.Outcome(i)))
		}
	}
	return strings.Join(parts, ", ")
}

// more says what was not printed.
func (o *replayOutput) more() {
	if more := o.values - shownValues; more > 0 {
		fmt.Fprintf(o.stderr, "wsluice: and %s more\n", counted(uint64(more), "value"))
	}
	if o.hidden > 0 {
		fmt.Fprintf(o.out, "and %d more; --json prints all\n", o.hidden)
	}
}

// finish prints the verdict.
func (o *replayOutput) finish(v *replay.Verdict) error {
	line := o.verdictLine(v)
	sent := counted(v.Sent, "message") + " sent"
	if v.Skipped > 0 {
		sent += fmt.Sprintf(", %d not", v.Skipped)
	}
	summary := []string{fmt.Sprintf("connection %d replayed to %s: %s; of the server %s", o.conn, visible(v.Connection.URL, longestURL), sent, outcomesText(v.Outcomes))}
	if v.Broken != "" {
		summary = append(summary, "it broke off: "+visible(v.Broken, longestURL))
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
		return errors.Join(o.err, o.out.Flush())
	}
	for _, a := range line.Asserts {
		if text := a.Assert; text != "" && !a.Passed {
			fmt.Fprintf(o.out, "%-10s  no message matches %s\n", "assert", visible(text, longestURL))
		} else if !a.Passed {
			fmt.Fprintf(o.out, "%-10s  %s %s\n", "refute", counted(a.Matched, "message")+" matched:", visible(a.Refute, longestURL))
		}
	}
	fmt.Fprintln(o.out, strings.Join(summary, "\n"))
	return errors.Join(o.err, o.out.Flush())
}

// recorded says where the replay was recorded.
func (o *replayOutput) recorded(from *replayed) {
	if from.recorder == nil || o.flags.asJSON {
		return
	}
	where := ""
	if !from.same {
		where = " of " + from.path
	}
	fmt.Fprintf(o.stderr, "wsluice: recorded as connection %d%s\n", o.to.ID, where)
}
