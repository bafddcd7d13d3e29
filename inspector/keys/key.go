package keys

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// Key is one key press as people write it: "j", "G", "?", "space", "enter",
// "ctrl-f", "shift-tab", "pgdn", "f5".
type Key string

// named are the keys that are no characters.
var named = map[tcell.Key]Key{
	tcell.KeyEnter: "enter", tcell.KeyEscape: "esc", tcell.KeyTab: "tab", tcell.KeyBacktab: "shift-tab",
	tcell.KeyBackspace: "backspace", tcell.KeyBackspace2: "backspace", tcell.KeyDelete: "del", tcell.KeyInsert: "ins",
	tcell.KeyUp: "up", tcell.KeyDown: "down", tcell.KeyLeft: "left", tcell.KeyRight: "right",
	tcell.KeyHome: "home", tcell.KeyEnd: "end", tcell.KeyPgUp: "pgup", tcell.KeyPgDn: "pgdn",
	tcell.KeyF1: "f1", tcell.KeyF2: "f2", tcell.KeyF3: "f3", tcell.KeyF4: "f4", tcell.KeyF5: "f5", tcell.KeyF6: "f6",
	tcell.KeyF7: "f7", tcell.KeyF8: "f8", tcell.KeyF9: "f9", tcell.KeyF10: "f10", tcell.KeyF11: "f11", tcell.KeyF12: "f12",
}

// Pressed returns the key of an event, "" for one that has no name.
func Pressed(e *tcell.EventKey) Key {
	if k, ok := named[e.Key()]; ok {
		return k
	}
	switch k := e.Key(); {
	case k == tcell.KeyRune && e.Modifiers()&tcell.ModAlt != 0:
		return Key("alt-" + string(character(e.Rune())))
	case k == tcell.KeyRune:
		return character(e.Rune())
	case k >= tcell.KeyCtrlA && k <= tcell.KeyCtrlZ:
		return Key("ctrl-" + string(rune('a'+k-tcell.KeyCtrlA)))
	}
	return ""
}

func character(r rune) Key {
	if r == ' ' {
		return "space"
	}
	return Key(r)
}

// character reports whether the key is one that text is made of.
func (k Key) character() bool { return k == "space" || utf8.RuneCountInString(string(k)) == 1 }

// ParseKey reads a key as people write it.
func ParseKey(text string) (Key, error) {
	if utf8.RuneCountInString(text) == 1 && text != " " {
		return Key(text), nil
	}
	lower := strings.ToLower(text)
	for _, k := range named {
		if string(k) == lower {
			return k, nil
		}
	}
	if lower == "space" {
		return "space", nil
	}
	if letter, ok := strings.CutPrefix(lower, "ctrl-"); ok && len(letter) == 1 && letter[0] >= 'a' && letter[0] <= 'z' {
		switch letter {
		case "h", "i", "m":
			return "", fmt.Errorf("%q cannot be told from backspace, tab or enter by a terminal", text)
		}
		return Key(lower), nil
	}
	if letter, ok := strings.CutPrefix(text, "alt-"); ok && utf8.RuneCountInString(letter) == 1 {
		return Key(text), nil
	}
	return "", fmt.Errorf("%q is no key; write a character, or space, enter, esc, tab, up, pgdn, f5, ctrl-f, alt-x", text)
}
