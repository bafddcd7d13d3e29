package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// captured is a packet on its own.
type captured struct {
	at   time.Time
	data []byte
}

// packets takes a file apart.
func packets(t testing.TB, file []byte) (all []captured) {
	t.Helper()
	s, err := newSource(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, captured{p.at, bytes.Clone(p.data)})
	}
}

// pcap is a file in the older format, each packet behind prefix; for IPv6 packets
// the last two bytes of the prefix are its type instead.
func pcap(order binary.AppendByteOrder, nanos bool, link uint32, prefix func(ip6 bool) []byte, all []captured) []byte {
	magic, unit := uint32(0xA1B2C3D4), 1000
	if nanos {
		magic, unit = 0xA1B23C4D, 1
	}
	b := order.AppendUint32(nil, magic)
	b = append(b, make([]byte, 16)...)
	b = order.AppendUint32(b, link)
	for _, p := range all {
		var head []byte
		if prefix != nil {
			head = prefix(p.data[0]>>4 == 6)
		}
		b = order.AppendUint32(b, uint32(p.at.Unix()))
		b = order.AppendUint32(b, uint32(p.at.Nanosecond()/unit))
		b = order.AppendUint32(b, uint32(len(head)+len(p.data)))
		b = order.AppendUint32(b, uint32(len(head)+len(p.data)))
		b = append(append(b, head...), p.data...)
	}
	return b
}

func twoFamilies(seed uint64) *script {
	rnd := rand.New(rand.NewPCG(seed, 2))
	return random(rnd, []*frame.Connection{
		upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080"),
		upgraded(2, "[2001:db8::7]:50001", "[2001:db8::2]:9001"),
	}, 40)
}

// TestNetworks catches a network whose headers are taken off wrongly, and a byte
// order or a unit of time that is mixed up.
func TestNetworks(t *testing.T) {
	ethernet := func(before ...byte) func(bool) []byte {
		return func(ip6 bool) []byte {
			if ip6 {
				return append(slices.Clone(before), 0x86, 0xDD)
			}
			return append(slices.Clone(before), 0x08, 0x00)
		}
	}
	mac := make([]byte, 12)
	for name, c := range map[string]struct {
		link   uint32
		prefix func(bool) []byte
	}{
		"bare":     {linkRaw, nil},
		"ethernet": {linkEthernet, ethernet(mac...)},
		"tagged":   {linkEthernet, ethernet(append(mac, 0x88, 0xA8, 0, 1, 0x81, 0, 0, 2)...)},
		"pppoe": {linkEthernet, func(ip6 bool) []byte {
			b := append(slices.Clone(mac), 0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0, 0x21)
			if ip6 {
				b[len(b)-1] = 0x57
			}
			return b
		}},
		"loopback": {linkNull, func(bool) []byte { return []byte{2, 0, 0, 0} }},
		"cooked":   {linkCooked, ethernet(make([]byte, 14)...)},
		"cooked 2": {linkCooked2, func(ip6 bool) []byte { return append(ethernet()(ip6), make([]byte, 18)...) }},
	} {
		s := twoFamilies(1)
		all := packets(t, s.write(t))
		for i := range all {
			// As Ethernet pads what is short.
			all[i].data = append(all[i].data, make([]byte, max(0, 46-len(all[i].data)))...)
		}
		got, _ := read(t, pcap(binary.BigEndian, true, c.link, c.prefix, all))
		t.Run(name, func(t *testing.T) { s.same(t, got) })
		got, tally := read(t, pcap(binary.LittleEndian, false, c.link, c.prefix, all))
		if len(got.conns) != 2 || !got.conns[0].conn.Start.Equal(got.conns[0].conn.Start.Truncate(time.Microsecond)) || len(tally.Notes) > 0 {
			t.Errorf("%s in microseconds: %d connections, %+v", name, len(got.conns), tally)
		}
	}
}

