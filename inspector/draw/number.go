package draw

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Grouped writes n with commas: 1,206.
func Grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Counted writes a number of things: 1 frame, 2,000 frames.
func Counted(n uint64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Grouped(n) + " " + thing
}

// Short writes a number that is not negative in five characters: 0.03, 8.2, 812,
// 1.2k, 18.4M.
func Short(v float64) string {
	unit := ""
	for _, u := range []string{"k", "M", "G", "T", "P", "E"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, u
	}
	switch {
	case v >= 99.95 || v == math.Trunc(v) && unit == "":
		return fmt.Sprintf("%.0f%s", v, unit)
	case v < 0.0995:
		return fmt.Sprintf("%.2f%s", v, unit)
	}
	return fmt.Sprintf("%.1f%s", v, unit)
}

// Bytes writes a number of bytes in seven characters: 812 B, 18.4 MB.
func Bytes(v float64) string {
	s := Short(v)
	if last := s[len(s)-1]; last > '9' {
		return s[:len(s)-1] + " " + string(last) + "B"
	}
	return s + " B"
}

// Lapse writes a duration in seven characters, and its sign: 12µs, 3.4ms, 131ms,
// 2.1s, 14:07, 3:14:07, 365d2h.
func Lapse(d time.Duration) string {
	if d < 0 {
		return "-" + Lapse(-max(d, -math.MaxInt64))
	}
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", d.Nanoseconds())
	case d < 9950*time.Nanosecond:
		return fmt.Sprintf("%.1fµs", float64(d)/1e3)
	case d < 999500*time.Nanosecond:
		return fmt.Sprintf("%.0fµs", float64(d)/1e3)
	case d < 9950*time.Microsecond:
		return fmt.Sprintf("%.1fms", float64(d)/1e6)
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%.0fms", float64(d)/1e6)
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	case s < 10000*24*3600:
		return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
	}
	return fmt.Sprintf("%dd", s/86400)
}
