package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	bolt "go.etcd.io/bbolt"

	"github.com/wsluice/wsluice/frame"
)

// document is the description of the format.
const document = "../docs/capture-format.md"

// exampleBlock is the block shown in the document.
func exampleBlock() []byte {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano()
	b := builder{epoch: 1}
	var s spot
	b.add(&draft{at: at, masked: true, Record: frame.Record{
		Global: 7, Conn: 3, Seq: 5, Message: 5, From: frame.Client, Payload: []byte{'H' ^ 1, 'i' ^ 2},
		Header: frame.Header{Fin: true, Opcode: frame.Text, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: 2},
	}}, &s)
	b.add(&draft{at: at + int64(time.Millisecond), Record: frame.Record{
		Global: 8, Conn: 3, Seq: 6, Message: 6, From: frame.Server, Payload: []byte("ok"),
		Header: frame.Header{Fin: true, Opcode: frame.Text, Length: 2},
	}}, &s)
	return b.seal(nil)
}

// TestDocumentExample would catch a document that no longer describes the
// blocks that are written.
func TestDocumentExample(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var shown []byte
	for _, m := range regexp.MustCompile(`(?m)^    ((?:[0-9a-f]{2} )+) `).FindAllSubmatch(doc, -1) {
		p, err := hex.DecodeString(strings.ReplaceAll(string(m[1]), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, p...)
	}
	if want := exampleBlock(); !bytes.Equal(shown, want) {
		t.Fatalf("the document shows\n%x, the block is\n%x", shown, want)
	}
}

// TestDocumentReader reads a capture with a reader written from the document
// alone. It would catch a format that says something else than the document.
func TestDocumentReader(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tapes := make([]*Tape, 3)
	for i := range tapes {
		tapes[i], _ = openTape(t, r)
	}
	sent := make(map[uint64]*[2][]byte)
	for i := range 3000 {
		tape, from := tapes[i%3], frame.Side(i/2%2)
		h := frame.Header{Fin: i%5 > 0, Opcode: frame.Opcode(i % 16), RSV: uint8(i % 8)}
		if i%7 == 0 {
			h.Extended = 8
		}
		size := i % 300
		if i%500 == 0 {
			size = 200_000
		}
		w := wire(from, h, bytes.Repeat([]byte{byte(i)}, size))
		if sent[tape.id] == nil {
			sent[tape.id] = new([2][]byte)
		}
		sent[tape.id][from] = append(sent[tape.id][from], w...)
		tape.Append(from, epoch.Add(time.Duration(i%11)*time.Second), w)
	}
	closeAll(t, r)
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got := make(map[uint64]*[2][]byte)
	err = db.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("blocks")).ForEach(func(k, v []byte) error {
			return foreignBlock(tx, k, v, got)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, sides := range sent {
		for side := range sides {
			if got[id] == nil || !bytes.Equal(got[id][side], sides[side]) {
				t.Errorf("connection %d: the bytes of %v differ", id, frame.Side(side))
			}
		}
	}
}

// TestDocumentGone reads a capture that was pruned, deleted from and compacted
// with a reader written from the document alone. It would catch a format that
// says something else than the document about what is gone.
func TestDocumentGone(t *testing.T) {
	path := capturePath(t)
	r := create(t, path, Options{})
	tapes := make([]*Tape, 3)
	for i := range tapes {
		tapes[i], _ = openTape(t, r)
	}
	sent := make(map[uint64][]byte)
	count := make(map[uint64]uint64)
	for i := range 4000 {
		tape := tapes[i%3]
		w := text(frame.Server, fmt.Sprintf("%0200d", i))
		if i%1000 == 999 {
			w = text(frame.Server, fmt.Sprintf("%0200000d", i))
		}
		sent[tape.id] = append(sent[tape.id], w...)
		count[tape.id]++
		tape.Append(frame.Server, epoch.Add(time.Duration(i)*time.Second), w)
	}
	r.Log(Event{Time: epoch, Level: LevelWarning, Message: "m", Attrs: []Attr{{"k", "v"}}})
	for _, tape := range tapes {
		tape.Close(frame.End{Time: epoch.Add(time.Hour)})
	}
	closeAll(t, r)
	if _, err := Prune(t.Context(), path, Bound{Before: epoch.Add(1500 * time.Second)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Delete(t.Context(), path, 2); err != nil {
		t.Fatal(err)
	}
	read := func(pruned, deleted, gaps bool, features string) {
		t.Helper()
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		got := make(map[uint64]*[2][]byte)
		err = db.View(func(tx *bolt.Tx) error {
			meta := tx.Bucket([]byte("meta"))
			if names := string(meta.Get([]byte("features"))); names != features {
				t.Errorf("features are %q, want %q", names, features)
			}
			next := uint64(1)
			if p := meta.Get([]byte("pruned")); (p != nil) != pruned {
				t.Errorf("pruned is %x", p)
			} else if pruned {
				next += binary.BigEndian.Uint64(p)
			}
			err := tx.Bucket([]byte("blocks")).ForEach(func(k, v []byte) error {
				if binary.BigEndian.Uint64(k) != next {
					t.Errorf("block %x where %d is due", k, next)
				}
				next = binary.BigEndian.Uint64(v[24:]) + 1
				return foreignBlock(tx, k, v, got)
			})
			if tomb := tx.Bucket([]byte("tomb")); deleted {
				k, v := tomb.Cursor().First()
				if n, err := foreignNote(k, v); err != nil || n != 4000 || binary.BigEndian.Uint64(k) != 2 {
					t.Errorf("deleted is %x, %d, %v", k, n, err)
				}
				delete(got, 2)
			}
			if bucket := tx.Bucket([]byte("gaps")); gaps {
				for _, id := range []uint64{1, 3} {
					key := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, id), 1)
					n, err := foreignNote(key, bucket.Get(key))
					if err != nil || n == 0 || n >= count[id] {
						t.Errorf("connection %d misses %d frames, %v", id, n, err)
					}
				}
			}
			e, _, message := foreignFields(tx.Bucket([]byte("events")).Get(binary.BigEndian.AppendUint64(nil, 1)))
			if e[1] != uint64(epoch.UnixNano())*2 || e[2] != 1 || !bytes.Equal(message, []byte("\x0a\x01k\x12\x01v")) {
				t.Errorf("the event is %v %q", e, message)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []uint64{1, 3} {
			if p := got[id][1]; len(p) < len(sent[id])/3 || len(p) == len(sent[id]) || !bytes.HasSuffix(sent[id], p) {
				t.Errorf("connection %d has %d of %d bytes, or others", id, len(p), len(sent[id]))
			}
		}
		if len(got) != 2 {
			t.Errorf("%d connections have frames", len(got))
		}
	}
	read(true, true, false, "pruned\ntomb")
	if err := Compact(t.Context(), path, Zstd, nil); err != nil {
		t.Fatal(err)
	}
	read(false, false, true, "gaps\nzstd")
}

// The functions below follow the document and use nothing of this package.

func foreignBlock(tx *bolt.Tx, key, v []byte, out map[uint64]*[2][]byte) error {
	be := binary.BigEndian
	if v[0] != 1 || be.Uint64(v[16:]) != be.Uint64(key) || be.Uint64(v[24:]) != be.Uint64(key)+uint64(be.Uint32(v[4:]))-1 {
		return fmt.Errorf("header %x of block %x", v[:64], key)
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	sum.Write(v[:12])
	sum.Write(v[16:])
	if sum.Sum32() != be.Uint32(v[12:]) {
		return fmt.Errorf("checksum of block %x", key)
	}
	dirSize := be.Uint32(v[60:])
	dir, body := v[64:64+dirSize], v[64+dirSize:]
	body, err := foreignBody(v[1], body)
	if err != nil {
		return err
	}
	if len(body) != int(be.Uint32(v[8:])) {
		return fmt.Errorf("body of block %x has %d bytes", key, len(body))
	}
	var conns []uint64
	for len(dir) > 0 {
		var n [3]uint64
		for i := range n {
			x, w := binary.Uvarint(dir)
			n[i], dir = x, dir[w:]
		}
		conns = append(conns, n[0])
	}
	place, global := uint64(0), be.Uint64(key)
	for len(body) > 0 {
		size, w := binary.Uvarint(body)
		record := body[w : w+int(size)]
		body = body[w+int(size):]
		fields, mask, payload := foreignFields(record)
		if p, ok := fields[1]; ok {
			place = p
		}
		if fields[7] == 1 {
			payload = foreignPayload(tx, global)
		}
		wire := foreignWire(fields, mask, payload)
		conn := conns[place-1]
		if out[conn] == nil {
			out[conn] = new([2][]byte)
		}
		side := fields[3] & 1
		out[conn][side] = append(out[conn][side], wire...)
		global++
	}
	return nil
}

func foreignBody(codec byte, body []byte) ([]byte, error) {
	switch codec {
	case 0:
		return body, nil
	case 1:
		return s2.Decode(nil, body)
	case 2:
		r, err := zstd.NewReader(nil)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return r.DecodeAll(body, nil)
	}
	return nil, fmt.Errorf("codec %d", codec)
}

func foreignNote(k, v []byte) (uint64, error) {
	sum := crc32.Checksum(append(bytes.Clone(k), v[:8]...), crc32.MakeTable(crc32.Castagnoli))
	if len(v) != 12 || sum != binary.BigEndian.Uint32(v[8:]) {
		return 0, fmt.Errorf("note %x under %x", v, k)
	}
	return binary.BigEndian.Uint64(v), nil
}

func foreignFields(p []byte) (fields map[uint64]uint64, mask, payload []byte) {
	fields = make(map[uint64]uint64)
	for len(p) > 0 {
		tag, w := binary.Uvarint(p)
		p = p[w:]
		switch tag & 7 {
		case 0:
			v, w := binary.Uvarint(p)
			fields[tag>>3], p = v, p[w:]
		case 2:
			n, w := binary.Uvarint(p)
			payload, p = p[w:w+int(n)], p[w+int(n):]
		case 5:
			mask, p = p[:4], p[4:]
		}
	}
	return fields, mask, payload
}

func foreignPayload(tx *bolt.Tx, global uint64) (payload []byte) {
	prefix := binary.BigEndian.AppendUint64(nil, global)
	c := tx.Bucket([]byte("chunks")).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		body, _ := foreignBody(v[1], v[64:])
		payload = append(payload, body...)
	}
	return payload
}

func foreignWire(fields map[uint64]uint64, mask, payload []byte) []byte {
	if fields[13] == 1 {
		return payload
	}
	length, ok := fields[6]
	if !ok {
		length = uint64(len(payload))
	}
	form, ok := fields[8]
	if !ok {
		switch {
		case length > 65535:
			form = 8
		case length > 125:
			form = 2
		}
	}
	second := byte(0)
	if mask != nil {
		second = 0x80
	}
	out := []byte{byte(fields[3]>>1) ^ 0x81}
	switch form {
	case 0:
		out = append(out, second|byte(length))
	case 2:
		out = binary.BigEndian.AppendUint16(append(out, second|126), uint16(length))
	case 8:
		out = binary.BigEndian.AppendUint64(append(out, second|127), length)
	}
	out = append(out, mask...)
	for i, b := range payload {
		if mask != nil {
			b ^= mask[i%4]
		}
		out = append(out, b)
	}
	return out
}
