package keys

// Action names what a key does.
type Action string

// Screen is a set of screens of the inspector.
type Screen uint16

// The screens. Message is the detail of one message, beside the list or alone.
const (
	Connections Screen = 1 << iota
	Messages
	Message
	Statistics
	Events
	Help

	lists      = Connections | Messages | Events
	everywhere = lists | Message | Statistics | Help
)

// Binding is one line of the table.
type Binding struct {
	Action Action
	// Keys are the ones bound by default, the first of them shown in hints.
	Keys []Key
	// On are the screens where the action exists.
	On Screen
	// Group is where help lists it, Help what it says there.
	Group Group
	Help  string
	// Hint is the word for the hint bar, "" when it is not worth the room; the
	// table's order is the order of hints.
	Hint string
}

// Group is a part of the help page.
type Group string

// The groups, in the order of the help page.
const (
	Move Group = "Move"
	View Group = "View"
	Find Group = "Find"
	Take Group = "Take"
	Go   Group = "Go"
)

// Groups returns them in the order of the help page.
func Groups() []Group { return []Group{Move, View, Find, Take, Go} }

// The actions.
const (
	ShowHelp     Action = "help"
	Command      Action = "command"
	Back         Action = "back"
	Quit         Action = "quit"
	Redraw       Action = "redraw"
	Down         Action = "down"
	Up           Action = "up"
	PageDown     Action = "page-down"
	PageUp       Action = "page-up"
	First        Action = "first"
	Last         Action = "last"
	Left         Action = "left"
	Right        Action = "right"
	Open         Action = "open"
	NextPane     Action = "next-pane"
	PreviousPane Action = "previous-pane"
	NextConn     Action = "next-connection"
	PreviousConn Action = "previous-connection"
	Filter       Action = "filter"
	OnlyClient   Action = "only-client"
	OnlyServer   Action = "only-server"
	HidePings    Action = "hide-pings"
	HideControl  Action = "hide-control"
	Search       Action = "search"
	NextMatch    Action = "next-match"
	PrevMatch    Action = "previous-match"
	Follow       Action = "follow"
	Pause        Action = "pause"
	NextView     Action = "next-view"
	PreviousView Action = "previous-view"
	Wrap         Action = "wrap"
	FoldAll      Action = "fold-all"
	Zoom         Action = "zoom"
	Split        Action = "split"
	TimeFormat   Action = "time-format"
	SetMark      Action = "mark"
	Jump         Action = "jump"
	Note         Action = "note"
	Copy         Action = "copy"
	CopyAs       Action = "copy-as"
	Save         Action = "save"
	Export       Action = "export"
	ToConns      Action = "connections"
	ToMessages   Action = "messages"
	ToStatistics Action = "statistics"
	ToEvents     Action = "events"
)

// Table returns the default bindings, in the order of hints.
func Table() []Binding {
	return []Binding{
		{ShowHelp, []Key{"?", "f1"}, everywhere &^ Help, Go, "this page", "help"},
		{Open, []Key{"enter"}, lists | Message, Move, "open; unfold and fold", "open"},
		{Back, []Key{"esc"}, everywhere, Go, "clear what was set, then back", ""},
		{Quit, []Key{"q"}, everywhere, Go, "back; at the first screen quit", ""},
		{Filter, []Key{"/"}, lists, Find, "filter the list", "filter"},
		{Search, []Key{"/"}, Message | Help, Find, "search in the text", "search"},
		{NextMatch, []Key{"n"}, Message | Help, Find, "next match", "next"},
		{PrevMatch, []Key{"N"}, Message | Help, Find, "previous match", ""},
		{Follow, []Key{"f"}, Messages | Connections | Events, View, "follow what comes", "follow"},
		{Pause, []Key{"space"}, Messages, View, "pause the view; recording goes on", "pause"},
		{NextView, []Key{"v"}, Messages | Message, View, "next form of the payload", "view"},
		{PreviousView, []Key{"V"}, Messages | Message, View, "previous form of the payload", ""},
		{Copy, []Key{"y"}, everywhere &^ (Help | Statistics), Take, "copy the payload, value or URL", "copy"},
		{CopyAs, []Key{"Y"}, Messages | Message, Take, "copy in another form", ""},
		{Export, []Key{"x"}, Connections | Messages, Take, "export to a file", "export"},
		{Save, []Key{"s"}, Messages | Message, Take, "save the payload to a file", "save"},
		{ToStatistics, []Key{"S"}, Connections | Messages | Message, Go, "statistics of the connection", "stats"},
		{Down, []Key{"j", "down"}, everywhere, Move, "a row down", ""},
		{Up, []Key{"k", "up"}, everywhere, Move, "a row up", ""},
		{PageDown, []Key{"ctrl-f", "pgdn"}, everywhere, Move, "a page down", ""},
		{PageUp, []Key{"ctrl-b", "pgup"}, everywhere, Move, "a page up", ""},
		{First, []Key{"g", "home"}, everywhere, Move, "the first row", ""},
		{Last, []Key{"G", "end"}, everywhere, Move, "the last row, and follow", ""},
		{Left, []Key{"h", "left"}, Messages | Message | Events, Move, "scroll to the left", ""},
		{Right, []Key{"l", "right"}, Messages | Message | Events, Move, "scroll to the right", ""},
		{NextPane, []Key{"tab"}, Connections | Messages | Message, Move, "the next pane", "pane"},
		{PreviousPane, []Key{"shift-tab"}, Connections | Messages | Message, Move, "the previous pane", ""},
		{NextConn, []Key{"]"}, Messages | Message | Statistics, Move, "the next connection", ""},
		{PreviousConn, []Key{"["}, Messages | Message | Statistics, Move, "the previous connection", ""},
		{OnlyClient, []Key{">"}, Messages, Find, "only from the client, or all again", ""},
		{OnlyServer, []Key{"<"}, Messages, Find, "only from the server, or all again", ""},
		{HidePings, []Key{"p"}, Messages, Find, "hide ping and pong", ""},
		{HideControl, []Key{"c"}, Messages, Find, "hide all control frames", ""},
		{Wrap, []Key{"w"}, Messages | Message, View, "wrap long lines", ""},
		{FoldAll, []Key{"z"}, Message, View, "fold or unfold all below", ""},
		{Zoom, []Key{"\\"}, Connections | Messages | Message, View, "give a pane the whole screen", "zoom"},
		{Split, []Key{"|"}, Connections | Messages | Message, View, "panes side by side or stacked", ""},
		{TimeFormat, []Key{"t"}, Connections | Messages | Events, View, "another way to show times", ""},
		{SetMark, []Key{"m"}, Messages | Message, Find, "mark the message with a letter", ""},
		{Jump, []Key{"'"}, Messages | Message, Find, "jump to a mark", ""},
		{Note, []Key{"M"}, Messages | Message, Take, "write a note on the message", ""},
		{ToConns, []Key{"1"}, everywhere, Go, "connections", ""},
		{ToMessages, []Key{"2"}, everywhere, Go, "messages of all connections", ""},
		{ToEvents, []Key{"6"}, everywhere, Go, "event log", ""},
		{Command, []Key{":"}, everywhere, Go, "a command; a number or time to go to", "command"},
		{Redraw, []Key{"ctrl-l"}, everywhere, View, "draw the screen anew", ""},
	}
}

// Names returns the screens of a set, as help and docs call them.
func (s Screen) Names() []string {
	names := []string{"connections", "messages", "message", "statistics", "events", "help"}
	var of []string
	for i, name := range names {
		if s&(1<<i) != 0 {
			of = append(of, name)
		}
	}
	return of
}
