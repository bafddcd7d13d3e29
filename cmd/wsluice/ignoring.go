package main

import (
	"regexp"

	"github.com/wsluice/wsluice/client/compare"
)

// ignoring adds to r what --ignore and --mask say does not count.
func ignoring(r *compare.Rules, ignore, mask []string) error {
	for _, text := range ignore {
		path, err := compare.ParsePath(text)
		if err != nil {
			return usagef("a path looks like $.ts, $..id or $.items[*].at", "--ignore: %w", err)
		}
		r.Ignore = append(r.Ignore, path)
	}
	for _, text := range mask {
		re, err := regexp.Compile(text)
		if err != nil {
			return usagef("see https://pkg.go.dev/regexp/syntax", "--mask %q: %w", text, err)
		}
		r.Mask = append(r.Mask, re)
	}
	return nil
}
