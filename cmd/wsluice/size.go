package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// byteSize is a flag for a number of bytes, such as 500MB; the units are powers
// of 1024.
type byteSize int64

// sizeUnits are the units of a byteSize, without their B.
const sizeUnits = "KMGTP"

// Set accepts a number with a unit, K, KB or KiB and so on, or of bytes.
func (s *byteSize) Set(text string) error {
	number := strings.TrimRight(text, "BbIiKkMmGgTtPp")
	unit := strings.ToUpper(text[len(number):])
	scale := 1.0
	if unit != "" && unit != "B" {
		i := strings.IndexByte(sizeUnits, unit[0])
		if rest := unit[1:]; i < 0 || rest != "" && rest != "B" && rest != "IB" {
			return fmt.Errorf("%q has no unit such as KB, MB or GB", text)
		}
		scale = math.Pow(1024, float64(i+1))
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if n *= scale; err != nil || !(n >= 1 && n < math.MaxInt64) {
		return fmt.Errorf("%q is no size, such as 500MB or 2GB", text)
	}
	*s = byteSize(n)
	return nil
}

func (s *byteSize) String() string {
	if *s == 0 {
		return ""
	}
	return byteCount(int64(*s))
}

func (s *byteSize) Type() string { return "size" }

// byteCount writes a number of bytes for people.
func byteCount[T int64 | uint64](n T) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1024, 0
	for ; v >= 1024 && i < len(sizeUnits)-1; i++ {
		v /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", v, sizeUnits[i])
}

// age is a flag for a span of time, as of time.Duration with days (d) and weeks
// (w) before it: 7d, 1w12h.
type age time.Duration

// Set accepts weeks, days and what time.ParseDuration does, in this order.
func (a *age) Set(text string) error {
	wrong := fmt.Errorf("%q is no age, such as 36h, 7d or 2w", text)
	var total float64
	rest := text
	for _, unit := range []struct {
		name  string
		worth time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, behind, ok := strings.Cut(rest, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n < 0 {
			return wrong
		}
		total += n * float64(unit.worth)
		rest = behind
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return wrong
		}
		total += float64(d)
	}
	if !(total > 0 && total < math.MaxInt64) {
		return wrong
	}
	*a = age(total)
	return nil
}

func (a *age) String() string {
	if *a == 0 {
		return ""
	}
	return time.Duration(*a).String()
}

func (a *age) Type() string { return "age" }
