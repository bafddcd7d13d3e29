package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// report is a Markdown document under way.
type report struct {
	strings.Builder
	*results
}

func (r *report) line(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

// table writes a table; the first row is its head.
func (r *report) table(rows [][]string) {
	for i, row := range rows {
		r.line("| %s |", strings.Join(row, " | "))
		if i == 0 {
			r.line("|%s", strings.Repeat(" --- |", len(row)))
		}
	}
	r.line("")
}

// markdown returns the content of BENCHMARKS.md.
func (r *results) markdown() string {
	doc := &report{results: r}
	doc.introduction()
	doc.targets()
	for _, secure := range []bool{true, false} {
		doc.throughput(secure)
	}
	doc.latency()
	doc.arming()
	doc.memory()
	doc.store()
	doc.following()
	doc.inspecting()
	doc.method()
	return strings.TrimRight(doc.String(), "\n") + "\n"
}

func (r *report) introduction() {
	r.line("# Benchmarks\n")
	r.line("Written by `make bench`; do not edit. One run of %s on %s, %s of memory, %s, %s/%s, %s.\n",
		r.took.Round(time.Second), plural(runtime.NumCPU(), "core"), totalMemory(), kernel(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if r.rounds < 3 {
		r.line("**This was a quick run**: it shows that everything works, its figures mean nothing.\n")
	}
	r.line("All is on loopback: clients and servers in one process, the relay in another, sharing the cores. "+
		"Absolute figures belong to this machine and minute. Ratios are between measurements a few seconds apart, "+
		"the median over %s with the lowest and the highest behind it; where these lie far apart, neighbours disturbed the run "+
		"and the median is no better than they are.\n", plural(r.rounds, "round"))
	r.line("%s frames in the captures were counted against those sent: none is missing.\n", count(float64(r.checked)))
}

// throughput writes how fast messages pass with or without TLS, and at what
// cost.
func (r *report) throughput(secure bool) {
	r.line("## Messages as fast as they go, %s\n", scheme(secure))
	r.line("One connection. Messages per second, and in brackets microseconds of the relay's CPU per message.\n")
	head := []string{"direction", "size"}
	for _, d := range designs {
		head = append(head, string(d))
	}
	rows := [][]string{head}
	ratios := [][]string{append([]string{"wsluice against"}, head[1:len(head)-1]...)}
	for _, w := range []work{pushUp, pushDown, pushEcho} {
		for _, size := range r.sizes {
			row, ratio := []string{string(w), bytesize(size)}, []string{string(w), bytesize(size)}
			for _, d := range designs {
				value := count(summarize(r.values(d, w, secure, size, rate)).median)
				if d != direct {
					value += fmt.Sprintf(" (%s)", short(summarize(r.values(d, w, secure, size, cpu)).median))
				}
				row = append(row, value)
				if d != wsluice {
					ratio = append(ratio, spread(r.against(d, w, secure, size, rate)))
				}
			}
			rows, ratios = append(rows, row), append(ratios, ratio)
		}
	}
	r.table(rows)
	r.table(ratios)
	r.line("What wsluice had not yet written when the last message had passed it wrote in %s at most; that time is not in the rate, its CPU is.\n",
		r.longestDrain(secure).Round(10*time.Millisecond))
}

func (r *report) longestDrain(secure bool) (longest time.Duration) {
	for at, readings := range r.cells {
		for _, reading := range readings {
			if at.design == wsluice && at.secure == secure {
				longest = max(longest, reading.drain)
			}
		}
	}
	return longest
}

func (r *report) latency() {
	r.line("## Round trips and new connections\n")
	r.line("Round trips of 100 B on one connection, microseconds, median / 99th percentile. " +
		"New connections per second: CONNECT, TLS on both sides for wss, upgrade, one echo, close frames; 8 at a time.\n")
	rows := [][]string{{"relay", "wss round trip", "ws round trip", "wss connections", "ws connections"}}
	for _, d := range designs {
		row := []string{string(d)}
		for _, secure := range []bool{true, false} {
			row = append(row, fmt.Sprintf("%.0f / %.0f",
				summarize(r.values(d, roundTrip, secure, 100, p50)).median,
				summarize(r.values(d, roundTrip, secure, 100, p99)).median))
		}
		for _, secure := range []bool{true, false} {
			row = append(row, count(summarize(r.values(d, connects, secure, 100, rate)).median))
		}
		rows = append(rows, row)
	}
	rows = append(rows, []string{"wsluice against bare relay",
		spread(r.against(bare, roundTrip, true, 100, p50)), spread(r.against(bare, roundTrip, false, 100, p50)),
		spread(r.against(bare, connects, true, 100, rate)), spread(r.against(bare, connects, false, 100, rate))})
	r.table(rows)
}

func (r *report) arming() {
	r.line("## Ready to intervene\n")
	r.line("One wss connection, as fast as it goes: on which nothing was ever held, on which a hold began and ended, and while one looks at every message (`%s`). "+
		"Messages per second, and in brackets microseconds of the relay's CPU per message.\n", heldFilter)
	rows := [][]string{{"direction", "size", string(never), string(before), string(holding), "held before against never", "holding against never"}}
	for _, w := range []work{pushUp, pushDown} {
		for _, size := range []int{100, 1 << 10} {
			row := []string{string(w), bytesize(size)}
			for _, ready := range readinesses {
				var rates, cpus []float64
				for _, reading := range r.armed[armedCell{ready, w, size}] {
					rates, cpus = append(rates, reading.rate), append(cpus, reading.cpu)
				}
				row = append(row, fmt.Sprintf("%s (%s)", count(summarize(rates).median), short(summarize(cpus).median)))
			}
			for _, ready := range readinesses[1:] {
				row = append(row, spread(r.readyFor(armedCell{ready, w, size}, rate)))
			}
			rows = append(rows, row)
		}
	}
	r.table(rows)
}

func (r *report) memory() {
	r.line("## Memory\n")
	r.line("Anonymous memory (heap and stacks, not mapped files) of the relay per idle connection, KiB, after one echo on each and %s of silence:\n", r.settle)
	head := []string{"relay"}
	for _, s := range []string{"wss", "ws"} {
		for _, n := range r.connections {
			head = append(head, fmt.Sprintf("%d %s", n, s))
		}
	}
	rows := [][]string{head}
	for _, d := range designs[1:] {
		row := []string{string(d)}
		for _, secure := range []bool{true, false} {
			for _, n := range r.connections {
				value := "-"
				if each, ok := r.idleMemory(d, secure, n); ok {
					value = fmt.Sprintf("%.1f", each/1024)
				}
				row = append(row, value)
			}
		}
		rows = append(rows, row)
	}
	r.table(rows)
	r.line("wsluice while messages pass one wss connection at full speed:\n")
	rows = [][]string{{"messages", "per second", "peak in the first half, MiB", "in the second half, MiB", "capture, bytes per message"}}
	for _, s := range r.soak {
		rows = append(rows, []string{
			fmt.Sprintf("%s of %s", count(float64(s.messages)), bytesize(s.size)), count(s.rate),
			mebibytes(s.halves[0]), mebibytes(s.halves[1]), short(float64(s.disk) / float64(s.messages)),
		})
	}
	r.table(rows)
}

func (r *report) idleMemory(d design, secure bool, n int) (float64, bool) {
	for _, reading := range r.idle {
		if reading.design == d && reading.secure == secure && reading.connections == n {
			return reading.each, true
		}
	}
	return 0, false
}

func (r *report) store() {
	r.line("## Captures\n")
	ratio := paired(r.captured, r.plain)
	r.line("Taking in %s frames of 100 B from one producer until all are durable: %s frames per second; a plain file of s2 blocks, synced as often: %s; ratio %s.\n",
		count(float64(r.ingest)), count(summarize(r.captured).median), count(summarize(r.plain).median), spread(ratio))
	rows := [][]string{{"capture", "bytes per frame", "open to the first screen, ms, median / max", "page of 100 frames, ms, median / 99th"}}
	for _, c := range r.read {
		rows = append(rows, []string{
			fmt.Sprintf("%s frames of 100 B, %s", count(float64(c.frames)), plural(c.connections, "connection")),
			short(float64(c.bytes) / float64(c.frames)),
			fmt.Sprintf("%s / %s", milli(c.open), milli(c.openMax)),
			fmt.Sprintf("%s / %s", milli(c.p50), milli(c.p99)),
		})
	}
	r.table(rows)
	r.line("Seconds for a walk through all messages with a filter that nothing matches:\n")
	rows = [][]string{{"filter"}}
	for _, c := range r.read {
		rows[0] = append(rows[0], fmt.Sprintf("%s frames, %s", count(float64(c.frames)), plural(c.connections, "connection")))
	}
	for i, text := range filters {
		row := []string{"`" + text + "`"}
		for _, c := range r.read {
			row = append(row, fmt.Sprintf("%.2f", c.filters[i].Seconds()))
		}
		rows = append(rows, row)
	}
	r.table(rows)
	r.line("The disk took %.0f MB/s of sequential writes with a sync at the end of 256 MiB.\n", r.disk/1e6)
}

func (r *report) following() {
	r.line("## Followed from outside\n")
	r.line("%s messages of 100 B a second pass one wss connection while other processes run `wsluice messages --follow --json` with a filter that parses every message. "+
		"CPU is in microseconds per message; late is how long after the last message the last follower had printed it.\n", count(followRate))
	rows := [][]string{{"followers", "messages", "printed by each", "late, ms", "CPU of the recorder", "CPU of a follower"}}
	for _, f := range r.follow {
		row := []string{fmt.Sprint(f.followers), fmt.Sprint(f.messages), "-", "-", short(f.cpu), "-"}
		if f.followers > 0 {
			row[2], row[3], row[5] = fmt.Sprint(f.got), milli(f.late), short(f.each)
		}
		rows = append(rows, row)
	}
	r.table(rows)
}

func (r *report) inspecting() {
	r.line("## The inspector\n")
	r.line("`wsluice inspect` on a terminal of %dx%d, from a key to the last byte of the frame that shows what it asks for; keys go to the list of one connection. Milliseconds, median / 99th percentile where there are two.\n", terminalWidth, terminalHeight)
	rows := [][]string{{"over", "start to connections", "its newest messages", "the newest of all"}}
	for _, l := range r.look {
		if len(rows) == 1 {
			for _, k := range l.keys {
				rows[0] = append(rows[0], k.name)
			}
			rows[0] = append(rows[0], "memory, MiB")
		}
		row := []string{l.where(), milli(l.first) + " (at most " + milli(l.firstMax) + ")", milli(l.open), "not in " + patience.String()}
		if l.all > 0 {
			row[3] = milli(l.all)
		}
		for _, k := range l.keys {
			row = append(row, milli(k.p50)+" / "+milli(k.p99))
		}
		rows = append(rows, append(row, mebibytes(l.memory)))
	}
	r.table(rows)
	rows = [][]string{{"filter over", "for", "first matches, ms", "all counted, s"}}
	for _, l := range r.look {
		for _, s := range l.searches {
			rows = append(rows, []string{l.where(), s.what, milli(s.first), fmt.Sprintf("%.2f", s.counted.Seconds())})
		}
	}
	r.table(rows)
	r.line("While %s messages a second are recorded behind %s frames and the inspector follows them, with ten keys a second that move every row: "+
		"late is the age of the newest row when it is on the terminal, CPU of a screen all the inspector does divided by the screens it draws.\n", count(followRate), count(float64(r.capture)))
	rows = [][]string{{"screens a second", "key to screen, ms", "CPU of a screen, ms", "CPU, cores", "late, ms", "memory, MiB", "CPU of the recorder alone, µs a message", "with the inspector"}}
	for _, l := range r.live {
		rows = append(rows, []string{
			fmt.Sprint(l.rate), milli(l.p50) + " / " + milli(l.p99), milli(l.each), fmt.Sprintf("%.2f", l.cpu),
			milli(l.late) + " / " + milli(l.lateMost), mebibytes(l.memory), short(l.recorder[0]), short(l.recorder[1]),
		})
	}
	r.table(rows)
}

func (l *lookReading) where() string {
	return fmt.Sprintf("%s frames, %s", count(float64(l.frames)), plural(l.connections, "connection"))
}

func (r *report) method() {
	r.line(`## What is compared

Every relay is a proxy that a client asks to CONNECT, shows the client a leaf of the same authority and verifies the
server. Messages are text, ticks of a market feed in JSON such as
` + "`" + `{"ev":"T","id":4123456789,"sym":"ETH-USD","side":"buy","px":31415.92,"qty":1.234,"t":1780000000123}` + "`" + `, one to a message
of 100 B, many to a longer one; clients mask each with a random key. Senders write about 64 KiB at a time.

- **direct**: no relay.
- **bare relay**: TLS accepted with a leaf, TLS dialled, io.Copy between. It looks at nothing. Without TLS the kernel moves the bytes.
- **recording relay**: the bare relay with a copy loop of its own. It reads up to 64 KiB, writes the same bytes on, then cuts
  them into frames and appends each whole frame, behind 17 bytes of time, connection, side and length, to one plain file
  with one write call under a lock. It unmasks, checks, compresses and syncs nothing, and has no index.
- **buffered recording relay**: the same with 256 KiB collected in memory before each write, which a crash would lose. The least
  that recording small messages can cost.
- **goproxy**: interception by the library wsluice uses, with its own copying of upgraded connections. It records nothing.
- **gorilla messages**: a server towards the client and a client towards the server that pass whole messages. It records
  nothing, and what it passes on has other masks and fragments.
- **wsluice**: the real program, recording: frames are unmasked, checked, compressed, indexed and synced every 25 ms.

The plain file of s2 blocks does the work of a capture on each frame (queue, cutting, unmasking, records, blocks of 64 KiB,
s2, checksum, a sync every 25 ms or 4 MiB) and then only appends.`)
}

func spread(s summary) string { return fmt.Sprintf("%.2f (%.2f to %.2f)", s.median, s.low, s.high) }

// count writes a number with the precision that means something.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + " M"
	case v >= 1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// short writes a number with three digits or none behind the point.
func short(v float64) string {
	switch {
	case v < 1:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func bytesize(n int) string {
	if n >= 1<<10 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/(1<<20)) }

func milli(d time.Duration) string { return short(float64(d) / float64(time.Millisecond)) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// totalMemory and kernel say "unknown …" where there is no /proc.
func totalMemory() string {
	text, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return fmt.Sprintf("%.0f GiB", kib/(1<<20))
		}
	}
	return "unknown amount"
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown kernel"
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(text)), "-")
	return "kernel " + release
}
