package keys

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// Map is the table with the user's own bindings. It never changes.
type Map struct {
	bindings []Binding
	actions  map[Screen]map[Key]Action
}

// New returns the table with other keys for the actions named in own: for each,
// the keys that take the place of its default ones; none unbinds it. An error
// names the first action or key that does not exist, or a key that would mean
// two things on one screen.
func New(own map[string][]string) (*Map, error) {
	m := &Map{bindings: Table(), actions: make(map[Screen]map[Key]Action)}
	names := make([]string, 0, len(own))
	for name := range own {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := slices.IndexFunc(m.bindings, func(b Binding) bool { return string(b.Action) == name })
		if i < 0 {
			return nil, fmt.Errorf("%q is no action; docs/keys.md lists them", name)
		}
		m.bindings[i].Keys = nil
		for _, text := range own[name] {
			k, err := ParseKey(text)
			if err != nil {
				return nil, fmt.Errorf("keys for %s: %w", name, err)
			}
			m.bindings[i].Keys = append(m.bindings[i].Keys, k)
		}
	}
	for _, b := range m.bindings {
		for screen := Screen(1); screen <= everywhere; screen <<= 1 {
			if b.On&screen == 0 {
				continue
			}
			if m.actions[screen] == nil {
				m.actions[screen] = make(map[Key]Action)
			}
			for _, k := range b.on(screen) {
				if other, taken := m.actions[screen][k]; taken && other != b.Action {
					return nil, fmt.Errorf("key %s on screen %s is bound to both %s and %s", k, strings.Join(screen.Names(), ""), other, b.Action)
				}
				m.actions[screen][k] = b.Action
			}
		}
	}
	return m, nil
}

// Default returns the table as it is.
func Default() *Map {
	m, err := New(nil)
	if err != nil {
		panic(err) // TestTable rules it out
	}
	return m
}

// Action returns what a key press means on a screen, "" for nothing.
func (m *Map) Action(on Screen, e *tcell.EventKey) Action { return m.actions[on][Pressed(e)] }

// Key returns the first key of an action, "" when it has none.
func (m *Map) Key(a Action) Key {
	for _, b := range m.bindings {
		if b.Action == a && len(b.Keys) > 0 {
			return b.Keys[0]
		}
	}
	return ""
}

// Bindings returns what there is on a screen, in the order of hints.
func (m *Map) Bindings(on Screen) []Binding {
	var found []Binding
	for _, b := range m.bindings {
		if b.On&on == 0 {
			continue
		}
		if b.Keys = b.on(on); len(b.Keys) > 0 {
			found = append(found, b)
		}
	}
	return found
}

// on returns the keys that mean something on a screen.
func (b *Binding) on(screen Screen) []Key {
	if screen&writing == 0 {
		return b.Keys
	}
	return slices.DeleteFunc(slices.Clone(b.Keys), Key.character)
}

// Markdown returns the page docs/keys.md.
func (m *Map) Markdown() string {
	var b strings.Builder
	b.WriteString(`# Keys of the inspector

This page is made from the inspector's own table; ` + "`?`" + ` shows the part of it that is valid where you are.

Any action can have other keys: name them in ` + "`config.toml`" + ` (` + "`wsluice inspect --help`" + ` says where that file is).

` + "```toml" + `
[keys]
copy = ["c", "y"]      # in place of y
hide-control = []      # no key
` + "```" + `
`)
	for _, group := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| action | keys | does | where |\n|---|---|---|---|\n", group)
		for _, binding := range m.bindings {
			if binding.Group != group {
				continue
			}
			where := strings.Join(binding.On.Names(), ", ")
			switch binding.On {
			case everywhere, everywhere | HeldEdit:
				where = "everywhere"
			case reading:
				where = "everywhere but compose"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", binding.Action, markdown(binding.Keys), binding.Help, where)
		}
	}
	return b.String()
}

func markdown(keys []Key) string {
	quoted := make([]string, len(keys))
	for i, k := range keys {
		text := strings.ReplaceAll(string(k), "|", `\|`)
		quoted[i] = "`" + text + "`"
	}
	return strings.Join(quoted, " ")
}
