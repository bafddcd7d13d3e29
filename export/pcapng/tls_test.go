package pcapng

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// tapped is a connection that keeps what one side writes, in the order of both.
type tapped struct {
	net.Conn
	from frame.Side
	wire *wiretap
}

// wiretap is what went over a connection, as packets.
type wiretap struct {
	sync.Mutex
	flow flow
}

func (c *tapped) Write(p []byte) (int, error) {
	c.wire.Lock()
	_ = c.wire.flow.send(c.from, began, p, func() error { return nil })
	c.wire.Unlock()
	return c.Conn.Write(p)
}

// encrypted has a client and a server speak in turn over TLS, and returns the
// packets and the client's key log.
func encrypted(t *testing.T, server *tls.Config, client *tls.Config, lines ...string) (file, log []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"h"}}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	var secrets bytes.Buffer
	server.Certificates = []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: key}}
	client.KeyLogWriter, client.InsecureSkipVerify, client.ServerName = &secrets, true, "h"

	blocks := new(blocks)
	blocks.head("test")
	wire := &wiretap{flow: flow{blocks: blocks, ends: [2]netip.AddrPort{netip.MustParseAddrPort(clientAt), netip.MustParseAddrPort(serverAt)}}}
	wire.flow.open(began)
	// Over TCP both may write at a time.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	a, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var ends [2]*tls.Conn
	ends[frame.Client] = tls.Client(&tapped{a, frame.Client, wire}, client)
	ends[frame.Server] = tls.Server(&tapped{b, frame.Server, wire}, server)
	for _, line := range lines {
		from := frame.Client
		if line[0] == '<' {
			from = frame.Server
		}
		done := make(chan error, 1)
		go func() {
			_, err := io.WriteString(ends[from], line[2:])
			done <- err
		}()
		got := make([]byte, len(line)-2)
		if _, err := io.ReadFull(ends[from.Peer()], got); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	wire.flow.closing = frame.End{Time: began, EndedBy: frame.ByClient}
	wire.flow.close()
	return blocks.buf, secrets.Bytes()
}

// TestTLS catches a connection that cannot be read with its keys, or is read
// wrongly: each version and kind of cipher, records of every size, a hello that has
// to be sent again, keys in the file and beside it.
func TestTLS(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	lines := []string{"> " + ask, "< " + agree, "< " + hi, "> \x82\x7F\x00\x00\x00\x00\x00\x03\x0D\x40" + long, "< " + hi, "> \x88\x00"}
	only := func(id uint16) *tls.Config {
		return &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{id}}
	}
	for name, c := range map[string]struct{ server, client *tls.Config }{
		"TLS 1.3":         {&tls.Config{}, &tls.Config{}},
		"hello again":     {&tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}}, &tls.Config{}},
		"AES-128-GCM":     {&tls.Config{}, only(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)},
		"AES-256-GCM":     {&tls.Config{}, only(tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)},
		"ChaCha20":        {&tls.Config{}, only(tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)},
		"one byte a time": {&tls.Config{DynamicRecordSizingDisabled: true}, &tls.Config{MaxVersion: tls.VersionTLS12}},
	} {
		file, log := encrypted(t, c.server, c.client, lines...)
		for where, in := range map[string]struct {
			file, log []byte
		}{"beside": {file, log}, "within": {withSecrets(file, log), nil}} {
			var got shelf
			tally, err := Read(t.Context(), bytes.NewReader(in.file), Options{KeyLog: bytes.NewReader(in.log)}, &got)
			if err != nil || len(got.conns) != 1 || len(tally.Notes) > 0 {
				t.Errorf("%s, keys %s: %d connections, %v, %+v", name, where, len(got.conns), err, tally)
				continue
			}
			k := got.conns[0]
			if k.conn.URL != "wss://h:81/x" || k.end.How != frame.ByClose || string(k.wire[frame.Server]) != hi+hi || !strings.Contains(string(k.wire[frame.Client]), long) {
				t.Errorf("%s, keys %s: %s ended by %s, %d and %d bytes", name, where, k.conn.URL, k.end.How, len(k.wire[0]), len(k.wire[1]))
			}
			if tl := k.conn.TLS; tl == nil || tl.Server == nil || !strings.HasPrefix(tl.Server.Version, "TLS 1.") || !strings.HasPrefix(tl.Server.Cipher, "TLS_") {
				t.Errorf("%s: TLS %+v", name, tl)
			}
		}
	}
}

