package demo

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// TestEncodings would catch a value that a decoder of the format reads as
// another. The bytes are those of the formats' specifications.
func TestEncodings(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)
	long := strings.Repeat("x", 40)
	for _, test := range []struct {
		name                    string
		value                   any
		json, messagePack, cbor string
	}{
		{"nil", nil, `null`, "c0", "f6"},
		{"true", true, `true`, "c3", "f5"},
		{"small", 7, `7`, "07", "07"},
		{"negative", -3, `-3`, "fd", "22"},
		{"large", 300, `300`, "d3000000000000012c", "19012c"},
		{"larger", 70_000, `70000`, "d30000000000011170", "1a00011170"},
		{"largest", 1 << 40, `1099511627776`, "d30000010000000000", "1b0000010000000000"},
		{"float", 1.5, `1.5`, "cb3ff8000000000000", "fb3ff8000000000000"},
		{"price", price(1.5), `1.50`, "cb3ff8000000000000", "fb3ff8000000000000"},
		{"text", "ü", `"ü"`, "a2c3bc", "62c3bc"},
		{"long text", long, `"` + long + `"`, "da0028" + strings.Repeat("78", 40), "7828" + strings.Repeat("78", 40)},
		{"bytes", []byte{1, 2}, `"AQI="`, "c500020102", "420102"},
		{"time", at, `"2026-01-02T03:04:05.250Z"`, "d7ff3b9aca00695735a5", "c1fb41da55cd69500000"},
		{"list", list{1, "a"}, `[1,"a"]`, "dc000201a161", "82016161"},
		{"record", record{{"b", false}, {"a", list{}}}, `{"b":false,"a":[]}`, "82a162c2a161dc0000", "a26162f4616180"},
	} {
		if got := string(appendJSON(nil, test.value)); got != test.json {
			t.Errorf("%s is %s in JSON, want %s", test.name, got, test.json)
		}
		if got := hex.EncodeToString(appendMessagePack(nil, test.value)); got != test.messagePack {
			t.Errorf("%s is %s in MessagePack, want %s", test.name, got, test.messagePack)
		}
		if got := hex.EncodeToString(appendCBOR(nil, test.value)); got != test.cbor {
			t.Errorf("%s is %s in CBOR, want %s", test.name, got, test.cbor)
		}
	}
}

// TestProtobuf would catch a field with another number, type or order than the
// message in the comment of protobuf says.
func TestProtobuf(t *testing.T) {
	r := reading{sequence: 300, at: time.UnixMilli(1), latitude: 1.5, longitude: -2, speed: 1, charge: 0.5, doors: -1, warnings: []string{"a", "b"}, raw: []byte{9}}
	want := "0a0156" + "10ac02" + "190100000000000000" +
		"2212" + "09000000000000f83f" + "1100000000000000c0" +
		"2d0000803f" + "350000003f" + "3801" + "420161" + "420162" + "4a0109"
	if got := hex.EncodeToString(protobuf(nil, "V", r)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
