package proxy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/wsluice/wsluice/frame"
)

const (
	takeover   = "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8"
	notakeover = takeover + "; server_no_context_takeover; client_no_context_takeover"
)

// Catches a gate that loses, changes, reorders or keeps what it should not, or
// does so when the bytes come in other runs.
func TestGate(t *testing.T) {
	for _, p := range slices.Concat(passing, illegal, holding, ruling, ending, compressing) {
		t.Run(p.name, func(t *testing.T) {
			for _, chunk := range []int{1 << 20, 1, 3} {
				t.Run(fmt.Sprint(chunk), func(t *testing.T) { p.run(t, chunk) })
			}
		})
	}
}

var passing = []play{
	{name: "messages", script: `
		= empty true
		> text "a"
		pass text "a"
		= empty true
		> binary "b", text "c"
		pass binary "b"
		pass text "c"
		= due never`},
	{name: "a client's keep their mask", from: frame.Client, script: `
		> text "a", ping "p", close "\x03\xe8"
		pass text "a"
		pass ping "p"
		pass close "\x03\xe8"
		closing`},
	{name: "empty messages", script: `
		> text "", text- "", cont "", ping ""
		pass text ""
		pass text- "", cont ""
		pass ping ""`},
	{name: "fragments pass whole", script: `
		> text- "He"
		= empty false
		> cont- ""
		> cont "llo"
		pass text- "He", cont- "", cont "llo"
		= empty true`},
	{name: "fragments keep the time of the first", script: `
		> binary- "a"
		! wait 2s
		> cont "b"
		pass binary- "a", cont "b" of 0s`},
	{name: "pings do not wait for the rest of a message", script: `
		> text- "He", ping "p", pong "q", cont "llo"
		pass ping "p"
		pass pong "q"
		pass text- "He", cont "llo"`},
	{name: "what has passed before counts", script: `
		! skip text "a", text- "b", cont "c"
		> text "d"
		pass text "d"`},
}

var illegal = []play{
	{name: "an interrupted message", script: `
		> text- "He"
		> text "new"
		pass text- "He"
		pass text "new"
		> cont "llo"
		pass cont "llo"`},
	{name: "an interrupted message, by a fragmented one", script: `
		> text- "a", cont- "b", binary- "c", cont "d"
		pass text- "a", cont- "b"
		pass binary- "c", cont "d"`},
	{name: "a held message is interrupted", script: `
		! hold "He"
		> text- "He", text "new"
		hold 1 text "He"
		! edit 1 "She"
		keep dropped text- "He"
		keep edited text "She"
		send text "She"
		pass text "new"`},
	{name: "stray continuations", script: `
		> cont "a", cont- "b", cont "c", cont- "d", text "e"
		pass cont "a"
		pass cont- "b", cont "c"
		pass cont- "d"
		pass text "e"`},
	{name: "reserved opcodes and bits", script: `
		> op3 "a", op11 "b", textrsv2 "c", pingrsv3 "d", op7- "e", cont "f"
		pass op3 "a"
		pass op11 "b"
		pass textrsv2 "c"
		pass pingrsv3 "d"
		pass op7- "e", cont "f"`},
	{name: "masks of the wrong side", script: `
		> text~ "a", ping~ "b"
		pass text~ "a"
		pass ping~ "b"`},
	{name: "no mask where there must be one", from: frame.Client, script: `
		! hold "a"
		> text~ "a"
		hold 1 text "a"
		! edit 1 "b"
		keep dropped text~ "a"
		keep edited text "b"
		send text "b"`},
	{name: "control frames that are long or fragmented", script: `
		> ping "p"*200, ping- "a", close- "", text "b"
		pass ping "p"*200
		pass ping- "a"
		pass close- ""
		closing
		pass text "b"`},
	{name: "lengths written too long", from: frame.Server, script: `
		> raw 817e000161, raw 817f000000000000000162
		pass text "a"
		pass text "b"`},
	{name: "text that is none", script: `
		! hold "\xff"
		> text "\xff\xfe"
		hold 1 text "\xff\xfe"
		! release 1
		pass text "\xff\xfe"`},
	{name: "an impossible length", from: frame.Server, script: `
		> text "a", raw 827ffffffffffffffff0
		pass text "a"
		= broken true
		> raw 0102
		= size 12`},
	{name: "an impossible length while something is held", script: `
		! hold "a"
		> text "a"
		hold 1 text "a"
		> text "b", raw 82ffffffffffffffffff01020304, text "c"
		= waits 2
		! release 1
		pass text "a"
		pass text "b"
		= broken true
		= empty false`},
}

