package recorded

import (
	"testing"

	"github.com/wsluice/wsluice/frame"
)

// It catches an answer that a client has to refuse (RFC 7692 section 7.1), and one
// that is further from the recorded one than it has to be.
func TestAgree(t *testing.T) {
	for _, c := range []struct{ recorded, offer, want string }{
		{"", "permessage-deflate", ""},
		{"permessage-deflate", "", ""},
		{"permessage-deflate", "x-other", ""},
		{"permessage-deflate", "permessage-deflate", "permessage-deflate"},
		{"permessage-deflate", "permessage-deflate; client_max_window_bits", "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits=10", "permessage-deflate", "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9"},
		{"permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=10"},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=12", "permessage-deflate; server_max_window_bits=10"},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=\"12\"", "permessage-deflate; server_max_window_bits=12"},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"},
		{"permessage-deflate", "permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
		{"permessage-deflate; client_no_context_takeover", "permessage-deflate", "permessage-deflate; client_no_context_takeover"},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits", ""},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=16", ""},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=08", ""},
		{"permessage-deflate", "permessage-deflate; server_no_context_takeover=1", ""},
		{"permessage-deflate", "permessage-deflate; unknown", ""},
		{"permessage-deflate", "permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
		{"permessage-deflate", "permessage-deflate; unknown, permessage-deflate", "permessage-deflate"},
	} {
		if got := agree(c.offer, frame.ParseExtensions(c.recorded)); got != c.want {
			t.Errorf("recorded %q, offered %q: %q, want %q", c.recorded, c.offer, got, c.want)
		}
	}
}
