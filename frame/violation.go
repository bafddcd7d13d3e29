package frame

import "fmt"

// Violation names a rule of RFC 6455 or RFC 7692 that a frame or a message
// breaks. The numbers are kept in captures and never change.
type Violation uint8

// The rules. Checker finds all but InvalidUTF8, which only a whole message can
// break and Assembler finds.
const (
	Legal              Violation = iota // no rule is broken
	UnmaskedClient                      // a client's frame without mask
	MaskedServer                        // a server's frame with mask
	ReservedBits                        // an RSV bit no extension gave a meaning
	MisplacedRSV1                       // RSV1 elsewhere than on a message's first frame
	ReservedOpcode                      // an opcode without meaning
	FragmentedControl                   // a control frame without FIN
	LongControl                         // a control frame of more than 125 bytes
	InterruptedMessage                  // a new data frame where a continuation was due
	StrayContinuation                   // a continuation of nothing
	NonMinimalLength                    // a longer length form than needed
	ImpossibleLength                    // a length over MaxLength
	ShortClose                          // a close payload of one byte
	IllegalCloseCode                    // a close code its sender may not send
	InvalidCloseReason                  // a close reason that is not UTF-8
	DataAfterClose                      // a data frame after its sender's close frame
	InvalidUTF8                         // a text message that is not UTF-8
)

// MaxControl is the longest payload of a control frame in bytes (RFC 6455
// section 5.5).
const MaxControl = 125

var violations = [...]struct{ name, sentence, section string }{
	UnmaskedClient:     {"unmasked client frame", "A client must mask every frame it sends.", "RFC 6455 section 5.1"},
	MaskedServer:       {"masked server frame", "A server must not mask the frames it sends.", "RFC 6455 section 5.1"},
	ReservedBits:       {"reserved bit set", "RSV bits must be zero unless a negotiated extension gives them a meaning.", "RFC 6455 section 5.2"},
	MisplacedRSV1:      {"misplaced RSV1", "The compression bit belongs on the first frame of a data message, never on a continuation or control frame.", "RFC 7692 section 6"},
	ReservedOpcode:     {"reserved opcode", "Opcodes 3 to 7 and 11 to 15 have no meaning yet.", "RFC 6455 section 5.2"},
	FragmentedControl:  {"fragmented control frame", "A control frame must not be fragmented.", "RFC 6455 section 5.5"},
	LongControl:        {"control frame over 125 bytes", "The payload of a control frame must not exceed 125 bytes.", "RFC 6455 section 5.5"},
	InterruptedMessage: {"message interrupted by another", "A new message must not begin before the last fragment of the one before it.", "RFC 6455 section 5.4"},
	StrayContinuation:  {"continuation without a message", "A continuation frame must follow an unfinished message.", "RFC 6455 section 5.4"},
	NonMinimalLength:   {"length not in its shortest form", "The payload length must be encoded in as few bytes as possible.", "RFC 6455 section 5.2"},
	ImpossibleLength:   {"impossible length", "The most significant bit of a 64-bit payload length must be 0.", "RFC 6455 section 5.2"},
	ShortClose:         {"close payload of one byte", "A close frame's payload is empty or begins with a two-byte code.", "RFC 6455 section 5.5.1"},
	IllegalCloseCode:   {"illegal close code", "The close code is reserved, or not for this side to send.", "RFC 6455 section 7.4"},
	InvalidCloseReason: {"close reason not UTF-8", "A close reason must be valid UTF-8.", "RFC 6455 section 5.5.1"},
	DataAfterClose:     {"data frame after close", "No data frame may follow a close frame from the same side.", "RFC 6455 section 5.5.1"},
	InvalidUTF8:        {"text not UTF-8", "A text message must be valid UTF-8.", "RFC 6455 section 8.1"},
}

// Name returns a few words for v, such as "unmasked client frame"; it is empty
// for Legal.
func (v Violation) Name() string {
	switch {
	case v == Legal:
		return ""
	case int(v) < len(violations):
		return violations[v].name
	}
	return fmt.Sprintf("violation %d", uint8(v))
}

// Sentence returns the rule in one sentence; it is empty for Legal.
func (v Violation) Sentence() string {
	if int(v) < len(violations) {
		return violations[v].sentence
	}
	return ""
}

// Section returns where the rule stands, such as "RFC 6455 section 5.1"; it is
// empty for Legal.
func (v Violation) Section() string {
	if int(v) < len(violations) {
		return violations[v].section
	}
	return ""
}

// String returns the name and the section, such as "unmasked client frame
// (RFC 6455 section 5.1)"; it is empty for Legal.
func (v Violation) String() string {
	if s := v.Section(); s != "" {
		return v.Name() + " (" + s + ")"
	}
	return v.Name()
}

// MarshalText writes v as String does.
func (v Violation) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText accepts what String returns.
func (v *Violation) UnmarshalText(p []byte) error {
	for i := range violations {
		if Violation(i).String() == string(p) {
			*v = Violation(i)
			return nil
		}
	}
	return fmt.Errorf("violation %q is unknown", p)
}
