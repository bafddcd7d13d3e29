package keys

// Action names what a key does.
type Action string

// Screen is a set of screens of the inspector.
type Screen uint32

// The screens. Message is the detail of one message, beside the list or alone, and
// Held that of one in the queue of held messages; in HeldEdit it is edited. Sent is
// what was sent from the screen where messages are composed, which is Compose. Diff is
// a comparison of two connections, Pair two messages in it that differ, Replaying the
// last replay. In
// HeldEdit and Compose characters are text, and mean nothing else.
const (
	Connections Screen = 1 << iota
	Messages
	Message
	Statistics
	Events
	Help
	Queue
	Held
	HeldEdit
	Rules
	Sent
	Compose
	Diff
	Pair
	Replaying

	lists      = Connections | Messages | Events | Queue | Rules | Sent | Diff | Replaying
	details    = Message | Held | Pair
	reading    = lists | details | Statistics | Help
	everywhere = reading | Compose
	writing    = HeldEdit | Compose
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
	Act  Group = "Intervene"
)

// Groups returns them in the order of the help page.
func Groups() []Group { return []Group{Move, View, Find, Take, Go, Act} }

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
	ToQueue      Action = "queue"
	ToRules      Action = "rules"
	Intercept    Action = "intercept"
	Kill         Action = "kill"
	Accept       Action = "accept"
	Drop         Action = "drop"
	EditHeld     Action = "edit-held"
	EditorHeld   Action = "edit-held-in-editor"
	SendEdited   Action = "send-edited"
	LeaveEdit    Action = "leave-edit"
	Undo         Action = "undo-edit"
	AcceptAll    Action = "accept-all"
	DropAll      Action = "drop-all"
	Switch       Action = "switch-rule"
	EditRules    Action = "edit-rules"
	NewRule      Action = "new-rule"
	ToCompose    Action = "compose"
	Inject       Action = "inject"
	EditCopy     Action = "edit-copy"
	EditorCopy   Action = "edit-copy-in-editor"
	Send         Action = "send"
	Outside      Action = "open-editor"
	OpenFile     Action = "open-file"
	Compare      Action = "compare"
	Replay       Action = "replay"
	ToReplay     Action = "last-replay"
	StopReplay   Action = "stop-replay"
	OpenRecord   Action = "open-record"
	Ignore       Action = "ignore"
	Unignore     Action = "unignore"
)

