//go:build e2e

package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// tshark runs tshark on a file, with checksums checked, and returns its lines.
func tshark(t *testing.T, file string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("tshark", append([]string{"-n", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// flawless checks that Wireshark has nothing to say against the packets.
func flawless(t *testing.T, file string) {
	t.Helper()
	flaws := strings.Join([]string{
		"tcp.analysis.flags", "_ws.malformed", "tcp.checksum.status == 0", "ip.checksum.status == 0",
		"websocket.decompression.failed.expert", "websocket.fragment.error",
		"tls", "(tcp.len > 0 && !http && !websocket && !tcp.segment_data)",
	}, " || ")
	if lines := tshark(t, file, "-Y", flaws); len(lines) > 0 {
		t.Errorf("%d packets have flaws, such as\n%s", len(lines), lines[0])
	}
}

// dissected is what Wireshark sees of the frames of one side of a TCP stream.
func dissected(t *testing.T, file string) map[string]string {
	t.Helper()
	fields := []string{"opcode", "fin", "rsv", "mask", "masking_key", "payload_length", "payload_length_ext_16", "payload_length_ext_64"}
	args := []string{"-Y", "websocket", "-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport"}
	for _, f := range fields {
		args = append(args, "-e", "websocket."+f)
	}
	lists := make(map[string][][]string)
	for _, line := range tshark(t, file, args...) {
		columns := strings.Split(line, "\t")
		key := columns[0] + " " + columns[1]
		if lists[key] == nil {
			lists[key] = make([][]string, len(fields))
		}
		for i, column := range columns[2:] {
			if column != "" {
				lists[key][i] = append(lists[key][i], strings.Split(column, ",")...)
			}
		}
	}
	all := make(map[string]string)
	for key, list := range lists {
		all[key] = describe(fields, list)
	}
	return all
}

func describe(fields []string, list [][]string) string {
	var b strings.Builder
	for i, f := range fields {
		fmt.Fprintln(&b, f, strings.Join(list[i], " "))
	}
	return b.String()
}

// inFields is the same of frames as wsluice lists them, dropped ones left out.
func inFields(frames []wireLine) string {
	fields := []string{"opcode", "fin", "rsv", "mask", "masking_key", "payload_length", "payload_length_ext_16", "payload_length_ext_64"}
	list := make([][]string, len(fields))
	add := func(i int, v any) { list[i] = append(list[i], fmt.Sprint(v)) }
	bit := map[bool]int{true: 1}
	for _, f := range frames {
		h, _ := frame.Parse(f.Wire)
		add(0, int(h.Opcode))
		add(1, bit[h.Fin])
		add(2, fmt.Sprintf("0x%02x", h.RSV))
		add(3, bit[h.Masked])
		if h.Masked {
			add(4, hex.EncodeToString(h.Mask[:]))
		}
		switch {
		case h.Extended == 0:
			add(5, h.Length)
		case h.Extended == 2:
			add(5, 126)
			add(6, h.Length)
		default:
			add(5, 127)
			add(7, h.Length)
		}
	}
	return describe(fields, list)
}

// wireLine is a frame as wsluice frames --json --wire has it.
type wireLine struct {
	From string
	Wire []byte
}

// framesOf lists the frames of a capture by connection and side.
func framesOf(t *testing.T, capture string) map[string][]wireLine {
	t.Helper()
	conns, err := exec.Command(wsluice, "conns", "--json", "--capture", capture).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]wireLine)
	for line := range bytes.Lines(conns) {
		var c frame.Connection
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(wsluice, "frames", strconv.FormatUint(c.ID, 10), "--json", "--wire", "--capture", capture).Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(out) {
			var f wireLine
			if err := json.Unmarshal(line, &f); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(c.ID, " ", f.From)
			all[key] = append(all[key], f)
		}
	}
	return all
}

// exportPackets exports a capture and returns the file.
func exportPackets(t *testing.T, capture string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	if out, err := exec.Command(wsluice, "export", "--format", "pcapng", "--capture", capture, "--output", file).CombinedOutput(); err != nil {
		t.Fatalf("wsluice export: %v\n%s", err, out)
	}
	return file
}

// TestWiresharkDissects catches packets in which Wireshark finds other frames than
// those of the capture, or finds fault: fragments, masks, compression with and
// without context takeover, lengths of every form, IPv6, and ports on which it
// expects other protocols, some between the same ends.
func TestWiresharkDissects(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "capture.db")
	recorder, err := store.Create(capture, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)
	var texts []string
	for i, server := range []string{"192.0.2.2:80", "192.0.2.2:80", "192.0.2.2:443", "192.0.2.2:6379", "192.0.2.2:9001", "[2001:db8::2]:8443", "[2001:db8::2]:5432", ""} {
		client := "192.0.2.1:50001"
		if server != "" && server[0] == '[' {
			client = "[2001:db8::1]:50001"
		}
		takeover := i%2 == 0
		c := &frame.Connection{
			State: frame.Open, URL: "wss://chat.example/" + server, Client: client, Server: server, Start: start.Add(time.Duration(i) * time.Second), Status: 101,
			Request: []frame.Field{{Name: "Host", Value: "chat.example"}, {Name: "Sec-WebSocket-Key", Value: "AAECAwQFBgcICQoLDA0ODw=="}, {Name: "Sec-WebSocket-Extensions", Value: "permessage-deflate"}},
		}
		c.Extensions = "permessage-deflate"
		if !takeover {
			c.Extensions += "; client_no_context_takeover; server_no_context_takeover"
		}
		tape, err := recorder.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []frame.Side{frame.Client, frame.Server} {
			deflater, err := frame.NewDeflater(takeover, 15)
			if err != nil {
				t.Fatal(err)
			}
			put := func(header string, d frame.Draft) {
				d.From, d.Header = side, header
				wire, err := d.Wire()
				if err != nil {
					t.Fatal(err)
				}
				start = start.Add(time.Millisecond)
				tape.Append(side, start, wire)
			}
			for n := range 5 {
				text := fmt.Sprintf("message %d of the %s on connection %d, %s", n, side, i, strings.Repeat("again ", n*40))
				texts = append(texts, text)
				put("rsv=4", frame.Draft{Type: frame.Text, Payload: deflater.Append(nil, []byte(text))})
			}
			for _, size := range []int{0, 125, 126, 65535, 65536, 300_000} {
				put("", frame.Draft{Type: frame.Binary, Payload: bytes.Repeat([]byte{0xA5, 0, 0xFF}, size/3+1)[:size]})
			}
			put("", frame.Draft{Type: frame.Text, Payload: []byte(strings.Repeat("in parts ", 1000)), Fragments: 7})
			put("", frame.Draft{Type: frame.Ping, Payload: []byte("are you there")})
		}
		tape.Append(frame.Client, start, []byte("\x88\x82\x01\x02\x03\x04\x02\xea"))
		tape.Close(frame.End{Time: start.Add(time.Millisecond), EndedBy: frame.ByClient, How: frame.ByClose})
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	file := exportPackets(t, capture)
	flawless(t, file)
	sameFrames(t, capture, file)
	shown := strings.Join(tshark(t, file, "-V"), "\n")
	for _, text := range texts {
		if !strings.Contains(shown, text[:40]) {
			t.Errorf("%.40q was not inflated", text)
		}
	}
}

// TestWiresharkDemo catches the same with what real clients and servers said:
// resets, refusals, no server at all.
func TestWiresharkDemo(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "capture.db")
	if out, err := exec.Command(wsluice, "demo", "--for", "5s", "--capture", capture).CombinedOutput(); err != nil {
		t.Fatalf("wsluice demo: %v\n%s", err, out)
	}
	file := exportPackets(t, capture)
	flawless(t, file)
	sameFrames(t, capture, file)
	if lines := tshark(t, file, "-Y", "tcp.flags.reset == 1"); len(lines) == 0 {
		t.Error("no connection was reset")
	}
	if lines := tshark(t, file, "-Y", "http.response.code == 401"); len(lines) != 1 {
		t.Errorf("%d refusals", len(lines))
	}
}

// TestWiresharkImport catches packets of Wireshark's own tools that are read as
// something else, in older formats too.
func TestWiresharkImport(t *testing.T) {
	dir := t.TempDir()
	capture := filepath.Join(dir, "capture.db")
	if out, err := exec.Command(wsluice, "demo", "--for", "3s", "--capture", capture).CombinedOutput(); err != nil {
		t.Fatalf("wsluice demo: %v\n%s", err, out)
	}
	file := exportPackets(t, capture)
	for _, format := range []string{"pcap", "nsecpcap", "pcapng"} {
		converted, imported := filepath.Join(dir, format), filepath.Join(dir, format+".db")
		tshark(t, file, "-F", format, "-w", converted)
		if out, err := exec.Command(wsluice, "import", "--capture", imported, converted).CombinedOutput(); err != nil {
			t.Fatalf("wsluice import: %v\n%s", err, out)
		}
		want, got := framesOf(t, capture), framesOf(t, imported)
		if len(want) != len(got) {
			t.Errorf("%s: frames of %d sides, want %d", format, len(got), len(want))
		}
		for key := range want {
			if inFields(got[key]) != inFields(want[key]) {
				t.Errorf("%s: connection %s differs", format, key)
			}
		}
	}
}

// sameFrames compares what Wireshark dissects with the capture.
func sameFrames(t *testing.T, capture, file string) {
	t.Helper()
	var want, got []string
	for _, frames := range framesOf(t, capture) {
		want = append(want, inFields(frames))
	}
	for _, side := range dissected(t, file) {
		got = append(got, side)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) != len(got) {
		t.Fatalf("frames of %d sides were dissected, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("dissected\n%.800s\nwant\n%.800s", got[i], want[i])
		}
	}
}
