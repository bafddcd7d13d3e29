package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/client/replay"
	"github.com/wsluice/wsluice/filter"
	"github.com/wsluice/wsluice/frame"
)

// replayFlags are the flags of wsluice replay as they were given, and what they
// mean.
type replayFlags struct {
	url, proxy                      string
	header, removeHeader            []string
	subprotocols                    []string
	upstreamCA, clientCert, certKey string
	insecure, asSent, noDetect      bool
	pace                            string
	timeout, late                   time.Duration
	window                          int
	ignore, mask                    []string
	values, replace                 []string
	assert, refute                  []string
	record                          string
	asJSON                          bool
	clients, repeat                 int
	report, reportFile              string
	ramp                            time.Duration

	options replay.Options
	client  client.Options
	set     []frame.Field
}

func (f *replayFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.url, "url", "", "replay to this server instead (ws or wss `url`; one without a path keeps the recorded path)")
	flags.StringArrayVar(&f.header, "header", nil, "set a `field` of the handshake, as 'Name: value' with {{env:NAME}} for a variable of the environment")
	flags.StringArrayVar(&f.removeHeader, "remove-header", nil, "leave the field of this `name` out of the handshake")
	flags.StringSliceVar(&f.subprotocols, "subprotocol", nil, "offer these `names` instead")
	flags.StringVar(&f.proxy, "proxy", "", "reach the server through this proxy (http, https or socks5 `url`)")
	flags.StringVar(&f.upstreamCA, "upstream-ca", "", "trust the certificates in this PEM or DER `file` besides the system's")
	flags.BoolVar(&f.insecure, "insecure", false, "do not verify the server's certificate")
	flags.StringVar(&f.clientCert, "client-cert", "", "the client certificate (PEM or PKCS#12 `file`; password in "+passwordVariable+")")
	flags.StringVar(&f.certKey, "client-key", "", "the private key of --client-cert when it is in a PEM `file` of its own")
	flags.BoolVar(&f.asSent, "as-sent", false, "play what the client sent, without what was edited, dropped and injected")
	flags.StringVar(&f.pace, "pace", "reactive", "`when` messages are sent: reactive, recorded, 2x (or another factor), fastest, step")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "wait at most this `time` for the handshake, and for each message behind its time")
	flags.DurationVar(&f.late, "late", 0, "an answer is late when it takes this `time` longer than it was recorded to take")
	flags.IntVar(&f.window, "window", 16, "messages may come in another order among `n`")
	flags.StringArrayVar(&f.ignore, "ignore", nil, "the JSON values at this `path` may differ, such as $.time or $..id")
	flags.StringArrayVar(&f.mask, "mask", nil, "what this `regex` matches may differ")
	flags.BoolVar(&f.noDetect, "no-detect", false, "find no ids and times by themselves")
	flags.StringArrayVar(&f.values, "capture-value", nil, "a `value` the server gives anew: name=$.json.path or name=/regex/, with :N of message N only")
	flags.StringArrayVar(&f.replace, "replace", nil, "replace a `text` in what is sent: old=new, with {{name}} of --capture-value or {{env:NAME}}")
	flags.StringArrayVar(&f.assert, "assert", nil, "a message of the server must match this `expression` (see wsluice help filters)")
	flags.StringArrayVar(&f.refute, "refute", nil, "no message of the server may match this `expression`")
	flags.IntVar(&f.clients, "clients", 1, "play with `n` clients at once")
	flags.DurationVar(&f.ramp, "ramp", 0, "have the clients begin one after the other within this `time`")
	flags.IntVar(&f.repeat, "repeat", 1, "have each client play `n` times")
	flags.StringVar(&f.report, "report", "", "write a report in this `format`: "+strings.Join(replayReports, ", "))
	flags.StringVar(&f.reportFile, "report-file", "", "write the report to this `file`")
	flags.StringVar(&f.record, "record", "", "record the replay into this capture `file`")
	flags.BoolVar(&f.asJSON, "json", false, "print what becomes of each message, and the verdict, as a JSON object a line")
	_ = c.MarkFlagFilename("record", "db")
	_ = c.RegisterFlagCompletionFunc("pace", cobra.FixedCompletions([]string{"reactive", "recorded", "2x", "fastest", "step"}, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("report", cobra.FixedCompletions(replayReports, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"url", "header", "remove-header", "subprotocol", "proxy", "timeout", "late", "window", "ignore", "mask", "capture-value", "replace", "assert", "refute", "clients", "ramp", "repeat"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// load reports whether there are many copies, which are recorded only when
// somebody says where.
func (f *replayFlags) load() bool { return f.clients > 1 || f.repeat > 1 }

// parse makes options of the flags, before anything is opened.
func (f *replayFlags) parse(c *cobra.Command) error {
	for _, parse := range []func() error{f.parsePace, f.parseRules, f.parseValues, f.parseFilters, f.parseClient, f.checkLoad, f.checkReport} {
		if err := parse(); err != nil {
			return err
		}
	}
	f.options.Detect = !f.noDetect
	f.options.Rules.Detect = !f.noDetect
	return nil
}

func (f *replayFlags) parsePace() error {
	o := &f.options
	switch factor, scaled := strings.CutSuffix(f.pace, "x"); {
	case f.pace == "reactive":
		o.Pace = replay.Reactive
	case f.pace == "recorded":
		o.Pace = replay.Recorded
	case f.pace == "fastest":
		o.Pace = replay.Fastest
	case f.pace == "step":
		o.Pace = replay.Stepwise
	case scaled:
		o.Pace = replay.Recorded
		speed, err := strconv.ParseFloat(factor, 64)
		if err != nil || !(speed >= 1e-6 && speed <= 1e6) {
			return usagef("write --pace 2x for twice as fast", "--pace %q is no factor", f.pace)
		}
		o.Speed = speed
	default:
		return usagef("use reactive, recorded, 2x, fastest or step", "--pace %q is not known", f.pace)
	}
	switch {
	case f.timeout <= 0 || f.timeout > longestWait:
		return usagef(fmt.Sprintf("give a time up to %v, such as 10s", longestWait), "--timeout %v cannot be waited for", f.timeout)
	case f.late < 0:
		return usagef("give a time such as 200ms", "--late %v is less than nothing", f.late)
	case f.window < 1 || f.window > 1000:
		return usagef("give a number from 1, for no other order, to 1000", "--window %d is no number of messages", f.window)
	}
	o.Timeout, o.Late, o.Rules.Window = f.timeout, f.late, f.window
	return nil
}

func (f *replayFlags) parseRules() error { return ignoring(&f.options.Rules, f.ignore, f.mask) }

func (f *replayFlags) parseValues() error {
	names := map[string]bool{}
	for _, text := range f.values {
		v, err := parseValue(text)
		if err != nil {
			return usagef("write --capture-value 'token=$.access_token', 'id=/id=(\\w+)/' or 'id=$.id:4'", "--capture-value %q: %w", text, err)
		}
		names[v.Name] = true
		f.options.Values = append(f.options.Values, v)
	}
	for _, text := range f.replace {
		old, now, ok := strings.Cut(text, "=")
		if !ok || old == "" {
			return usagef("write --replace old=new", "--replace %q says not what to replace", text)
		}
		now, err := filled("--replace", now)
		if err != nil {
			return err
		}
		for _, m := range templates.FindAllStringSubmatch(now, -1) {
			if !names[m[1]] {
				return usagef(fmt.Sprintf("name it with --capture-value '%s=$.path'", m[1]), "--replace %q: there is no value %q", text, m[1])
			}
		}
		f.options.Replace = append(f.options.Replace, replay.Replacement{Old: old, New: now})
	}
	return nil
}

// parseValue reads name=$.path or name=/regex/, and :N behind it.
func parseValue(text string) (v replay.Value, err error) {
	name, what, _ := strings.Cut(text, "=")
	if !regexp.MustCompile(`^\w+$`).MatchString(name) {
		return v, fmt.Errorf("%q is no name of letters and digits", name)
	}
	v.Name = name
	if at := strings.LastIndexByte(what, ':'); at >= 0 {
		if seq, err := strconv.ParseUint(what[at+1:], 10, 64); err == nil {
			v.Seq, what = seq, what[:at]
		}
	}
	if re, ok := strings.CutPrefix(what, "/"); ok && len(re) > 1 && strings.HasSuffix(re, "/") {
		v.Pattern, err = regexp.Compile(strings.TrimSuffix(re, "/"))
		return v, err
	}
	v.Path, err = replay.ParsePath(what)
	return v, err
}

// templates are what stands for something else.
var templates = regexp.MustCompile(`\{\{\s*([\w:]+)\s*\}\}`)

// filled puts variables of the environment into a text.
func filled(flag, text string) (string, error) {
	var err error
	out := templates.ReplaceAllStringFunc(text, func(t string) string {
		name, ok := strings.CutPrefix(templates.FindStringSubmatch(t)[1], "env:")
		if !ok {
			return t
		}
		value, set := os.LookupEnv(name)
		if !set && err == nil {
			err = usagef("set it, as in "+name+"=… wsluice replay …", "%s: the environment has no variable %s", flag, name)
		}
		return value
	})
	return out, err
}

func (f *replayFlags) parseFilters() error {
	for to, texts := range map[*[]*filter.Messages][]string{&f.options.Assert: f.assert, &f.options.Refute: f.refute} {
		for _, text := range texts {
			parsed, err := filter.ParseMessages(text)
			if err != nil {
				return filterFailure(err)
			}
			*to = append(*to, parsed)
		}
	}
	return nil
}

func (f *replayFlags) parseClient() (err error) {
	o := &f.client
	o.Insecure, o.Timeout, o.Subprotocols = f.insecure, f.timeout, f.subprotocols
	if _, err = parseURL("--url", f.url, "ws", "wss", "http", "https"); err != nil {
		return err
	}
	if o.Proxy, err = parseURL("--proxy", f.proxy, "http", "https", "socks5", "socks5h"); err != nil {
		return err
	}
	for _, text := range f.header {
		name, value, ok := strings.Cut(text, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return usagef("write --header 'Name: value'", "--header %q is no field", text)
		}
		if value, err = filled("--header", strings.TrimSpace(value)); err != nil {
			return err
		}
		f.set = append(f.set, frame.Field{Name: name, Value: value})
	}
	if f.upstreamCA != "" {
		if o.Roots, err = certs.LoadRoots(f.upstreamCA); err != nil {
			return fileFailure("--upstream-ca", err)
		}
	}
	if f.clientCert == "" {
		if f.certKey != "" {
			return usagef("add --client-cert FILE", "--client-key is for a --client-cert")
		}
		return nil
	}
	certificate, err := certs.LoadIdentity(f.clientCert, f.certKey, os.Getenv(passwordVariable))
	if err != nil {
		return &failure{code: exitUsage, hint: "check the files named with --client-cert and --client-key; a password goes into " + passwordVariable, err: err}
	}
	o.Certificates = []tls.Certificate{certificate}
	return nil
}

// notReplayed are the fields of a request that belong to one connection.
var notReplayed = []string{
	"Sec-WebSocket-Key", "Sec-WebSocket-Accept", "Connection", "Upgrade", "Keep-Alive", "Proxy-Connection",
	"Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Content-Length",
}

// dialer returns what shakes hands as the client of the connection c did.
func (f *replayFlags) dialer(c *frame.Connection) (func(context.Context) (*frame.Conn, *frame.Connection, error), error) {
	o := f.client
	o.URL = c.URL
	gone := slices.Concat(notReplayed, f.removeHeader)
	if f.url != "" {
		o.URL = f.url
		there, errThere := url.Parse(f.url)
		before, errBefore := url.Parse(c.URL)
		if errThere == nil && errBefore == nil {
			if there.Host != before.Host {
				gone = append(gone, "Host")
			}
			if there.Path == "" && there.RawQuery == "" {
				before.Scheme, before.Host = there.Scheme, there.Host
				o.URL = before.String()
			}
		}
	}
	if len(f.subprotocols) > 0 {
		gone = append(gone, "Sec-WebSocket-Protocol")
	}
	for _, field := range f.set {
		gone = append(gone, field.Name)
	}
	for _, field := range c.Request {
		if !slices.ContainsFunc(gone, func(name string) bool { return strings.EqualFold(name, field.Name) }) {
			o.Header = append(o.Header, field)
		}
	}
	o.Header = append(o.Header, f.set...)
	return func(ctx context.Context) (*frame.Conn, *frame.Connection, error) { return client.Dial(ctx, o) }, nil
}
