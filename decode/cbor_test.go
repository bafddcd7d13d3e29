package decode_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/frame"
)

func fromHex(t testing.TB, s string) string {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The examples are those of RFC 8949 appendix A, each in an array with a text.
func TestCBOR(t *testing.T) {
	for _, test := range []struct{ name, hex, want string }{
		{"integers", "00 17 1818 1903e8 1a000f4240 1bffffffffffffffff 20 3903e7 3bffffffffffffffff", `
   number 0
   number 23
   number 24
   number 1000
   number 1000000
   number 18446744073709551615 (beyond 2^53: JavaScript rounds it)
   number -1
   number -1000
   number -18446744073709551616 (beyond 2^53: JavaScript rounds it)
`},
		{"fractions", "f90000 f98000 f93c00 f97bff f90001 f97c00 f97e00 fa47c35000 fb3ff199999999999a", `
   number 0.0
   number -0.0
   number 1.0
   number 65504.0
   number 5.9604645e-08
   number +Inf
   number NaN
   number 100000.0
   number 1.1
`},
		{"simple values", "f4 f5 f6 f7 f0 f8ff", `
   literal false
   literal true
   literal null
   literal undefined
   literal simple(16)
   literal simple(255)
`},
		{"bignums", "c249010000000000000000 c349010000000000000000", `
   number 18446744073709551616 (bignum (tag 2))
   number -18446744073709551617 (negative bignum (tag 3))
`},
		{"tags", "c074323031332d30332d32315432303a30343a30305a c11a514b67b0 d82076687474703a2f2f7777772e6578616d706c652e636f6d d82550000102030405060708090a0b0c0d0e0f d903e901 d93039a0 d864 01", `
   string 2013-03-21T20:04:00Z (date and time (tag 0))
   number 1363896240 (2013-03-21T20:04:00Z, Unix time (tag 1))
   string http://www.example.com (URI (tag 32))
   bytes 000102030405060708090a0b0c0d0e0f (00010203-0405-0607-0809-0a0b0c0d0e0f, UUID (tag 37))
   number 1 (extended time (tag 1001))
   object  (tag 12345)
   number 1 (1970-01-02, days since 1970 (tag 100))
`},
		{"encoded CBOR", "d8184483010203", `
   bytes 83010203 (encoded CBOR (tag 24))
    CBOR array 
       number 1
       number 2
       number 3
`},
		{"indefinite lengths", "5f42010243030405ff 7f657374726561646d696e67ff 9f01820203ff bf6161019fff02ff", `
   bytes 0102030405
   string streaming
   array 
     number 1
     array 
       number 2
       number 3
   object 
    a number 1
    [] number 2
`},
		{"keys of any kind", "a3010203 82 04 05 06 4107", `
   object 
    1 number 2
    3 array 
       number 4
       number 5
    6 bytes 07
`},
	} {
		readings, why := read(frame.Binary, "\x9f\x64text"+fromHex(t, test.hex)+"\xff")
		if len(readings) == 0 || readings[0].Decoder != "CBOR" {
			t.Errorf("%s: %v, %s", test.name, readings, why)
			continue
		}
		var b strings.Builder
		for _, kid := range children(t, &readings[0].Root)[1:] {
			outline(t, &b, &kid, "  ")
		}
		if got := "\n" + b.String(); got != test.want {
			t.Errorf("%s: %s; want %s", test.name, got, test.want)
		}
	}
}

func TestNotCBOR(t *testing.T) {
	for _, in := range []string{"83 01 02", "9f 64 74657874", "82 64 74657874 1c", "ff", "82 64 74657874 ff", "bf 64 74657874 ff", "82 64 74657874 7f 41 61 ff",
		"82 64 74657874 f8 18", "82 64 74657874 " + strings.Repeat("c1", 17) + "00", "9b ffffffffffffffff 64 74657874", "82 64 74657874 00 00"} {
		readings, _ := read(frame.Binary, fromHex(t, in))
		for _, r := range readings {
			if r.Decoder == "CBOR" {
				t.Errorf("%s: %s", in, r.Summary)
			}
		}
	}
}

// FuzzCBOR holds the tree against the library: what it finds well-formed is read,
// unless it piles up tags, and what is read is well-formed.
func FuzzCBOR(f *testing.F) {
	for _, seed := range []string{
		"9f6474657874 c249010000000000000000 ff", "bf 6474657874 5f42010243030405ff ff", "a2 646b657931 d8184483010203 646b657932 f93c00",
		"82 6474657874 d82550000102030405060708090a0b0c0d0e0f", "9b ffffffffffffffff", "9f9f9f9f", "a1 a1 a1 01 02 03 6474657874", "81d864 1b7fffffffffffffff",
	} {
		f.Add([]byte(fromHex(f, seed)), true)
	}
	mode, err := cbor.DecOptions{MaxNestedLevels: 65535, MaxArrayElements: 1<<31 - 1, MaxMapPairs: 1<<31 - 1}.DecMode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload []byte, whole bool) {
		var s decode.Session
		readings, why := s.Read(decode.Input{Type: frame.Binary, Payload: payload, Whole: whole})
		checkReadings(t, payload, readings)
		if !whole || len(payload) > 1000 {
			return
		}
		read := false
		for _, r := range readings {
			read = read || r.Decoder == "CBOR"
		}
		if err := mode.Wellformed(payload); read != (err == nil) && (read || strings.Contains(why, "CBOR") && !strings.Contains(why, "tags")) {
			t.Fatalf("%x: %v %s, the library says %v", payload, read, why, err)
		}
	})
}
