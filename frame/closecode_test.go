package frame_test

import (
	"strings"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// The table is what users read about a close; a wrong "may be sent" would flag
// honest peers or let illegal codes through.
func TestCloseCodes(t *testing.T) {
	for _, test := range []struct {
		code           frame.CloseCode
		name           string
		client, server bool
	}{
		{0, "invalid", false, false},
		{999, "invalid", false, false},
		{1000, "normal closure", true, true},
		{1001, "going away", true, true},
		{1002, "protocol error", true, true},
		{1003, "unsupported data", true, true},
		{1004, "reserved", false, false},
		{1005, "no status received", false, false},
		{1006, "abnormal closure", false, false},
		{1007, "invalid payload", true, true},
		{1008, "policy violation", true, true},
		{1009, "message too big", true, true},
		{1010, "mandatory extension", true, false},
		{1011, "internal error", true, true},
		{1012, "service restart", true, true},
		{1013, "try again later", true, true},
		{1014, "bad gateway", true, true},
		{1015, "TLS failure", false, false},
		{1016, "reserved", false, false},
		{2999, "reserved", false, false},
		{3000, "registered", true, true},
		{3999, "registered", true, true},
		{4000, "private", true, true},
		{4999, "private", true, true},
		{5000, "invalid", false, false},
		{65535, "invalid", false, false},
	} {
		if got := test.code.Name(); got != test.name {
			t.Errorf("%d: name %q", test.code, got)
		}
		if !strings.HasSuffix(test.code.Explanation(), ".") {
			t.Errorf("%d: explanation %q", test.code, test.code.Explanation())
		}
		if c, s := test.code.Sendable(frame.Client), test.code.Sendable(frame.Server); c != test.client || s != test.server {
			t.Errorf("%d: sendable by client %v, server %v", test.code, c, s)
		}
	}
	if got := frame.GoingAway.String(); got != "1001 going away" {
		t.Error(got)
	}
}

// Pitfalls X1, X2 and X4: code and reason verbatim, no code where there is none.
func TestParseClose(t *testing.T) {
	for _, test := range []struct {
		payload string
		code    frame.CloseCode
		reason  string
		ok      bool
	}{
		{"", 0, "", true},
		{"\x03", 0, "", false},
		{"\x03\xe8", 1000, "", true},
		{"\x03\xe9bye", 1001, "bye", true},
		{"\x00\x00\xff", 0, "\xff", true},
	} {
		code, reason, ok := frame.ParseClose([]byte(test.payload))
		if code != test.code || string(reason) != test.reason || ok != test.ok {
			t.Errorf("%q: %d %q %v", test.payload, code, reason, ok)
		}
		if len(test.payload) >= 2 {
			if got := frame.AppendClose(nil, code, string(reason)); string(got) != test.payload {
				t.Errorf("%q was written back as %q", test.payload, got)
			}
		}
	}
}
