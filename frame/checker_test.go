package frame_test

import (
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// A frame as the checker tests write it: header, payload, and what is wrong.
type checked struct {
	header  frame.Header
	payload string
	want    frame.Violation
}

func closePayload(code frame.CloseCode, reason string) string {
	return string(frame.AppendClose(nil, code, reason))
}

// A rule not found leaves a broken peer unexplained; one found where nothing is
// wrong sends its user after a bug that is not there. Every case is the frames of
// one direction in order.
func TestCheckerFindsTheBrokenRule(t *testing.T) {
	const deflate, unknown = frame.RSV1, frame.RSV1 | frame.RSV2 | frame.RSV3
	long := string(make([]byte, 126))
	for _, test := range []struct {
		name   string
		from   frame.Side
		rsv    uint8
		frames []checked
	}{
		{"legal server", frame.Server, 0, []checked{
			{text, "a", 0}, {binary, long, 0}, {ping, "p", 0}, {pong, "", 0}, {closing, "", 0},
		}},
		{"legal client", frame.Client, 0, []checked{{masked(text), "a", 0}, {masked(closing), closePayload(1000, "bye"), 0}}},
		{"F8 unmasked client", frame.Client, 0, []checked{{text, "a", frame.UnmaskedClient}, {masked(text), "a", 0}}},
		{"F8 masked server", frame.Server, 0, []checked{{masked(text), "a", frame.MaskedServer}}},
		{"F1 F3 fragments", frame.Server, 0, []checked{
			{textStart, "", 0}, {continuation, "", 0}, {last, "", 0}, {text, "", 0},
		}},
		{"F2 ping between fragments", frame.Server, 0, []checked{{textStart, "a", 0}, {ping, "p", 0}, {last, "b", 0}}},
		{"F4 interrupted", frame.Server, 0, []checked{
			{textStart, "a", 0}, {text, "b", frame.InterruptedMessage}, {last, "c", frame.StrayContinuation}, {text, "d", 0},
		}},
		{"F4 continuation of nothing", frame.Server, 0, []checked{
			{continuation, "a", frame.StrayContinuation}, {last, "b", 0}, {text, "c", 0},
		}},
		{"F10 reserved opcodes", frame.Server, 0, []checked{
			{frame.Header{Fin: true, Opcode: 3}, "", frame.ReservedOpcode},
			{frame.Header{Fin: true, Opcode: 7}, "", frame.ReservedOpcode},
			{frame.Header{Fin: true, Opcode: 0xB}, "", frame.ReservedOpcode},
			{frame.Header{Fin: true, Opcode: 0xF}, "", frame.ReservedOpcode},
		}},
		{"F10 reserved bits", frame.Server, 0, []checked{
			{frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV1}, "", frame.ReservedBits},
			{frame.Header{Fin: true, Opcode: frame.Ping, RSV: frame.RSV3}, "", frame.ReservedBits},
		}},
		{"bits of permessage-deflate", frame.Server, deflate, []checked{
			{frame.Header{Opcode: frame.Text, RSV: frame.RSV1}, "", 0},
			{frame.Header{Fin: true, Opcode: frame.Ping, RSV: frame.RSV1}, "", frame.MisplacedRSV1},
			{frame.Header{Fin: true, RSV: frame.RSV1}, "", frame.MisplacedRSV1},
			{frame.Header{Fin: true, Opcode: frame.Binary, RSV: frame.RSV1 | frame.RSV2}, "", frame.ReservedBits},
		}},
		{"H10 bits of an unknown extension", frame.Server, unknown, []checked{
			{frame.Header{Fin: true, Opcode: frame.Ping, RSV: 7}, "", 0},
			{frame.Header{Opcode: frame.Text, RSV: 7}, "", 0},
			{frame.Header{Fin: true, RSV: 7}, "", 0},
		}},
		{"F11 fragmented control", frame.Server, 0, []checked{
			{frame.Header{Opcode: frame.Ping}, "a", frame.FragmentedControl}, {last, "b", frame.StrayContinuation},
		}},
		{"F11 long control", frame.Server, 0, []checked{
			{ping, long[:125], 0}, {ping, long, frame.LongControl}, {closing, long, frame.LongControl},
		}},
		{"F13 non-minimal length", frame.Server, 0, []checked{
			{frame.Header{Fin: true, Opcode: frame.Text, Extended: 2}, "abc", frame.NonMinimalLength},
			{frame.Header{Fin: true, Opcode: frame.Text, Extended: 8}, "abc", frame.NonMinimalLength},
		}},
		{"X1 X2 legal closes", frame.Server, 0, []checked{
			{closing, "", 0}, {closing, closePayload(1011, "é"), 0}, {closing, closePayload(4999, ""), 0},
		}},
		{"X4 one byte", frame.Server, 0, []checked{{closing, "\x03", frame.ShortClose}}},
		{"X4 reason not UTF-8", frame.Server, 0, []checked{{closing, closePayload(1000, "\xff"), frame.InvalidCloseReason}}},
		{"X4 mandatory extension from the server", frame.Server, 0, []checked{{closing, closePayload(1010, ""), frame.IllegalCloseCode}}},
		{"mandatory extension from the client", frame.Client, 0, []checked{{masked(closing), closePayload(1010, ""), 0}}},
		{"X8 after close", frame.Server, 0, []checked{
			{closing, "", 0}, {text, "late", frame.DataAfterClose}, {ping, "", 0}, {last, "", frame.DataAfterClose},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := frame.Checker{From: test.from, RSV: test.rsv}
			for i, f := range test.frames {
				h := f.header
				h.Length = uint64(len(f.payload))
				if got := c.Check(&h, []byte(f.payload)); got != f.want {
					t.Errorf("frame %d: %v, want %v", i, got, f.want)
				}
			}
		})
	}
}

