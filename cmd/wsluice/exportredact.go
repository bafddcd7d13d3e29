package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/export"
)

// redactFlags say what is taken out of an export.
type redactFlags struct {
	defaults                bool
	headers, json, patterns []string
}

// add adds the flags to c, and to its help what they do by default.
func (f *redactFlags) add(c *cobra.Command) {
	standard := export.DefaultRedaction()
	c.Long += `

--redact takes secrets out, whatever the format but wire bytes, and changes no
other byte. "` + export.Redacted + `" takes the place of
` + paragraph("the header fields "+strings.Join(standard.Headers, ", ")+", and tokens in Sec-WebSocket-Protocol;") + `
` + paragraph("in JSON, also behind other text and in strings, the keys "+strings.Join(standard.JSON, ", ")+`, in any case, with or without "_" or "-";`) + `
` + paragraph(`JSON web tokens; what follows "Bearer" or "Basic"; user and password in a URL; parameters and header lines in text with such names.`) + `
The flags --redact-header, --redact-json and --redact-regex add to that.`
	flags := c.Flags()
	flags.BoolVar(&f.defaults, "redact", false, "take secrets out: tokens, passwords, cookies and such (see above)")
	flags.StringArrayVar(&f.headers, "redact-header", nil, "redact header fields with this `name` too")
	flags.StringArrayVar(&f.json, "redact-json", nil, "redact in JSON the `path` too: a key at any depth, or one from the top such as user.pin or items[*].key")
	flags.StringArrayVar(&f.patterns, "redact-regex", nil, "redact what this `expression` (or the first group in it) matches too, in texts and headers")
	for _, name := range []string{"redact-header", "redact-json", "redact-regex"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// paragraph sets text in lines behind a hyphen.
func paragraph(text string) string {
	const width = 78
	line, lines := "  -", []string(nil)
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = "   "
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}

// wanted reports whether anything is to be redacted.
func (f *redactFlags) wanted() bool {
	return f.defaults || len(f.headers)+len(f.json)+len(f.patterns) > 0
}

// redactor returns what does it, nil when nothing is wanted.
func (f *redactFlags) redactor() (*export.Redactor, error) {
	if !f.wanted() {
		return nil, nil
	}
	rules := export.DefaultRedaction()
	rules.Headers = append(rules.Headers, f.headers...)
	rules.JSON = append(rules.JSON, f.json...)
	for _, text := range f.patterns {
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, usagef("the syntax is that of https://pkg.go.dev/regexp/syntax", "--redact-regex: %w", err)
		}
		rules.Patterns = append(rules.Patterns, pattern)
	}
	redactor, err := export.NewRedactor(rules)
	if err != nil {
		return nil, usagef("write user.pin, items[*].key, or a key alone", "--redact-json: %w", err)
	}
	return redactor, nil
}

// tellRedacted says how much was taken out.
func (p *program) tellRedacted(n uint64) {
	if n == 0 {
		fmt.Fprintln(p.stderr, "wsluice: redacted nothing: there was no secret that --redact knows")
		return
	}
	fmt.Fprintf(p.stderr, "wsluice: redacted %s\n", counted(n, "value"))
}
