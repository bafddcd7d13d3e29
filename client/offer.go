package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wsluice/wsluice/frame"
)

// Offer is the extensions a client offers. The zero value offers none.
type Offer struct {
	// Deflate offers permessage-deflate with the parameters below (RFC 7692
	// section 7.1).
	Deflate bool
	// NoContextTakeover is, for each Side that compresses, whether its messages are
	// to be compressed each on its own.
	NoContextTakeover [2]bool
	// WindowBits is, for each Side that compresses, how large its window is to be at
	// most: 8 to 15, or 0 for no wish.
	WindowBits [2]uint8
	// Raw, when not empty, is the value of Sec-WebSocket-Extensions instead.
	Raw string
}

// deflateName is the extension of RFC 7692.
const deflateName = "permessage-deflate"

// The parameters of permessage-deflate (RFC 7692 section 7.1), by Side.
var (
	takeoverNames = [2]string{frame.Client: "client_no_context_takeover", frame.Server: "server_no_context_takeover"}
	windowNames   = [2]string{frame.Client: "client_max_window_bits", frame.Server: "server_max_window_bits"}
)

// String returns the value of Sec-WebSocket-Extensions, empty when nothing is
// offered.
func (o Offer) String() string {
	if o.Raw != "" || !o.Deflate {
		return o.Raw
	}
	var b strings.Builder
	b.WriteString(deflateName)
	for _, side := range []frame.Side{frame.Server, frame.Client} {
		if o.NoContextTakeover[side] {
			b.WriteString("; " + takeoverNames[side])
		}
	}
	if bits := o.WindowBits[frame.Server]; bits > 0 {
		fmt.Fprintf(&b, "; %s=%d", windowNames[frame.Server], bits)
	}
	// Without a value it tells the server that it may choose one.
	b.WriteString("; " + windowNames[frame.Client])
	if bits := o.WindowBits[frame.Client]; bits > 0 {
		fmt.Fprintf(&b, "=%d", bits)
	}
	return b.String()
}

func (o Offer) check() error {
	for side, bits := range o.WindowBits {
		if bits != 0 && (bits < 8 || bits > 15) {
			return fmt.Errorf("offer %s=%d: not one of 8 to 15 (RFC 7692 section 7.1.2)", windowNames[side], bits)
		}
	}
	return nil
}

// deflation is an offer of permessage-deflate, or an answer to one. What is not
// there is false and 0; bare marks a window without a value.
type deflation struct {
	noTakeover [2]bool
	bits       [2]uint8
	bare       [2]bool
}

// agree returns the extensions in use after the server has answered an offer, or
// what is wrong with the answer (RFC 6455 section 9.1, RFC 7692 section 7.1).
func agree(offered, answered string) (frame.Extensions, error) {
	answers, err := parseExtensions(answered)
	if err != nil {
		return frame.Extensions{}, fmt.Errorf("extensions %q: %w", answered, err)
	}
	// What was offered in a form of its own is answered at random.
	offers, _ := parseExtensions(offered)
	inUse := frame.ParseExtensions(answered)
	deflates := 0
	for _, a := range answers {
		if !a.offeredIn(offers) {
			return frame.Extensions{}, fmt.Errorf("extension %q was not offered", a.name)
		}
		if !strings.EqualFold(a.name, deflateName) {
			continue
		}
		if deflates++; deflates > 1 {
			return frame.Extensions{}, fmt.Errorf("extensions %q: %s is there twice", answered, deflateName)
		}
		offer, err := a.answers(offers)
		if err != nil {
			return frame.Extensions{}, fmt.Errorf("extension %q: %w", a, err)
		}
		// What a client announces about itself holds, even when the server does not
		// repeat it (RFC 7692 sections 7.1.1.2 and 7.1.2.2).
		inUse.NoContextTakeover[frame.Client] = inUse.NoContextTakeover[frame.Client] || offer.noTakeover[frame.Client]
		if bits := offer.bits[frame.Client]; bits > 0 {
			inUse.WindowBits[frame.Client] = min(inUse.WindowBits[frame.Client], bits)
		}
	}
	return inUse, nil
}

// answers returns the offer that x, of permessage-deflate, is an answer to.
func (x extension) answers(offers []extension) (deflation, error) {
	answer, err := x.deflation()
	if err != nil {
		return deflation{}, err
	}
	for side := range answer.bare {
		if answer.bare[side] {
			return deflation{}, fmt.Errorf("%s has no value", windowNames[side])
		}
	}
	err = errors.New("no offer has that form")
	for _, o := range offers {
		if !strings.EqualFold(o.name, deflateName) {
			continue
		}
		offer, malformed := o.deflation()
		if malformed != nil {
			continue
		}
		if err = offer.allows(answer); err == nil {
			return offer, nil
		}
	}
	return deflation{}, err
}

// allows returns what about an answer does not fit the offer d.
func (d deflation) allows(answer deflation) error {
	server, client := windowNames[frame.Server], windowNames[frame.Client]
	switch {
	case d.noTakeover[frame.Server] && !answer.noTakeover[frame.Server]:
		return fmt.Errorf("%s was asked for and is not there", takeoverNames[frame.Server])
	case d.bits[frame.Server] > 0 && answer.bits[frame.Server] == 0:
		return fmt.Errorf("%s=%d was asked for and is not there", server, d.bits[frame.Server])
	case d.bits[frame.Server] > 0 && answer.bits[frame.Server] > d.bits[frame.Server]:
		return fmt.Errorf("%s is more than the %d asked for", server, d.bits[frame.Server])
	case answer.bits[frame.Client] > 0 && d.bits[frame.Client] == 0 && !d.bare[frame.Client]:
		return fmt.Errorf("%s was not offered", client)
	case d.bits[frame.Client] > 0 && answer.bits[frame.Client] > d.bits[frame.Client]:
		return fmt.Errorf("%s is more than the %d offered", client, d.bits[frame.Client])
	}
	return nil
}

// deflation reads the parameters of permessage-deflate.
func (x extension) deflation() (d deflation, err error) {
	seen := make(map[string]bool)
	for _, p := range x.params {
		name := strings.ToLower(p.name)
		if seen[name] {
			return d, fmt.Errorf("parameter %q is there twice", p.name)
		}
		seen[name] = true
		if err := d.set(name, p); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (d *deflation) set(name string, p parameter) error {
	for side := range takeoverNames {
		switch name {
		case takeoverNames[side]:
			if p.hasValue {
				return fmt.Errorf("parameter %q has a value", p.name)
			}
			d.noTakeover[side] = true
			return nil
		case windowNames[side]:
			if !p.hasValue {
				d.bare[side] = true
				return nil
			}
			bits, err := strconv.ParseUint(p.value, 10, 8)
			if err != nil || bits < 8 || bits > 15 || p.value[0] == '0' || p.value[0] == '+' {
				return fmt.Errorf("%s is %q, not one of 8 to 15", p.name, p.value)
			}
			d.bits[side] = uint8(bits)
			return nil
		}
	}
	return fmt.Errorf("parameter %q is unknown", p.name)
}