// Table returns the default bindings, in the order of hints.
func Table() []Binding {
	return []Binding{
		{ShowHelp, []Key{"?", "f1"}, everywhere&^Help | HeldEdit, Go, "this page", "help"},
		{Accept, []Key{"a"}, Queue | Held, Act, "send the held message on, as edited if it was", "accept"},
		{Drop, []Key{"d"}, Queue | Held, Act, "drop the held message", "drop"},
		{EditHeld, []Key{"e"}, Queue | Held, Act, "edit the held message here", "edit"},
		{SendEdited, []Key{"ctrl-s"}, HeldEdit, Act, "send the edited text in place of the held message", "send"},
		{LeaveEdit, []Key{"esc"}, HeldEdit, Act, "leave the editor and keep the text", "keep"},
		{EditorHeld, []Key{"ctrl-e", "E"}, Queue | Held | HeldEdit, Act, "edit the held message in $EDITOR", "editor"},
		{Undo, []Key{"u"}, Queue | Held, Act, "undo the edit of the held message", "undo"},
		{AcceptAll, []Key{"A"}, Queue | Held, Act, "send all held messages on", "all"},
		{DropAll, []Key{"D"}, Queue | Held, Act, "drop all held messages", ""},
		{Switch, []Key{"space"}, Rules, Act, "switch the rule on or off", "on/off"},
		{EditRules, []Key{"e"}, Rules, Act, "edit the rules in $EDITOR and put them in force", "edit"},
		{NewRule, []Key{"n"}, Rules, Act, "a new rule for messages like the selected one", "new"},
		{Send, []Key{"ctrl-s"}, Compose | Sent, Act, "send what was composed", "send"},
		{Outside, []Key{"ctrl-e"}, Compose | Sent, Act, "edit it in $EDITOR", "$EDITOR"},
		{OpenFile, []Key{"ctrl-o"}, Compose | Sent, Act, "take it from a file", "open file"},
		{StopReplay, []Key{"c"}, Replaying, Act, "stop the replay", "stop"},
		{OpenRecord, []Key{"o"}, Replaying, Go, "the record of the replay", "record"},
		{Ignore, []Key{"i"}, Diff | Pair, Find, "leave a JSON path out of the comparison", "ignore"},
		{Unignore, []Key{"u"}, Diff | Pair, Find, "take the last path into the comparison again", ""},
		{Open, []Key{"enter"}, lists | details, Move, "open; unfold and fold", "open"},
		{Back, []Key{"esc"}, everywhere, Go, "clear what was set, then back", ""},
		{Quit, []Key{"q"}, reading, Go, "back; at the first screen quit", ""},
		{Filter, []Key{"/"}, Connections | Messages | Events, Find, "filter the list", "filter"},
		{Search, []Key{"/"}, details | Help, Find, "search in the text", "search"},
		{NextMatch, []Key{"n"}, details | Help | Diff | Replaying, Find, "next match or difference", "next"},
		{PrevMatch, []Key{"N"}, details | Help | Diff | Replaying, Find, "previous match or difference", ""},
		{Follow, []Key{"f"}, Messages | Connections | Events, View, "follow what comes", "follow"},
		{Pause, []Key{"space"}, Messages, View, "pause the view; recording goes on", "pause"},
		{NextView, []Key{"v"}, Messages | Message | Queue | Held | Pair, View, "next form of the payload", "view"},
		{PreviousView, []Key{"V"}, Messages | Message | Queue | Held | Pair, View, "previous form of the payload", ""},
		{Inject, []Key{"i"}, Connections | Messages | Message, Act, "compose a message and send it into the connection", "inject"},
		{EditCopy, []Key{"e"}, Messages | Message | Sent, Act, "compose a copy of the message", "edit"},
		{EditorCopy, []Key{"E"}, Messages | Message, Act, "compose a copy of the message in $EDITOR", ""},
		{Replay, []Key{"r"}, Connections | Messages | Message | Replaying, Act, "play the connection's client again", "replay"},
		{Copy, []Key{"y"}, reading &^ (Help | Statistics), Take, "copy the payload, value or URL", "copy"},
		{CopyAs, []Key{"Y"}, Messages | Message | Queue | Held | Pair, Take, "copy in another form", ""},
		{Export, []Key{"x"}, Connections | Messages | Diff, Take, "export to a file", "export"},
		{Save, []Key{"s"}, Messages | Message | Queue | Held | Pair, Take, "save the payload to a file", "save"},
		{ToStatistics, []Key{"S"}, Connections | Messages | Message, Go, "statistics of the connection", "stats"},
		{Down, []Key{"j", "down"}, reading, Move, "a row down", ""},
		{Up, []Key{"k", "up"}, reading, Move, "a row up", ""},
		{PageDown, []Key{"ctrl-f", "pgdn"}, reading, Move, "a page down", ""},
		{PageUp, []Key{"ctrl-b", "pgup"}, reading, Move, "a page up", ""},
		{First, []Key{"g", "home"}, reading, Move, "the first row", ""},
		{Last, []Key{"G", "end"}, reading, Move, "the last row, and follow", ""},
		{Left, []Key{"h", "left"}, Messages | details | Events | Queue | Rules | Diff | Replaying, Move, "scroll to the left", ""},
		{Right, []Key{"l", "right"}, Messages | details | Events | Queue | Rules | Diff | Replaying, Move, "scroll to the right", ""},
		{NextPane, []Key{"tab"}, Connections | Messages | Message | Queue | Held | Rules | Sent | Compose | Diff | Pair | Replaying, Move, "the next pane or field", "pane"},
		{PreviousPane, []Key{"shift-tab"}, Connections | Messages | Message | Queue | Held | Rules | Sent | Compose | Diff | Pair | Replaying, Move, "the previous pane or field", ""},
		{NextConn, []Key{"]"}, Messages | Message | Statistics, Move, "the next connection", ""},
		{PreviousConn, []Key{"["}, Messages | Message | Statistics, Move, "the previous connection", ""},
		{OnlyClient, []Key{">"}, Messages, Find, "only from the client, or all again", ""},
		{OnlyServer, []Key{"<"}, Messages, Find, "only from the server, or all again", ""},
		{HidePings, []Key{"p"}, Messages, Find, "hide ping and pong", ""},
		{HideControl, []Key{"c"}, Messages, Find, "hide all control frames", ""},
		{Wrap, []Key{"w"}, Messages | Message | Queue | Held | Pair, View, "wrap long lines", ""},
		{FoldAll, []Key{"z"}, details, View, "fold or unfold all below", ""},
		{Zoom, []Key{"\\"}, Connections | Messages | Message | Queue | Held | Rules, View, "give a pane the whole screen", "zoom"},
		{Split, []Key{"|"}, Connections | Messages | Message | Queue | Held | Rules | Diff | Pair, View, "panes side by side or stacked", ""},
		{TimeFormat, []Key{"t"}, Connections | Messages | Events, View, "another way to show times", ""},
		{Compare, []Key{"="}, Connections | Messages | Message | Replaying, Find, "compare the connection with the next one this is pressed on; a replay with what it replays", ""},
		{SetMark, []Key{"m"}, Messages | Message, Find, "mark the message with a letter", ""},
		{Jump, []Key{"'"}, Messages | Message, Find, "jump to a mark", ""},
		{Note, []Key{"M"}, Messages | Message, Take, "write a note on the message", ""},
		{ToConns, []Key{"1"}, reading, Go, "connections", ""},
		{ToMessages, []Key{"2"}, reading, Go, "messages of all connections", ""},
		{ToEvents, []Key{"6"}, reading, Go, "event log", ""},
		{ToQueue, []Key{"3"}, reading, Go, "the queue of held messages", ""},
		{ToCompose, []Key{"4"}, reading, Go, "compose a message; what was written before is kept", ""},
		{ToReplay, []Key{"5"}, reading, Go, "the last replay", ""},
		{ToRules, []Key{"7"}, reading, Go, "rules", ""},
		{Intercept, []Key{"I"}, reading &^ Help, Act, "hold messages that match a filter, or no more", ""},
		{Kill, []Key{"K"}, Connections | Messages | Message, Act, "end the connection", ""},
		{Command, []Key{":"}, reading, Go, "a command; a number or time to go to", "command"},
		{Redraw, []Key{"ctrl-l"}, everywhere | HeldEdit, View, "draw the screen anew", ""},
	}
}

// Names returns the screens of a set, as help and docs call them.
func (s Screen) Names() []string {
	names := []string{"connections", "messages", "message", "statistics", "events", "help", "queue", "held message", "its editor", "rules", "sent", "compose", "diff", "two messages", "replay"}
	var of []string
	for i, name := range names {
		if s&(1<<i) != 0 {
			of = append(of, name)
		}
	}
	return of
}
