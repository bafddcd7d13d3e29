package decode

import (
	"strconv"
	"time"
)

// Numbers are taken for times from 2001-09-09, when seconds got ten digits, up to
// the year 2100.
const (
	firstSecond = 1_000_000_000
	lastSecond  = 4_102_444_800
)

// numberHint says what a number as it is written may stand for.
func numberHint(raw []byte) string {
	if len(raw) < 10 || len(raw) > 40 {
		return ""
	}
	s := string(raw)
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return integerHint(n)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && isDecimal(s) {
		return fractionHint(f)
	}
	if err == nil && isInteger(s) {
		return beyondDouble
	}
	return ""
}

const beyondDouble = "beyond 2^53: JavaScript rounds it"

// integerHint says what n may stand for: a Unix time in seconds, milliseconds,
// microseconds or nanoseconds, or a number JavaScript cannot hold.
func integerHint(n int64) string {
	for _, scale := range [...]int64{1, 1e3, 1e6, 1e9} {
		if second := n / scale; firstSecond <= second && second < lastSecond {
			return date(time.Unix(second, n%scale*(1e9/scale)))
		}
	}
	if int64(float64(n)) != n || n >= 1<<63-512 {
		return beyondDouble
	}
	return ""
}

// fractionHint is integerHint for seconds or milliseconds with a fraction.
func fractionHint(f float64) string {
	switch {
	case firstSecond <= f && f < lastSecond:
		return date(time.UnixMicro(int64(f * 1e6)))
	case firstSecond*1e3 <= f && f < lastSecond*1e3:
		return date(time.UnixMicro(int64(f * 1e3)))
	}
	return ""
}

// date writes t in UTC with the fraction it has.
func date(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func isInteger(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (i > 0 || s[i] != '-') {
			return false
		}
	}
	return true
}

// isDecimal reports whether s is digits with one point among them.
func isDecimal(s string) bool {
	points := 0
	for i := range len(s) {
		if s[i] == '.' {
			points++
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return points == 1
}
