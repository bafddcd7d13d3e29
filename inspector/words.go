package inspector

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clock is how times are shown.
type clock uint8

const (
	ofDay clock = iota
	sinceStart
	sinceBefore
	clocks
)

func (c clock) String() string {
	return [clocks]string{"of the day", "since the start of the connection", "since the row before"}[c]
}

// short writes a number in five characters at most: 812, 1.2k, 18.4M.
func short(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10)
	}
	v, unit := float64(n), 0
	for ; v >= 999.5 && unit < 5; unit++ {
		v /= 1000
	}
	if v < 99.95 {
		return fmt.Sprintf("%.1f%c", v, "kMGTP"[unit-1])
	}
	return fmt.Sprintf("%.0f%c", v, "kMGTP"[unit-1])
}

// byteCount writes a number of bytes for people.
func byteCount(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	s := short(n)
	return s[:len(s)-1] + " " + s[len(s)-1:] + "B"
}

// grouped writes a number with commas: 48,310.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// counted writes a number of things: 1 frame, 2 frames.
func counted(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}

// span writes a duration in seven characters at most: 12µs, 3.4ms, 131ms, 2.1s,
// 14:07, 3:14:07.
func span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	var s string
	switch {
	case d < time.Millisecond:
		s = fmt.Sprintf("%dµs", d.Microseconds())
	case d < 10*time.Millisecond:
		s = fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		s = fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		s = fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		s = fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
	case d < 100*time.Hour:
		s = fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	default:
		s = fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
	return sign + s
}

// lasting writes how long a connection lasted: 00:14, 1:02:03.
func lasting(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", m, s)
}
