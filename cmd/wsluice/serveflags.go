package main

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/certs"
	"github.com/wsluice/wsluice/client"
	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/mock/recorded"
)

// serveFlags are the flags of wsluice serve as they were given, and what they mean.
type serveFlags struct {
	listen             string
	tls                bool
	pace, match, pick  string
	other, upstreamCA  string
	ignore, mask       []string
	anyQuery, insecure bool
	record             string
	strict, asJSON     bool

	options recorded.Options
}

func (f *serveFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "the `address` to listen on, of this machine; port 0 takes any free port")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS, with a certificate of the local authority (see wsluice ca)")
	flags.StringVar(&f.pace, "pace", "reactive", "`when` messages are sent: reactive, fastest, recorded, 2x (or another factor)")
	flags.StringVar(&f.match, "match", "id", "`how` closely a client must say what it said: exact, id, shape")
	flags.StringVar(&f.pick, "pick", "turn", "`which` of the connections with one path a client gets: turn (the next one), random, first (the one that begins as the client does)")
	flags.BoolVar(&f.anyQuery, "any-query", false, "find connections by their path, whatever its query")
	flags.StringVar(&f.other, "else", "ignore", "`what` becomes of other messages: ignore, close, close:CODE, nearest, or the URL of a server")
	flags.StringVar(&f.upstreamCA, "upstream-ca", "", "trust the certificates in this PEM or DER `file` besides the system's, for --else URL")
	flags.BoolVar(&f.insecure, "insecure", false, "do not verify the certificate of the server of --else URL")
	flags.StringArrayVar(&f.ignore, "ignore", nil, "the JSON values at this `path` may differ, such as $.time or $..id")
	flags.StringArrayVar(&f.mask, "mask", nil, "what this `regex` matches may differ")
	flags.StringVar(&f.record, "record", "", "record the clients into this capture `file`")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 when a client said or asked for what was not recorded")
	flags.BoolVar(&f.asJSON, "json", false, "print what happens as a JSON object a line")
	_ = c.MarkFlagFilename("record", "db")
	for name, words := range map[string][]string{
		"pace":  {"reactive", "fastest", "recorded", "2x"},
		"match": {"exact", "id", "shape"},
		"pick":  {"turn", "random", "first"},
		"else":  {"ignore", "close", "nearest"},
	} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, name := range []string{"listen", "ignore", "mask"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// parse makes options of the flags, before anything is opened.
func (f *serveFlags) parse() error {
	for _, parse := range []func() error{f.parseListen, f.parsePace, f.parseMatch, f.parseRules, f.parseElse} {
		if err := parse(); err != nil {
			return err
		}
	}
	f.options.AnyQuery = f.anyQuery
	if err := f.options.Pick.UnmarshalText([]byte(f.pick)); err != nil {
		return usagef("use turn, random or first", "--pick %q is not known", f.pick)
	}
	return nil
}

// parseListen refuses an address other machines can reach: whoever connects gets
// what was recorded.
func (f *serveFlags) parseListen() error {
	const hint = "write --listen 127.0.0.1:9000, or port 0 for any free port"
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usagef(hint, "--listen %q is no address: %w", f.listen, err)
	}
	if address, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !address.IsLoopback()) {
		return usagef(hint, "other machines could read what was recorded on %s", f.listen)
	}
	return nil
}

func (f *serveFlags) parsePace() error {
	o := &f.options
	factor, scaled := strings.CutSuffix(f.pace, "x")
	if !scaled {
		if err := o.Pace.UnmarshalText([]byte(f.pace)); err != nil {
			return usagef("use reactive, fastest, recorded or 2x", "--pace %q is not known", f.pace)
		}
		return nil
	}
	speed, err := strconv.ParseFloat(factor, 64)
	if err != nil || !(speed >= 1e-6 && speed <= 1e6) {
		return usagef("write --pace 2x for twice as fast", "--pace %q is no factor", f.pace)
	}
	o.Pace, o.Speed = recorded.Recorded, speed
	return nil
}

func (f *serveFlags) parseMatch() error {
	switch f.match {
	case "exact":
		f.options.Match = compare.Exactly
	case "id":
		f.options.Match = compare.ByID
	case "shape":
		f.options.Match = compare.ByShape
	default:
		return usagef("use exact, id or shape", "--match %q is not known", f.match)
	}
	return nil
}

func (f *serveFlags) parseRules() error { return ignoring(&f.options.Rules, f.ignore, f.mask) }

func (f *serveFlags) parseElse() error {
	o := &f.options
	switch word, code, given := strings.Cut(f.other, ":"); {
	case f.other == "ignore":
		o.Else = recorded.Ignore
	case f.other == "nearest":
		o.Else = recorded.Nearest
	case word == "close":
		o.Else = recorded.Hangup
		if given {
			n, err := strconv.ParseUint(code, 10, 16)
			if err != nil || n == 0 {
				return usagef("write --else close:1011", "--else %q has no close code", f.other)
			}
			o.Code = frame.CloseCode(n)
		}
	case strings.Contains(f.other, "://"):
		return f.parseUpstream()
	default:
		return usagef("use ignore, close, close:1011, nearest or a ws or wss URL", "--else %q is not known", f.other)
	}
	if f.upstreamCA != "" || f.insecure {
		return usagef("leave it out", "--upstream-ca and --insecure go with --else URL")
	}
	return nil
}

// parseUpstream has other messages go to a server. What its URL does not say is
// taken from what the client asked for.
func (f *serveFlags) parseUpstream() error {
	u, err := parseURL("--else", f.other, "ws", "wss", "http", "https")
	if err != nil {
		return err
	}
	dial := client.Options{Insecure: f.insecure}
	if f.upstreamCA != "" {
		if dial.Roots, err = certs.LoadRoots(f.upstreamCA); err != nil {
			return fileFailure("--upstream-ca", err)
		}
	}
	f.options.Else = recorded.Pass
	f.options.Dial = func(ctx context.Context, path, subprotocol string) (*frame.Conn, error) {
		to := *u
		if to.Path == "" {
			asked, query, _ := strings.Cut(path, "?")
			to = *to.JoinPath(asked)
			if to.RawQuery == "" {
				to.RawQuery = query
			}
		}
		o := dial
		o.URL = to.String()
		if subprotocol != "" {
			o.Subprotocols = []string{subprotocol}
		}
		conn, _, err := client.Dial(ctx, o)
		return conn, err
	}
	if f.insecure && u.Scheme != "wss" && u.Scheme != "https" {
		return usagef("leave it out", "--insecure goes with a wss URL")
	}
	return nil
}
