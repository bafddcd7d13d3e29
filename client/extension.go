package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// extension is one element of Sec-WebSocket-Extensions (RFC 6455 section 9.1).
type extension struct {
	name   string
	params []parameter
}

type parameter struct {
	name, value string
	hasValue    bool
}

// String returns x about as it was written.
func (x extension) String() string {
	var b strings.Builder
	b.WriteString(x.name)
	for _, p := range x.params {
		b.WriteString("; " + p.name)
		if p.hasValue {
			b.WriteString("=" + p.value)
		}
	}
	return b.String()
}

func (x extension) offeredIn(offers []extension) bool {
	return slices.ContainsFunc(offers, func(o extension) bool { return strings.EqualFold(o.name, x.name) })
}

// parseExtensions reads a value of Sec-WebSocket-Extensions; empty elements, which
// lists may have (RFC 9110 section 5.6.1), are left out.
func parseExtensions(value string) ([]extension, error) {
	var list []extension
	p := parser{rest: value}
	for {
		p.space()
		if p.rest == "" {
			return list, nil
		}
		if p.take(',') {
			continue
		}
		x := extension{name: p.token()}
		if x.name == "" {
			return nil, fmt.Errorf("no name of an extension at %q", p.rest)
		}
		for p.space(); p.take(';'); p.space() {
			param, err := p.parameter()
			if err != nil {
				return nil, err
			}
			x.params = append(x.params, param)
		}
		if p.rest != "" && !p.take(',') {
			return nil, fmt.Errorf("neither comma nor semicolon at %q", p.rest)
		}
		list = append(list, x)
	}
}

// parser takes a field value apart.
type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// take takes c, if it is what comes.
func (p *parser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// token takes a token, which is empty when none comes (RFC 9110 section 5.6.2).
func (p *parser) token() string {
	n := 0
	for n < len(p.rest) && tokenByte(p.rest[n]) {
		n++
	}
	token := p.rest[:n]
	p.rest = p.rest[n:]
	return token
}

func tokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isToken reports whether s is a token and nothing else.
func isToken(s string) bool {
	p := parser{rest: s}
	return p.token() == s && s != ""
}

func (p *parser) parameter() (parameter, error) {
	p.space()
	param := parameter{name: p.token()}
	if param.name == "" {
		return param, fmt.Errorf("no name of a parameter at %q", p.rest)
	}
	p.space()
	if !p.take('=') {
		return param, nil
	}
	param.hasValue = true
	p.space()
	if p.take('"') {
		var err error
		if param.value, err = p.quoted(); err != nil {
			return param, err
		}
	} else {
		param.value = p.token()
	}
	// What is quoted has to be a token all the same.
	if !isToken(param.value) {
		return param, fmt.Errorf("parameter %s has the value %q", param.name, param.value)
	}
	return param, nil
}

// quoted takes the rest of a quoted string.
func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("a quoted value does not end")
}