// withSecrets puts a key log into a file, before its packets.
func withSecrets(file, log []byte) []byte {
	head := new(blocks)
	head.head("test")
	n := len(head.buf)
	start := head.begin(blockSecrets)
	head.buf = binary.LittleEndian.AppendUint32(head.buf, 0x544C534B)
	head.buf = binary.LittleEndian.AppendUint32(head.buf, uint32(len(log)))
	head.buf = append(head.buf, log...)
	head.pad(len(log))
	head.end(start)
	return append(head.buf, file[n:]...)
}

// TestTLSNotRead catches TLS that cannot be read and is not counted as what it is,
// or takes what was read before with it.
func TestTLSNotRead(t *testing.T) {
	lines := []string{"> " + ask, "< " + agree, "< " + hi, "< " + hi}
	file, log := encrypted(t, &tls.Config{}, &tls.Config{}, lines...)
	_, other := encrypted(t, &tls.Config{}, &tls.Config{}, lines...)
	oldFile, oldLog := encrypted(t, &tls.Config{}, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, lines...)
	wrong := bytes.Clone(log)
	for i := range wrong {
		if wrong[i] != '\n' {
			continue
		}
		if wrong[i-1] == '0' {
			wrong[i-1] = '1'
		} else {
			wrong[i-1] = '0'
		}
	}
	// The last record of the server is its second "hi".
	all := packets(t, file)
	for i := len(all) - 1; i >= 0; i-- {
		if s, _ := parse(linkRaw, all[i].data); s.from.Port() == 81 && len(s.data) > 0 {
			s.data[len(s.data)-1] ^= 1
			all[i].data = s.append(nil)
			break
		}
	}
	damaged := pcap(binary.LittleEndian, true, linkRaw, nil, all)
	for name, c := range map[string]struct {
		file, log []byte
		want      string
	}{
		"no keys":    {file, nil, noteTLS},
		"other keys": {file, other, noteTLS},
		"wrong keys": {file, wrong, noteSealed},
		"a CBC mode": {oldFile, oldLog, noteSuite},
		"damaged":    {damaged, log, "4 bytes, the TLS records of the server cannot be decrypted, and what follows is left out; " + noteGap},
	} {
		var got shelf
		tally, err := Read(t.Context(), bytes.NewReader(c.file), Options{KeyLog: bytes.NewReader(c.log)}, &got)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var have []string
		for _, k := range got.conns {
			have = append(have, fmt.Sprintf("%d bytes, %s", len(k.wire[frame.Server]), k.end.Error))
		}
		for _, n := range tally.Notes {
			have = append(have, n.What)
		}
		if s := strings.Join(have, "; "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
}

// TestKeyLog catches a line that breaks the log, and one without an end.
func TestKeyLog(t *testing.T) {
	random := strings.Repeat("ab", 32)
	keys := make(keyLog)
	err := keys.read(strings.NewReader("# comment\n\nCLIENT_RANDOM " + random + " 0011\r\nCLIENT_RANDOM " + random[2:] + " 00\nCLIENT_RANDOM zz" + random[2:] + " 00\nUNKNOWN " + random + " 00\nSERVER_TRAFFIC_SECRET_0 " + random + " 0g\nCLIENT_TRAFFIC_SECRET_0 " + random + " " + strings.Repeat("00", maxSecret+1)))
	if err != nil || len(keys) != 1 {
		t.Errorf("%d secrets, %v", len(keys), err)
	}
	if err := keys.read(strings.NewReader(strings.Repeat("x", maxLine+1))); err == nil {
		t.Error("a line without an end was taken")
	}
}

// TestOpenSSL catches TLS 1.3 of another maker that is read wrongly, with the
// ciphers Go does not choose by itself, and keys that are updated on the way. The
// packets are from the loopback, the keys were put in by editcap.
func TestOpenSSL(t *testing.T) {
	file, err := os.ReadFile("testdata/openssl.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	got, tally := read(t, file)
	if len(got.conns) != 2 || tally.Messages != 10 || len(tally.Notes) > 0 {
		t.Fatalf("tally %+v", tally)
	}
	for i, k := range got.conns {
		if cipher, want := k.conn.TLS.Server.Cipher, []string{"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}[i]; cipher != want {
			t.Errorf("connection %d: %s, want %s", i, cipher, want)
		}
		hi := "\x81\x82\x01\x02\x03\x04ik"
		if from, to := string(k.wire[frame.Client]), string(k.wire[frame.Server]); from != hi+hi || to != "\x81\x05hello\x81\x03bye\x88\x00" {
			t.Errorf("connection %d: %q and %q", i, from, to)
		}
	}
}
