package filter

const (
	// maxDocument is the longest JSON text that is parsed, in bytes.
	maxDocument = 16 << 20
	// maxDepth is how deep arrays and objects may be nested.
	maxDepth = 1000
	// maxNodes is how many keys and values a document may have.
	maxNodes = 4 << 20
)

// parsed says what is known of a document.
type parsed uint8

const (
	unparsed parsed = iota
	isJSON
	notJSON
)

// document is a JSON text (RFC 8259) and where its values are in it. Nothing is
// copied or converted until it is asked for.
//
// Bytes in strings that are not UTF-8 stay as they are. Of equal keys the last
// one counts.
type document struct {
	text  string
	nodes []node

	at, limit int  // while parsing
	full      bool // there were more nodes than the limit
}

// node is one value or key. The nodes of a container's members follow its own.
type node struct {
	// start and end are where a number or string is in the text, without its
	// quotes; end is the number of members of a container.
	start, end uint32
	// next is the node behind this value.
	next uint32
	kind nodeKind
}

type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeTrue
	nodeFalse
	nodeInt
	nodeFloat
	nodeText
	nodeEscaped // text with a backslash
	nodeArray
	nodeObject // its members are a text and a value each
)

// parse reports whether text is JSON of so many nodes at most and within the
// bounds of the package. d is only to be used when it is.
func (d *document) parse(text string, nodes int) bool {
	d.text, d.nodes, d.at, d.limit, d.full = text, d.nodes[:0], 0, min(nodes, maxNodes), false
	if text == "" || len(text) > maxDocument {
		return false
	}
	if d.nodes == nil {
		d.nodes = make([]node, 0, 32)
	}
	d.blank()
	if !d.parseValue(0) {
		return false
	}
	d.blank()
	return d.at == len(text)
}

func (d *document) blank() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// peek returns the byte that is next, 0 at the end.
func (d *document) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *document) parseValue(depth int) bool {
	if len(d.nodes) >= d.limit {
		d.full = true
		return false
	}
	switch c := d.peek(); c {
	case '{', '[':
		if depth >= maxDepth {
			return false
		}
		return d.parseContainer(c, depth)
	case '"':
		return d.parseText()
	case 't':
		return d.parseWord("true", nodeTrue)
	case 'f':
		return d.parseWord("false", nodeFalse)
	case 'n':
		return d.parseWord("null", nodeNull)
	}
	return d.parseNumber()
}

func (d *document) add(k nodeKind, start, end int) {
	d.nodes = append(d.nodes, node{uint32(start), uint32(end), uint32(len(d.nodes) + 1), k})
}

func (d *document) parseWord(word string, k nodeKind) bool {
	end := d.at + len(word)
	if end > len(d.text) || d.text[d.at:end] != word {
		return false
	}
	d.add(k, d.at, end)
	d.at = end
	return true
}

// parseContainer parses an array or an object, which begins with open.
func (d *document) parseContainer(open byte, depth int) bool {
	self, members := len(d.nodes), 0
	shut, k := byte(']'), nodeArray
	if open == '{' {
		shut, k = '}', nodeObject
	}
	d.add(k, d.at, 0)
	d.at++
	d.blank()
	if d.peek() == shut {
		d.at++
		return true
	}
	for {
		if open == '{' && !d.parseKey() {
			return false
		}
		if !d.parseValue(depth + 1) {
			return false
		}
		members++
		d.blank()
		switch d.peek() {
		case ',':
			d.at++
			d.blank()
		case shut:
			d.at++
			d.nodes[self].end = uint32(members)
			d.nodes[self].next = uint32(len(d.nodes))
			return true
		default:
			return false
		}
	}
}

// parseKey parses a key, the colon and the blanks behind it.
func (d *document) parseKey() bool {
	if d.peek() != '"' || !d.parseText() {
		return false
	}
	d.blank()
	if d.peek() != ':' {
		return false
	}
	d.at++
	d.blank()
	return true
}

// ordinary marks the bytes that stand for themselves in a JSON string.
var ordinary = func() (t [256]bool) {
	for c := ' '; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (d *document) parseText() bool {
	s, i := d.text, d.at+1
	start, k := i, nodeText
	for {
		for i < len(s) && ordinary[s[i]] {
			i++
		}
		if i >= len(s) || s[i] < ' ' {
			return false
		}
		if s[i] == '"' {
			d.add(k, start, i)
			d.at = i + 1
			return true
		}
		k = nodeEscaped
		if i+1 >= len(s) {
			return false
		}
		switch s[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if _, ok := hex4(s[i+2:]); !ok {
				return false
			}
			i += 6
		default:
			return false
		}
	}
}

// hex4 reads the four hex digits s begins with.
func hex4(s string) (n uint16, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint16(c)
	}
	return n, true
}

func (d *document) parseNumber() bool {
	s, start := d.text, d.at
	i, k := start, nodeInt
	if i < len(s) && s[i] == '-' {
		i++
	}
	switch {
	case i < len(s) && s[i] == '0':
		i++
	default:
		n := digits(s[i:])
		if n == 0 {
			return false
		}
		i += n
	}
	if i < len(s) && s[i] == '.' {
		n := digits(s[i+1:])
		if n == 0 {
			return false
		}
		i, k = i+1+n, nodeFloat
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n := digits(s[i:])
		if n == 0 {
			return false
		}
		i, k = i+n, nodeFloat
	}
	d.add(k, start, i)
	d.at = i
	return true
}

// digits returns how many decimal digits s begins with.
func digits(s string) (n int) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