// TestDisorder catches segments that are lost or doubled when they come late, come
// again, come cut anew, or as keep-alives.
func TestDisorder(t *testing.T) {
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		s := random(rnd, []*frame.Connection{upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080")}, 30)
		// Times go with the packets; they are compared elsewhere.
		for _, r := range s.frames {
			r.Time = began.Add(time.Second)
		}
		s.conns[0].Start, s.conns[0].End = began.Add(time.Second), began.Add(time.Second)
		all := packets(t, s.write(t))
		last := len(all) - 3
		for i := 6; i < last; i++ {
			switch rnd.IntN(4) {
			case 0:
				j := min(i+rnd.IntN(8), last-1)
				all[i], all[j] = all[j], all[i]
			case 1:
				all = slices.Insert(all, min(i+rnd.IntN(20), last), all[i])
				last++
			case 2:
				all = slices.Insert(all, i, alive(t, all[i]))
				last, i = last+1, i+1
			}
		}
		got, tally := read(t, pcap(binary.LittleEndian, true, linkRaw, nil, all))
		s.same(t, got)
		if len(tally.Notes) > 0 {
			t.Errorf("seed %d: %+v", seed, tally)
		}
	}
}

// alive is a keep-alive before p: a segment with the byte before p's, made up.
func alive(t *testing.T, p captured) captured {
	s, note := parse(linkRaw, p.data)
	if note != "" {
		t.Fatal(note)
	}
	s.seq--
	s.data = []byte{'?'}
	return captured{p.at, s.append(nil)}
}

// TestHole catches bytes that are made of a stream with a hole, as if there were
// none, and the other side's or what was before being lost with it.
func TestHole(t *testing.T) {
	s := random(rand.New(rand.NewPCG(4, 4)), []*frame.Connection{upgraded(1, "192.0.2.7:50001", "198.51.100.2:8080")}, 40)
	whole, _ := read(t, s.write(t))
	all := packets(t, s.write(t))
	var before, lost int
	for i, p := range all {
		seg, _ := parse(linkRaw, p.data)
		if seg.from.Port() != 8080 || i < 20 || len(seg.data) == 0 {
			if seg.from.Port() == 8080 && i > 4 {
				before += len(seg.data)
			}
			continue
		}
		lost = len(seg.data)
		all = slices.Delete(all, i, i+1)
		break
	}
	got, tally := read(t, pcap(binary.LittleEndian, true, linkRaw, nil, all))
	a, b := whole.conns[0], got.conns[0]
	if !bytes.Equal(a.wire[frame.Client], b.wire[frame.Client]) {
		t.Errorf("the client's bytes: %d, want %d", len(b.wire[frame.Client]), len(a.wire[frame.Client]))
	}
	if !bytes.Equal(a.wire[frame.Server][:before], b.wire[frame.Server]) {
		t.Errorf("the server's bytes: %d, want %d", len(b.wire[frame.Server]), before)
	}
	if b.end.How != frame.ByError || !strings.Contains(b.end.Error, "bytes of the server are missing") {
		t.Errorf("end %+v after %d bytes were lost", b.end, lost)
	}
	if len(tally.Notes) != 1 || tally.Notes[0].What != noteGap {
		t.Errorf("notes %+v", tally.Notes)
	}
}

// TestLane catches bytes that come twice or not at all when pieces overlap in any
// way, also where sequence numbers begin anew.
func TestLane(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		want := make([]byte, 1+rnd.IntN(300))
		for i := range want {
			want[i] = byte(rnd.Uint32())
		}
		var l lane
		first := uint32(0xFFFFFF80)
		l.begin(first)
		var got []byte
		put := func(from, to int) {
			l.put(piece{seq: first + uint32(from), data: want[from:to]}, func(p piece) { got = append(got, p.data...) })
		}
		for range 30 {
			from := rnd.IntN(len(want))
			put(from, from+rnd.IntN(len(want)-from+1))
		}
		if !bytes.HasPrefix(want, got) {
			t.Fatalf("seed %d: %x is not the beginning of %x", seed, got, want)
		}
		for from := 0; from < len(want); from += 7 {
			put(from, min(from+7, len(want)))
		}
		if !bytes.Equal(got, want) || l.size != 0 || len(l.waiting) != 0 || l.hole() != 0 {
			t.Fatalf("seed %d: %x, want %x; %d bytes wait", seed, got, want, l.size)
		}
	}
}