var holding = []play{
	{name: "release", script: `
		! hold "b"
		> text "a", text "b"
		pass text "a"
		hold 1 text "b"
		= due 1s
		= empty false
		! wait 300ms
		! release 1
		pass text "b" of 0s
		= due never
		= empty true`},
	{name: "edit", script: `
		! hold "a"
		> text "a"
		hold 1 text "a"
		! wait 1ms
		! edit 1 "A"
		keep dropped text "a" of 0s
		keep edited text "A"
		send text "A"
		= empty true`},
	{name: "edit as another type, from the client", from: frame.Client, script: `
		! hold "a"
		> text- "a", cont "aa"
		hold 1 text "aaa"
		! edit 1 as binary "\x00"
		keep dropped text- "a", cont "aa"
		keep edited binary "\x00"
		send binary "\x00"`},
	{name: "edit keeps the ends of lines", script: `
		! hold "\r\n"
		> text "a\r\nb\r\n"
		hold 1 text "a\r\nb\r\n"
		! edit 1 "a\r\nB\r\n"
		keep dropped text "a\r\nb\r\n"
		keep edited text "a\r\nB\r\n"
		send text "a\r\nB\r\n"`},
	{name: "drop", script: `
		! hold "a"
		> text "a", text "b"
		hold 1 text "a"
		! drop 1
		keep dropped text "a"
		pass text "b"`},
	{name: "an empty message", script: `
		! hold ""
		> text "", binary- "", cont ""
		hold 1 text ""
		hold 2 binary ""
		! drop 1
		keep dropped text ""
		! edit 2 ""
		keep dropped binary- "", cont ""
		keep edited binary ""
		send binary ""`},
	{name: "the limit releases", script: `
		! hold "a"
		> text "a"
		hold 1 text "a"
		! wait 999ms
		! wait 1ms
		pass text "a" of 0s
		= empty true`},
	{name: "the limit drops", script: `
		! hold "a"
		! expired drop
		> text "a"
		hold 1 text "a"
		! wait 1s
		keep dropped text "a" of 0s`},
	{name: "held behind held", script: `
		! hold "a"
		> text "a1", text "a2", text "a3"
		hold 1 text "a1"
		hold 2 text "a2"
		hold 3 text "a3"
		! edit 2 "b"
		! drop 3
		= waits 3
		! release 1
		pass text "a1"
		keep dropped text "a2"
		keep edited text "b"
		send text "b"
		keep dropped text "a3"`},
	{name: "the first limit of several", script: `
		! hold "a"
		> text "a1"
		hold 1 text "a1"
		! wait 400ms
		> text "a2"
		hold 2 text "a2"
		= due 1s
		! release 1
		pass text "a1" of 0s
		= due 1.4s
		! wait 1s
		pass text "a2" of 400ms`},
	{name: "others wait behind a held one", script: `
		! hold "a"
		> text "a"
		hold 1 text "a"
		> text "b", binary- "c", cont "d"
		= waits 3
		! unhold
		> text "a"
		! release 1
		pass text "a"
		pass text "b"
		pass binary- "c", cont "d"
		pass text "a"`},
	{name: "pings and pongs do not wait", script: `
		! hold "a"
		> text "a", ping "p", text "b", pong "q"
		hold 1 text "a"
		pass ping "p"
		pass pong "q"
		! release 1
		pass text "a"
		pass text "b"`},
	{name: "a close frame waits, and what is behind it", script: `
		! hold "a"
		> text "a", close "\x03\xe8", ping "p", text "b"
		hold 1 text "a"
		pass ping "p"
		! release 1
		pass text "a"
		pass close "\x03\xe8"
		closing
		pass text "b"`},
	{name: "a close frame in the middle of a message", script: `
		> text- "a", close ""
		pass text- "a"
		pass close ""
		closing
		> cont "b"
		pass cont "b"`},
	{name: "half a message behind a held one", script: `
		! hold "a"
		> text "a", text- "b"
		hold 1 text "a"
		! release 1
		pass text "a"
		= empty false
		> cont "c"
		pass text- "b", cont "c"
		= empty true`},
	{name: "the end of the stream does not drop", script: `
		! hold "a"
		> text "a", text "b"
		hold 1 text "a"
		! end
		= waits 2
		! wait 1s
		pass text "a" of 0s
		pass text "b" of 0s`},
	{name: "nothing passes any more, in the middle of a message", script: `
		> text- "a"
		! hush
		keep dropped text- "a"
		> cont- "b", ping "p", cont "c", text "d"
		keep dropped cont- "b"
		keep dropped ping "p"
		keep dropped cont "c"
		keep dropped text "d"`},
	{name: "nothing passes any more", script: `
		! hold "a"
		> text "a", text "b", close ""
		hold 1 text "a"
		! hush
		forget 1
		keep dropped text "a"
		keep dropped text "b"
		keep dropped close ""
		closing
		> text "c", ping "p", close ""
		keep dropped text "c"
		keep dropped ping "p"
		closing
		keep dropped close ""
		= empty false`},
}

