package proxy

import "github.com/wsluice/wsluice/frame"

// What compresses plays that are about compression: with a window of 256 bytes.
var compressing = []play{
	{name: "compressed messages pass as they came", extensions: takeover, script: `
		! hold "b"
		> ztext "a"*100, ztext "aab"
		pass ztext "a"*100
		hold 1 text "aab"
		! release 1
		pass ztext "aab"
		= recodes false
		= empty true`},
	{name: "an edit recodes until a window is the same", extensions: takeover, script: `
		! hold "edit"
		> ztext "abcdefgh"*12, ztext "edit abcdefgh"
		pass ztext "abcdefgh"*12
		hold 1 text "edit abcdefgh"
		! edit 1 "edited"
		keep dropped ztext "edit abcdefgh"
		keep edited text "edited"
		send text "edited"
		= recodes true
		= empty false
		> ztext "edit abcdefgh"
		hold 2 text "edit abcdefgh"
		! release 2
		keep observed recoded ztext "edit abcdefgh"
		send ztext "edit abcdefgh"
		> ztext "abcdefgh"*30
		keep observed recoded ztext "abcdefgh"*30
		send ztext "abcdefgh"*30
		= recodes true
		> ztext "ab", ztext "a"
		keep observed recoded ztext "ab"
		send ztext "ab"
		keep observed recoded ztext "a"
		send ztext "a"
		= recodes false
		> ztext "abcdefgh"*12
		pass ztext "abcdefgh"*12
		= empty true`},
	{name: "one message of a window is enough", extensions: takeover, from: frame.Client, script: `
		! hold "drop"
		> ztext "drop this"
		hold 1 text "drop this"
		! drop 1
		keep dropped ztext "drop this"
		> ztext "this is it "*25
		keep observed recoded ztext "this is it "*25
		send ztext "this is it "*25
		= recodes false
		> ztext "this is it "*25
		pass ztext "this is it "*25`},
	{name: "a second edit begins anew", extensions: takeover, script: `
		! hold "edit"
		> ztext "edit 1", ztext "abcd"*50
		hold 1 text "edit 1"
		! drop 1
		keep dropped ztext "edit 1"
		keep observed recoded ztext "abcd"*50
		send ztext "abcd"*50
		> ztext "edit abcd"
		hold 2 text "edit abcd"
		! edit 2 ""
		keep dropped ztext "edit abcd"
		keep edited text ""
		send text ""
		> ztext "abcd"*50
		keep observed recoded ztext "abcd"*50
		send ztext "abcd"*50
		= recodes true
		> ztext "abcd"*50
		keep observed recoded ztext "abcd"*50
		send ztext "abcd"*50
		= recodes false
		> ztext "abcd"*50
		pass ztext "abcd"*50`},
	{name: "uncompressed messages neither differ nor count", extensions: takeover, script: `
		! hold "edit"
		> text "edit 0"
		hold 1 text "edit 0"
		! drop 1
		keep dropped text "edit 0"
		= recodes false
		> ztext "edit 1"
		hold 2 text "edit 1"
		! drop 2
		keep dropped ztext "edit 1"
		> text "y"*300, ping "p", ztext "x", ztext "edit 2", text "edit 3"
		pass text "y"*300
		pass ping "p"
		keep observed recoded ztext "x"
		send ztext "x"
		hold 3 text "edit 2"
		hold 4 text "edit 3"
		! release 3
		keep observed recoded ztext "edit 2"
		send ztext "edit 2"
		! drop 4
		keep dropped text "edit 3"
		= recodes true`},
	{name: "fragments are recoded in one frame", extensions: takeover, script: `
		! hold "edit"
		> ztext- "edit abcdefghijkl", ping "p", cont- "", cont ""
		pass ping "p"
		hold 1 text "edit abcdefghijkl"
		! drop 1
		keep dropped ztext- …, cont- …, cont "edit abcdefghijkl"
		> zbinary- "abcdefghijkl", cont ""
		keep observed recoded zbinary- …, cont "abcdefghijkl"
		send zbinary "abcdefghijkl"`},
	{name: "empty messages are recoded too", extensions: takeover, from: frame.Client, script: `
		! hold "edit"
		> ztext "edit", ztext "", ztext- "", cont ""
		hold 1 text "edit"
		! drop 1
		keep dropped ztext "edit"
		keep observed recoded ztext ""
		send ztext ""
		keep observed recoded ztext- …, cont ""
		send ztext ""`},
	{name: "a recoded message keeps its mask and its other bits", extensions: takeover, from: frame.Client, script: `
		! hold "edit"
		> ztext "edit", ztext~ "a", ztextrsv2 "b"
		hold 1 text "edit"
		! drop 1
		keep dropped ztext "edit"
		keep observed recoded ztext~ "a"
		send ztext~ "a"
		keep observed recoded ztextrsv2 "b"
		send ztextrsv2 "b"`},
	{name: "without takeover nothing is recoded", extensions: notakeover, script: `
		! hold "edit"
		> ztext "edit 1", ztext "edit 2", ztext "edit 12"
		hold 1 text "edit 1"
		hold 2 text "edit 2"
		hold 3 text "edit 12"
		! edit 1 "x"
		keep dropped ztext "edit 1"
		keep edited text "x"
		send text "x"
		! drop 2
		keep dropped ztext "edit 2"
		! release 3
		pass ztext "edit 12"
		= empty true`},
	{name: "what has passed before is known", extensions: takeover, script: `
		! skip ztext "abcdefghijklmnop", ztext- "abcdefgh", cont ""
		! hold "edit"
		> ztext "edit abcdefghijklmnop"
		hold 1 text "edit abcdefghijklmnop"
		! drop 1
		keep dropped ztext "edit abcdefghijklmnop"
		> ztext "abcdefghijklmnop"
		keep observed recoded ztext "abcdefghijklmnop"
		send ztext "abcdefghijklmnop"`},
	{name: "a message that cannot be inflated passes, and those behind it", from: frame.Server, extensions: takeover, script: `
		! hold "edit"
		> raw c102ffff
		pass ztext inflate: flate: corrupt input before offset 1
		> text "edit"
		hold 1 text "edit"
		! drop 1
		keep dropped text "edit"
		= empty true`},
	{name: "one that cannot be inflated while recoding is the end", from: frame.Server, extensions: takeover, script: `
		! hold "edit"
		> ztext "edit", raw c102ffff
		hold 1 text "edit"
		! drop 1
		keep dropped ztext "edit"
		pass ztext inflate: flate: corrupt input before offset 1
		end 1009 "wsluice cannot compress this message anew"
		> text "a"
		keep dropped text "a"`},
	{name: "blind", extensions: takeover, blind: true, script: `
		! hold "edit"
		> ztext "edit", text "edit"
		pass ztext "edit"
		hold 1 text "edit"
		! edit 1 "x"
		keep dropped text "edit"
		keep edited text "x"
		send text "x"
		> ztext "edit edit"
		pass ztext "edit edit"
		= empty true`},
	{name: "duplicates change no context", extensions: takeover, rules: `rules: [{duplicate: 1, count: 1}]`, script: `
		> ztext "abcdefgh", ztext "abcdefgh"
		pass ztext "abcdefgh"
		keep injected text "abcdefgh"
		send text "abcdefgh"
		pass ztext "abcdefgh"
		= empty true`},
	{name: "what is split is sent uncompressed", extensions: takeover, rules: `rules: [{split: 2, count: 1}]`, script: `
		> ztext "abcdefgh", ztext "abcdefgh"
		keep dropped ztext "abcdefgh"
		keep edited text- "abcd", cont "efgh"
		send text- "abcd", cont "efgh"
		keep observed recoded ztext "abcdefgh"
		send ztext "abcdefgh"`},
	{name: "reordered", extensions: takeover, rules: `rules: [{reorder: 1, count: 1}]`, script: `
		> ztext "abcdefgh", ztext "abcdefghi"
		keep dropped ztext "abcdefgh"
		keep observed recoded ztext "abcdefghi"
		send ztext "abcdefghi"
		keep edited text "abcdefgh"
		send text "abcdefgh"`},
}
