package pcapng

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const (
	// maxSecrets bounds the secrets that are kept, maxSecret one of them in bytes.
	maxSecrets = 1 << 18
	maxSecret  = 64
	// maxLine bounds a line of a key log in bytes.
	maxLine = 64 << 10
)

// keyLog are the secrets of TLS connections as browsers and libraries write them
// for debugging (draft-ietf-tls-keylogfile section 2).
type keyLog map[secretName][]byte

// secretName is a kind of secret and the connection it is of, by the client's
// random.
type secretName struct {
	label  string
	random [32]byte
}

// The labels that are of use.
var labels = map[string]bool{
	labelMaster: true, labelClientHandshake: true, labelServerHandshake: true, labelClientTraffic: true, labelServerTraffic: true,
}

const (
	labelMaster          = "CLIENT_RANDOM"
	labelClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	labelServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	labelClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	labelServerTraffic   = "SERVER_TRAFFIC_SECRET_0"
)

// read adds the secrets in r. Lines that hold none are passed over.
func (k keyLog) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		k.line(lines.Bytes())
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("key log: a line of more than %d bytes", maxLine)
	} else if err != nil {
		return fmt.Errorf("key log: %w", err)
	}
	return nil
}

func (k keyLog) line(line []byte) {
	parts := bytes.Fields(line)
	if len(parts) != 3 || !labels[string(parts[0])] || len(parts[1]) != 64 || len(parts[2]) > 2*maxSecret || len(k) >= maxSecrets {
		return
	}
	name := secretName{label: string(parts[0])}
	secret := make([]byte, len(parts[2])/2)
	if _, err := hex.Decode(name.random[:], parts[1]); err != nil {
		return
	}
	if _, err := hex.Decode(secret, parts[2]); err != nil {
		return
	}
	k[name] = secret
}
