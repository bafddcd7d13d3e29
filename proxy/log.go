package proxy

import (
	"fmt"
	"log/slog"
)

// The keys of log attributes.
const (
	keyConn     = "conn"
	keyURL      = "url"
	keyHost     = "host"
	keyClient   = "client"
	keyMethod   = "method"
	keyStatus   = "status"
	keyBytes    = "bytes"
	keyDuration = "duration"
	keyBy       = "by"
	keyHow      = "how"
	keyState    = "state"
	keyReason   = "reason"
	keyHint     = "hint"
	keyError    = "error"
	keyStack    = "stack"
	keyRules    = "rules"
)

// goproxyLog takes what goproxy prints, which says nothing that is not said
// better here.
type goproxyLog struct{ log *slog.Logger }

func (l goproxyLog) Printf(format string, v ...any) {
	l.log.Debug("goproxy", keyReason, fmt.Sprintf(format, v...))
}