var ruling = []play{
	{name: "drop", rules: `rules: [{drop: true, when: text contains "a"}]`, script: `
		> text "a", text "b"
		keep dropped text "a"
		pass text "b"`},
	{name: "a dropped message waits behind a held one", rules: `rules: [{drop: true, when: text contains "b"}]`, script: `
		! hold "a"
		! hold "b"
		> text "a", text "b"
		hold 1 text "a"
		! release 1
		pass text "a"
		keep dropped text "b"`},
	{name: "replace", rules: `rules: [{replace: {text: a, with: A}}]`, script: `
		> text- "b", cont "a", text "c"
		keep dropped text- "b", cont "a"
		keep edited text "bA"
		send text "bA"
		pass text "c"`},
	{name: "what was replaced is held as it is then", rules: `rules: [{replace: {text: a, with: A}}]`, script: `
		! hold "A"
		> text "a", text "a"
		hold 1 text "A"
		hold 2 text "A"
		! release 1
		keep dropped text "a"
		keep edited text "A"
		send text "A"
		! edit 2 "x"
		keep dropped text "a"
		keep edited text "x"
		send text "x"`},
	{name: "delay", rules: `rules: [{delay: 100ms, when: text == "a"}]`, script: `
		> text "a", text "b", ping "p"
		pass ping "p"
		= due 100ms
		! wait 99ms
		! wait 1ms
		pass text "a" of 0s
		pass text "b" of 0s
		= empty true`},
	{name: "delays do not add up", rules: `rules: [{delay: 100ms}]`, script: `
		> text "a"
		! wait 50ms
		> text "b"
		! wait 50ms
		pass text "a" of 0s
		= due 150ms
		! wait 50ms
		pass text "b" of 50ms`},
	{name: "throttle", from: frame.Server, rules: `rules: [{throttle: 100}]`, script: `
		> text "x"*48, text "y"*48, ping ""
		pass ping ""
		= due 500ms
		! wait 500ms
		pass text "x"*48 of 0s
		= due 1s
		! wait 499ms
		! wait 1ms
		pass text "y"*48 of 0s
		! wait 5s
		> text "z"*98
		! wait 999ms
		! wait 1ms
		pass text "z"*98 of 6s`},
	{name: "duplicate", rules: `rules: [{duplicate: 2}]`, script: `
		> text- "a", cont "b"
		pass text- "a", cont "b"
		keep injected text "ab"
		send text "ab"
		keep injected text "ab"
		send text "ab"`},
	{name: "reorder", rules: `rules: [{reorder: 1, when: text == "a"}]`, script: `
		> text "a"
		= due 1s
		> text "b"
		keep dropped text "a"
		pass text "b"
		keep edited text "a"
		send text "a"
		= empty true`},
	{name: "reorder everything", rules: `rules: [{reorder: 1}]`, script: `
		> text "a", text "b", text "c", text "d"
		keep dropped text "a"
		pass text "b"
		keep edited text "a"
		send text "a"
		keep dropped text "c"
		pass text "d"
		keep edited text "c"
		send text "c"
		= empty true`},
	{name: "reorder, when nothing comes", rules: `rules: [{reorder: 1, when: text == "a"}]`, script: `
		> text "a"
		! wait 1s
		pass text "a" of 0s`},
	{name: "reorder, when the end comes", rules: `rules: [{reorder: 1, when: text == "a"}]`, script: `
		> text "a"
		! end
		pass text "a"`},
	{name: "a close frame is never let pass", rules: `rules: [{reorder: 1, when: text == "a"}]`, script: `
		> text "a", close ""
		pass text "a"
		pass close ""
		closing`},
	{name: "reorder behind a held one", rules: `rules: [{reorder: 1, when: text == "a"}]`, script: `
		! hold "h"
		> text "h", text "a", text "b"
		hold 1 text "h"
		! release 1
		pass text "h"
		keep dropped text "a"
		pass text "b"
		keep edited text "a"
		send text "a"`},
	{name: "split", from: frame.Client, rules: `rules: [{split: 3}]`, script: `
		> text "abcdef"
		keep dropped text "abcdef"
		keep edited text- "ab", cont- "cd", cont "ef"
		send text- "ab", cont- "cd", cont "ef"`},
	{name: "fragments may cut characters, and lose none", rules: `rules: [{split: 5}]`, script: `
		! hold "x"
		> text "x"
		hold 1 text "x"
		! edit 1 "äöü€𝄞"
		keep dropped text "x"
		keep edited text- "ä", cont- "ö", cont- "ü\xe2", cont- "\x82\xac\xf0", cont "\x9d\x84\x9e"
		send text- "ä", cont- "ö", cont- "ü\xe2", cont- "\x82\xac\xf0", cont "\x9d\x84\x9e"`},
	{name: "answer", rules: `rules: [{answer: {text: yes}, when: text == "ask"}]`, script: `
		> text "ask", text "b"
		keep dropped text "ask"
		answer text "yes"
		pass text "b"`},
	{name: "count", rules: `rules: [{drop: true, count: 1}]`, script: `
		> text "a", text "b"
		keep dropped text "a"
		pass text "b"`},
	{name: "control frames are no messages", rules: `rules: [{drop: true}]`, script: `
		> ping "p", text "a", close ""
		pass ping "p"
		keep dropped text "a"
		pass close ""
		closing`},
}

