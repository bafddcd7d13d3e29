package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/wsluice/wsluice/client/replay"
)

const (
	// reportedResults is how many results a report lists at most.
	reportedResults = 10_000
	// reportedChanges is how many changes it lists of each.
	reportedChanges = 20
)

// replayReports are the formats of --report.
var replayReports = []string{"junit", "json", "html"}

// checkReport checks the flags of a report.
func (f *replayFlags) checkReport() error {
	switch {
	case f.report == "" && f.reportFile != "":
		return usagef("add --report junit, json or html", "--report-file has no --report")
	case f.report == "":
		return nil
	case !slices.Contains(replayReports, f.report):
		return usagef("use one of "+strings.Join(replayReports, ", "), "--report %q is not known", f.report)
	case f.reportFile == "":
		return usagef("add --report-file FILE", "--report %s does not say where to", f.report)
	}
	return nil
}

// replayReport is what a file says about a replay.
type replayReport struct {
	Title   string           `json:"title"`
	Time    time.Time        `json:"time"`
	Passed  bool             `json:"passed"`
	Results []reportedResult `json:"results"`
	// More is how many results there are besides.
	More    uint64       `json:"more_results,omitempty"`
	Asserts []assertJSON `json:"asserts,omitempty"`
	Summary []string     `json:"summary"`
	Verdict any          `json:"verdict"`
	seconds float64
}

// reportedResult is a result, with texts that are cut and harmless.
type reportedResult struct {
	Outcome  string   `json:"outcome"`
	Message  uint64   `json:"message,omitempty"` // that was recorded
	Got      uint64   `json:"got,omitempty"`     // that came
	Recorded string   `json:"recorded,omitempty"`
	Text     string   `json:"text,omitempty"` // of what came
	Changes  []string `json:"changes,omitempty"`
	Seconds  float64  `json:"delay"`
}

// add adds a result.
func (r *replayReport) add(result *replay.Result) {
	if len(r.Results) == reportedResults {
		r.More++
		return
	}
	line := reportedResult{Outcome: result.Outcome.String(), Seconds: result.Delay.Seconds()}
	if m := result.Recorded; m != nil {
		line.Message, line.Recorded = m.Seq, preview(m)
	}
	if m := result.Got; m != nil {
		line.Got, line.Text = m.Seq, preview(m)
	}
	for i, c := range result.Difference.Changes {
		if i == reportedChanges {
			line.Changes = append(line.Changes, fmt.Sprintf("and %d more", len(result.Difference.Changes)-i+result.Difference.More))
			break
		}
		line.Changes = append(line.Changes, changeText(c))
	}
	r.Results = append(r.Results, line)
}

// skip adds a message that was not sent.
func (r *replayReport) skip(s *replay.Skip) {
	if len(r.Results) == reportedResults {
		r.More++
		return
	}
	r.Results = append(r.Results, reportedResult{
		Outcome: "not sent", Message: s.Message.Seq, Recorded: preview(s.Message), Changes: []string{visible(s.Why, longestURL)},
	})
}

// writeReport writes the report to the file that was asked for.
func (o *replayOutput) writeReport() error {
	if o.report == nil {
		return nil
	}
	out, finish, err := o.destination(o.flags.reportFile)
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer) error{"junit": o.report.junit, "json": o.report.json, "html": o.report.html}[o.flags.report]
	if err = finish(write(out)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *replayReport) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// The elements of a JUnit report, as build servers read them.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Time      string      `xml:"time,attr"`
		Cases     []junitCase `xml:"testcase"`
		Out       string      `xml:"system-out"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *replayReport) junit(w io.Writer) error {
	suite := junitSuite{
		Name: r.Title, Timestamp: r.Time.Format("2006-01-02T15:04:05"), Time: seconds(r.seconds), Out: strings.Join(r.Summary, "\n"),
	}
	add := func(name string, delay float64, f *junitFailure) {
		suite.Cases = append(suite.Cases, junitCase{Class: r.Title, Name: name, Time: seconds(delay), Failure: f})
		if f != nil {
			suite.Failures++
		}
	}
	for _, result := range r.Results {
		name, text := fmt.Sprintf("message %d", result.Message), result.Recorded
		if result.Message == 0 {
			name, text = fmt.Sprintf("unexpected message %d", result.Got), result.Text
		}
		if result.Outcome == replay.Same.String() {
			add(name, result.Seconds, nil)
			continue
		}
		add(name, result.Seconds, &junitFailure{
			Message: result.Outcome, Type: result.Outcome, Text: strings.Join(append([]string{text}, result.Changes...), "\n"),
		})
	}
	for _, a := range r.Asserts {
		name := "assert " + a.Assert
		if a.Assert == "" {
			name = "refute " + a.Refute
		}
		var f *junitFailure
		if !a.Passed {
			f = &junitFailure{Message: counted(a.Matched, "message") + " matched", Type: "assertion"}
		}
		add(name, 0, f)
	}
	var f *junitFailure
	if !r.Passed {
		f = &junitFailure{Message: "the replay went otherwise than what was recorded", Type: "verdict", Text: strings.Join(r.Summary, "\n")}
	}
	add("verdict", r.seconds, f)
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(s float64) string { return fmt.Sprintf("%.6f", s) }

func (r *replayReport) html(w io.Writer) error { return replayPage.Execute(w, r) }

// replayPage needs nothing from elsewhere.
var replayPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"class": func(outcome string) string { return strings.ReplaceAll(outcome, " ", "-") },
	"ms":    func(s float64) string { return fmt.Sprintf("%.1f ms", s*1000) },
}).Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8884}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
ul{margin:.2rem 0;padding-left:1.2rem}
.verdict,.outcome{font-weight:600;white-space:nowrap}
.same,.passed{color:#1a7f37}.differs,.missing,.failed,.not-sent{color:#cf222e}.unexpected,.late{color:#9a6700}
</style></head><body>
<h1>{{.Title}}</h1>
<p class="verdict {{if .Passed}}passed{{else}}failed{{end}}">{{if .Passed}}Passed{{else}}Went otherwise{{end}}, {{.Time.Format "2006-01-02 15:04:05 MST"}}</p>
<ul>{{range .Summary}}<li>{{.}}</li>{{end}}</ul>
{{if .Asserts}}<table><thead><tr><th>Assertion</th><th>Matched</th><th></th></tr></thead><tbody>
{{range .Asserts}}<tr><td><code>{{if .Assert}}assert {{.Assert}}{{else}}refute {{.Refute}}{{end}}</code></td><td class="n">{{.Matched}}</td><td class="{{if .Passed}}passed{{else}}failed{{end}}">{{if .Passed}}passed{{else}}failed{{end}}</td></tr>
{{end}}</tbody></table>{{end}}
<table><thead><tr><th>Outcome</th><th>Recorded</th><th>Came</th><th>After</th><th>Message</th></tr></thead><tbody>
{{range .Results}}<tr><td class="outcome {{class .Outcome}}">{{.Outcome}}</td><td class="n">{{if .Message}}{{.Message}}{{end}}</td><td class="n">{{if .Got}}{{.Got}}{{end}}</td><td class="n">{{ms .Seconds}}</td><td><code>{{if .Recorded}}{{.Recorded}}{{else}}{{.Text}}{{end}}</code>{{if .Changes}}<ul>{{range .Changes}}<li><code>{{.}}</code></li>{{end}}</ul>{{end}}</td></tr>
{{end}}</tbody></table>
{{if .More}}<p>and {{.More}} more</p>{{end}}
</body></html>
`))
