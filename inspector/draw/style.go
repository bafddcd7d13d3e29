package draw

// Style says what a text is.
type Style uint8

// The styles.
const (
	Plain   Style = iota
	Dim           // what matters less: units, separators, absent values
	Strong        // what matters more: names of things, current values
	Title         // titles of panes
	Border        // frames around panes
	Focus         // frame and title of the pane that has the keys
	Bar           // top and bottom bars
	BarDim        // what matters less in them
	Hint          // a key in the hint bar
	Client        // sent by the client
	Server        // sent by the server
	Control       // ping, pong and close
	Name          // the name of a field or the key of a JSON member
	String        // values by their kind
	Number
	Literal // true, false, null
	Punct   // brackets, commas, quotes, offsets
	Good
	Warning
	Bad
	Accent // something of the inspector's own: a mark, a note, a follow sign
	Match  // found by a search
	Here   // found by a search, and the one that is shown
	styles
)
