package compare

// MaxChanges is how many changes a Difference lists at most.
const MaxChanges = 1000

// Form is what messages were compared as.
type Form uint8

// The forms.
const (
	Binary Form = iota
	Text
	JSON
	Closing // a close frame: code and reason
)

// String returns the form's name, such as "JSON".
func (f Form) String() string { return [...]string{"binary", "text", "JSON", "close"}[f] }

// MarshalText writes f in lower case: "binary", "text", "json" or "close".
func (f Form) MarshalText() ([]byte, error) {
	if f == JSON {
		return []byte("json"), nil
	}
	return []byte(f.String()), nil
}

// Difference is in what two messages differ.
type Difference struct {
	Form Form
	// Changes are in the order of the payload, the left one's first.
	Changes []Change
	// More is how many changes there are besides.
	More int
}

// Kind is what happened between the left and the right message.
type Kind uint8

// The kinds.
const (
	Changed Kind = iota
	Added        // only on the right
	Removed      // only on the left
)

// String returns "changed", "added" or "removed".
func (k Kind) String() string { return [...]string{"changed", "added", "removed"}[k] }

// MarshalText writes k as String does.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Change is one place in which two messages differ.
type Change struct {
	Kind Kind
	// Path is where it is: the path of a JSON value, "line 3" of a text, "byte 17"
	// of bytes, or "type", "prefix" (the text before JSON), "code", "reason",
	// "completeness". It is of the left message unless the change is Added. Keys
	// in it are as JSON writes strings.
	Path string
	// Left and Right are what stands there; the one that is not there is empty.
	Left, Right Part
}

// Part is a part of a payload.
type Part struct {
	// Bytes are as they are written in the payload, which they alias. They are nil
	// when the change is not in the payload; Text says it then.
	Bytes []byte
	// Offset is where they begin in the payload.
	Offset int
	// Text is what stands for the part when it is not in the payload, such as the
	// message's type.
	Text string
}
