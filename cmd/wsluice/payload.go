package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/wsluice/wsluice/proxy"
)

// payloadFlags say where a payload comes from, and how it is written there.
type payloadFlags struct {
	file            string
	inBase64, inHex bool
}

func (f *payloadFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "file", "", "send what is in this `file`; - stands for stdin")
	c.Flags().BoolVar(&f.inBase64, "base64", false, "the payload is given in base64")
	c.Flags().BoolVar(&f.inHex, "hex", false, "the payload is given in hex digits")
	c.MarkFlagsMutuallyExclusive("base64", "hex")
}

// encoded reports whether the payload is written as something else.
func (f *payloadFlags) encoded() bool { return f.inBase64 || f.inHex }

// read returns the payload: that of args, of the file, or of stdin when there is
// neither and otherwise allows it. Not a byte is added or taken.
func (p *program) readPayload(f payloadFlags, args []string, otherwise bool) ([]byte, error) {
	var raw []byte
	var err error
	switch {
	case len(args) > 0 && f.file != "":
		return nil, usagef("leave one of them out", "the payload is given twice: as an argument and with --file %s", f.file)
	case len(args) > 0 && args[0] != "-":
		raw = []byte(args[0])
	case f.file != "" && f.file != "-":
		raw, err = readFile(f.file)
	case len(args) > 0 || f.file == "-" || otherwise && !isTerminal(p.stdin):
		raw, err = readBounded(p.stdin, "stdin")
	case otherwise:
		return nil, usagef("give it as an argument, with --file, or on stdin", "there is no payload to send")
	}
	if err != nil {
		return nil, err
	}
	return f.decode(raw)
}

func readFile(path string) ([]byte, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fileFailure("--file", err)
	}
	defer in.Close()
	return readBounded(in, path)
}

// readBounded reads all of in, which name stands for, up to what can be sent.
func readBounded(in io.Reader, name string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(in, proxy.MaxInjection+1))
	if err != nil {
		return nil, &failure{code: exitUsage, hint: "check what is given as the payload", err: fmt.Errorf("read %s: %w", name, err)}
	}
	if len(raw) > proxy.MaxInjection {
		return nil, tooLarge(name)
	}
	return raw, nil
}

func tooLarge(name string) error {
	return usagef("send it in several messages", "%s is more than %s", name, byteCount(uint64(proxy.MaxInjection)))
}

// decode undoes the encoding raw is written in; blanks and line ends are no part
// of one.
func (f *payloadFlags) decode(raw []byte) ([]byte, error) {
	if !f.encoded() {
		return raw, nil
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(raw))
	if f.inHex {
		out, err := hex.DecodeString(text)
		if err != nil {
			return nil, usagef("write two hex digits a byte, such as 'de ad be ef'", "the payload cannot be read: %w", err)
		}
		return out, nil
	}
	out, err := decodeBase64(text)
	if err != nil {
		return nil, usagef("give base64 with the alphabet of RFC 4648, URL-safe or not", "the payload cannot be read: %w", err)
	}
	return out, nil
}

// decodeBase64 reads base64 of either alphabet, with or without padding.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	out, err := base64.RawStdEncoding.DecodeString(text)
	if fault, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return nil, fmt.Errorf("there is no base64 at byte %d", int64(fault)+1)
	}
	return out, err
}
