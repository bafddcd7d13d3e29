package compare

import (
	"bytes"
	"cmp"
	"iter"
	"regexp"
	"slices"
)

// maxFinds bounds how many places of a payload an expression of Rules.Mask covers.
const maxFinds = 1 << 20

// span is a part of a payload that counts as equal to any other of its class.
type span struct {
	start, end int
	class      uint64
}

// The classes; those of the masks follow.
const (
	classUUID uint64 = iota + 1
	classTime
	classToken
	classID
	classMask
)

// spans returns the parts of data that do not count by the rules, in order and
// without overlap.
func (r *Rules) spans(data []byte) []span {
	var found []span
	if r.Detect {
		found = findUUIDs(found, data)
		found = findTimes(found, data)
	}
	for i, mask := range r.Mask {
		found = findMasked(found, data, mask, classMask+uint64(i))
	}
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	merged := found[:1]
	for _, s := range found[1:] {
		if last := &merged[len(merged)-1]; s.start < last.end {
			last.end = max(last.end, s.end)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

func findMasked(found []span, data []byte, mask *regexp.Regexp, class uint64) []span {
	for _, at := range mask.FindAllIndex(data, maxFinds) {
		if at[0] < at[1] {
			found = append(found, span{at[0], at[1], class})
		}
	}
	return found
}

// uuid is the form of a UUID: x stands for a digit of base 16.
const uuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

// findUUIDs finds what has the form of a UUID and does not go on at either end.
func findUUIDs(found []span, data []byte) []span {
	free := 0
	for dash := range dashes(data) {
		at := dash - 8
		end := at + len(uuid)
		if at < free || end > len(data) || !isUUID(data[at:end]) || at > 0 && isWord(data[at-1]) || end < len(data) && isWord(data[end]) {
			continue
		}
		found = append(found, span{at, end, classUUID})
		free = end
	}
	return found
}

// dashes goes through the places of the dashes in data.
func dashes(data []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at++ {
			next := bytes.IndexByte(data[at:], '-')
			if next < 0 {
				return
			}
			if at += next; !yield(at) {
				return
			}
		}
	}
}

func isUUID(p []byte) bool {
	for i, c := range p {
		if uuid[i] == '-' && c != '-' || uuid[i] == 'x' && !isHex(c) {
			return false
		}
	}
	return true
}

// moment is the form of a date with a time of day (RFC 3339): 0 stands for a digit,
// T for T or a blank.
const moment = "0000-00-00T00:00"

// findTimes finds dates with a time of day, down to fractions of a second and with
// the offset of their zone.
func findTimes(found []span, data []byte) []span {
	free := 0
	for dash := range dashes(data) {
		at := dash - 4
		if at < free || at+len(moment) > len(data) || !isMoment(data[at:at+len(moment)]) || at > 0 && isDigit(data[at-1]) {
			continue
		}
		free = momentEnd(data, at+len(moment))
		found = append(found, span{at, free, classTime})
	}
	return found
}

func isMoment(p []byte) bool {
	for i, c := range p {
		switch want := moment[i]; want {
		case '0':
			if !isDigit(c) {
				return false
			}
		case 'T':
			if c|0x20 != 't' && c != ' ' {
				return false
			}
		default:
			if c != want {
				return false
			}
		}
	}
	return true
}

// momentEnd returns where the time ends whose minutes end at at.
func momentEnd(data []byte, at int) int {
	if end := skipDigits(data, min(at+1, len(data))); at < len(data) && data[at] == ':' && end == at+3 {
		at = end
		if end := skipDigits(data, min(at+1, len(data))); at < len(data) && data[at] == '.' && end > at+1 {
			at = end
		}
	}
	if at == len(data) {
		return at
	}
	switch data[at] {
	case 'Z', 'z':
		return at + 1
	case '+', '-':
		if end := skipDigits(data, at+1); end == at+5 {
			return end
		} else if end == at+3 {
			if end < len(data) && data[end] == ':' && skipDigits(data, end+1) == end+3 {
				return end + 3
			}
			return end
		}
	}
	return at
}

func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// spanCursor goes through spans in the order of the payload.
type spanCursor struct {
	spans []span
	at    int
}

// in calls each for the parts of data[start:end] in order: plain bytes with class
// 0, and parts of spans with their class. Calls must have start ascending.
func (c *spanCursor) in(data []byte, start, end int, each func(part []byte, class uint64)) {
	for c.at < len(c.spans) && c.spans[c.at].end <= start {
		c.at++
	}
	for i := c.at; i < len(c.spans) && c.spans[i].start < end; i++ {
		s := c.spans[i]
		if start < s.start {
			each(data[start:s.start], 0)
		}
		to := min(s.end, end)
		each(data[max(start, s.start):to], s.class)
		start = to
	}
	if start < end {
		each(data[start:end], 0)
	}
}

// covers returns the class of the span that start to end is within, 0 when there
// is none. Calls must have start ascending.
func (c *spanCursor) covers(start, end int) uint64 {
	for c.at < len(c.spans) && c.spans[c.at].end <= start {
		c.at++
	}
	if c.at < len(c.spans) && c.spans[c.at].start <= start && end <= c.spans[c.at].end {
		return c.spans[c.at].class
	}
	return 0
}
