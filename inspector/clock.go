package inspector

// clock is how times are shown.
type clock uint8

const (
	ofDay clock = iota
	sinceStart
	sinceBefore
	clocks
)

func (c clock) String() string {
	return [clocks]string{"of the day", "since the start of the connection", "since the row before"}[c]
}