var ending = []play{
	{name: "close", rules: `rules: [{close: {code: 4000, reason: enough}, when: text == "a"}]`, script: `
		! hold "h"
		> text "a", text "b", ping "p", close ""
		pass text "a"
		end 4000 "enough"
		keep dropped text "b"
		keep dropped ping "p"
		closing
		keep dropped close ""`},
	{name: "what waits behind the end is dropped", rules: `rules: [{reset: true, when: text == "a"}]`, script: `
		! hold "h"
		> text "h1", text "a", text "h2"
		hold 1 text "h1"
		hold 2 text "h2"
		! release 1
		pass text "h1"
		pass text "a"
		end reset
		forget 2
		keep dropped text "h2"`},
	{name: "an interrupted message is the end of it", rules: `rules: [{close: 1000, when: text == "a"}]`, script: `
		> text- "a", text- "b", cont "c", text "d"
		pass text- "a"
		end 1000 ""
		keep dropped text- "b"
		keep dropped cont "c"
		keep dropped text "d"`},
	{name: "an interrupted message is the end of it, by a whole one", rules: `rules: [{close: 1000, when: text == "a"}]`, script: `
		> text- "a", text "b", text "c"
		pass text- "a"
		end 1000 ""
		keep dropped text "b"
		keep dropped text "c"`},
	{name: "silence", rules: `rules: [{silence: true, when: text == "a"}]`, script: `
		> text "0", text "a", text "b", close ""
		pass text "0"
		keep dropped text "a"
		keep dropped text "b"
		closing
		keep dropped close ""`},
}
