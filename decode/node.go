package decode

// Kind is what kind of value a Node is.
type Kind uint8

// The kinds. Every format's values are one of these.
const (
	None    Kind = iota // no value, or no key
	Object              // members with keys
	Array               // values in order
	String              // text
	Number              // integers and fractions, also bignums and timestamps
	Literal             // true, false, null, undefined and other simple values
	Bytes               // bytes that are not text
	Inside              // only as KeyKind: the key names the format of what was found inside
)

const (
	// MaxText is how many terminal cells the Value of a Node takes at most, and its
	// Key without the ellipsis of one that is cut.
	MaxText = 4096
	// MaxChildren is how many children one call returns at most.
	MaxChildren = 1000
)

// Node is one value of a Reading. Its texts are on one line and harmless, as
// AppendVisible writes them.
type Node struct {
	// Key is the member's key in an Object, and empty in an Array. KeyKind is
	// what kind of value it is: String mostly, Number or another in maps that
	// have such keys, Inside where Key names a format such as "JSON" or "gzip",
	// None without a key. A Key that is cut ends in an ellipsis; one that is a
	// container is written like JSON.
	Key     string
	KeyKind Kind
	Kind    Kind
	// Value is the value as text: strings decoded and without quotes, numbers as
	// they are written in text formats, the bytes of Bytes in hexadecimal. It is
	// empty for an Object and an Array. Cut is whether it is only the beginning.
	Value string
	Cut   bool
	// Note is a hint for people: what time a number stands for, a tag, another
	// way to read the value, or what is wrong with it.
	Note string
	// Offset and Size are where in the payload the value is written, in bytes.
	// Offset is -1 in what was found inside another value.
	Offset, Size int
	// Count is how many children the node has: members of an Object, values of
	// an Array, and 1 for a String or Bytes with another format inside, which
	// Children then makes a Node of.
	Count int

	raw    []byte
	text   func() []byte
	within branch
}

// branch makes the children of a Node.
type branch interface {
	// children appends the children from from on to dst, at most n.
	children(dst []Node, from, n int) ([]Node, error)
}

// Children returns the children of n from the one with index from on: count of
// them, but at most MaxChildren, and fewer when there are no more. An error says
// why what seemed to be inside a value cannot be shown, or not all of it; the
// nodes returned with it are good. Children of one Reading are for one goroutine
// at a time.
func (n *Node) Children(from, count int) ([]Node, error) {
	if n.within == nil || from < 0 || count <= 0 || from >= n.Count {
		return nil, nil
	}
	return n.within.children(nil, from, min(count, MaxChildren))
}

// Raw returns the value as it is written: captured bytes, not made harmless. They
// belong to the payload and must not be changed.
func (n *Node) Raw() []byte { return n.raw }

// Data returns what the value says: the text of a String, the content of Bytes,
// and for all else what Raw returns. The bytes are as they were captured, not made
// harmless, and must not be changed.
func (n *Node) Data() []byte {
	if n.text == nil {
		return n.raw
	}
	return n.text()
}