// Pitfall X4: servers in the wild do put 1005 on the wire, and other codes no
// frame may carry; each must be named.
func TestCheckerIllegalCloseCodes(t *testing.T) {
	for _, code := range []frame.CloseCode{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		c := frame.Checker{From: frame.Server}
		h := closing
		h.Length = 2
		if got := c.Check(&h, frame.AppendClose(nil, code, "")); got != frame.IllegalCloseCode {
			t.Errorf("code %d: %v", code, got)
		}
	}
}

// Pitfall F13: the length no frame can have is the one rule the cutter cannot
// get past, so it must be named before anything else.
func TestCheckerImpossibleLength(t *testing.T) {
	c := frame.Checker{From: frame.Client}
	h := frame.Header{Opcode: 0xF, RSV: 7, Length: frame.MaxLength + 1}
	if got := c.Check(&h, nil); got != frame.ImpossibleLength {
		t.Error(got)
	}
}

// The recorder may not have the payload of a frame it shed: no payload is no
// reason to call a close frame illegal.
func TestCheckerWithoutPayload(t *testing.T) {
	c := frame.Checker{From: frame.Server}
	h := closing
	h.Length = 20
	if got := c.Check(&h, nil); got != frame.Legal {
		t.Error(got)
	}
}

// Every rule is shown to people and written into JSON: one without words, or two
// that read the same, could not be read back.
func TestViolationTexts(t *testing.T) {
	seen := map[string]bool{}
	for v := frame.Legal + 1; v <= frame.InvalidUTF8; v++ {
		if v.Name() == "" || v.Sentence() == "" || v.Section() == "" || seen[v.String()] {
			t.Errorf("violation %d: %q, %q, %q", v, v.Name(), v.Sentence(), v.Section())
		}
		seen[v.String()] = true
		text, _ := v.MarshalText()
		var got frame.Violation
		if err := got.UnmarshalText(text); err != nil || got != v {
			t.Errorf("%q was read as %d: %v", text, got, err)
		}
	}
	if got := frame.UnmaskedClient.String(); got != "unmasked client frame (RFC 6455 section 5.1)" {
		t.Error(got)
	}
	if s := frame.Legal.String() + frame.Legal.Sentence() + frame.Legal.Section(); s != "" {
		t.Errorf("Legal reads %q", s)
	}
	if s := frame.Violation(200).String(); s != "violation 200" {
		t.Errorf("a violation of a newer version reads %q", s)
	}
	if err := new(frame.Violation).UnmarshalText([]byte("rude")); err == nil {
		t.Error("an unknown violation was accepted")
	}
}
