package control

import (
	"fmt"
	"strings"
)

// lowDisk is the room on a disk, in bytes, below which a user is warned.
const lowDisk = 1 << 30

// warnings says what a user should know, the worst first.
func warnings(s *Status) []string {
	list := []string{}
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	var stalls, shed uint64
	for _, second := range s.History {
		stalls += second.Stalls
		shed += second.Shed
	}
	if s.Failed != "" {
		warn("recording has failed, traffic passes unrecorded: %s", s.Failed)
	}
	if s.Full != "" {
		warn("the disk is full, recording waits for room: %s", s.Full)
	}
	if s.Lost > 0 {
		warn("%s not recorded", were(s.Lost, "frame"))
	}
	if shed > 0 {
		warn("the disk is too slow: %s dropped in the last minute", were(shed, "payload"))
	}
	if stalls > 0 {
		warn("the disk is too slow: senders had to wait %d times in the last minute", stalls)
	}
	if s.Full == "" && s.DiskFree > 0 && s.DiskFree < lowDisk {
		warn("the disk has room for %d MiB only", s.DiskFree>>20)
	}
	if s.Insecure {
		warn("servers' certificates are not verified (--insecure)")
	}
	if n := len(s.Distrusting); n > 0 {
		const named = 3
		var names []string
		for _, h := range s.Distrusting[:min(n, named)] {
			names = append(names, h.Host)
		}
		if n > named {
			names = append(names, fmt.Sprintf("%d more", n-named))
		}
		warn("no TLS came about with clients of %s: they may not trust the proxy's certificate", strings.Join(names, ", "))
	}
	return list
}

// were writes "1 frame was" and "2 frames were".
func were(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return fmt.Sprintf("%d %ss were", n, noun)
}
