package draw

import "github.com/gdamore/tcell/v2"

// Theme gives styles their looks.
type Theme struct {
	Name  string
	looks [styles]tcell.Style
	// selected is laid over the line that is selected.
	selected func(tcell.Style) tcell.Style
	// blurred is laid over it while another pane has the keys.
	blurred func(tcell.Style) tcell.Style
}

// Look returns how a style looks.
func (t *Theme) Look(s Style) tcell.Style {
	if s >= styles {
		s = Plain
	}
	return t.looks[s]
}

// Themes returns the themes there are, the default one first. All leave the
// background to the terminal, so that they suit dark and light ones.
func Themes() []*Theme { return []*Theme{colours(), contrast(), mono()} }

// ThemeNamed returns the theme of that name, or nil.
func ThemeNamed(name string) *Theme {
	for _, t := range Themes() {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// reverse is how a selected line looks: without the colours in it, which would
// become patches of background.
func reverse(s tcell.Style) tcell.Style {
	_, _, attributes := s.Decompose()
	return plain.Reverse(true).Bold(attributes&tcell.AttrBold != 0)
}

// plain is the terminal's own foreground on its own background.
var plain = tcell.StyleDefault

// colours uses the terminal's 16 colours, which its owner chose to be read on
// its background.
func colours() *Theme {
	fg := func(c tcell.Color) tcell.Style { return plain.Foreground(c) }
	return &Theme{
		Name: "default",
		looks: [styles]tcell.Style{
			Plain: plain, Dim: plain.Dim(true), Strong: plain.Bold(true),
			Title: plain.Bold(true), Border: plain.Dim(true), Focus: fg(tcell.ColorTeal).Bold(true),
			Bar: plain.Reverse(true), BarDim: plain.Reverse(true), Hint: plain.Bold(true),
			Client: fg(tcell.ColorGreen), Server: fg(tcell.ColorPurple), Control: plain.Dim(true),
			Name: fg(tcell.ColorTeal), String: fg(tcell.ColorGreen), Number: fg(tcell.ColorOlive),
			Literal: fg(tcell.ColorPurple), Punct: plain.Dim(true),
			Good: fg(tcell.ColorGreen), Warning: fg(tcell.ColorOlive).Bold(true), Bad: fg(tcell.ColorMaroon).Bold(true),
			Accent: fg(tcell.ColorTeal), Match: plain.Underline(true).Bold(true), Here: plain.Reverse(true).Bold(true),
		},
		selected: reverse,
		blurred:  func(s tcell.Style) tcell.Style { return s.Underline(true) },
	}
}

// contrast uses no dim text and only bright colours.
func contrast() *Theme {
	t := mono()
	t.Name = "contrast"
	for s := range t.looks {
		t.looks[s] = t.looks[s].Dim(false)
	}
	set := func(c tcell.Color, styles ...Style) {
		for _, s := range styles {
			t.looks[s] = plain.Foreground(c).Bold(true)
		}
	}
	set(tcell.ColorBlue, Client, Name)
	set(tcell.ColorRed, Bad, Warning)
	return t
}

// mono uses no colours.
func mono() *Theme {
	t := &Theme{Name: "mono", selected: reverse, blurred: func(s tcell.Style) tcell.Style { return s.Underline(true) }}
	for s := range t.looks {
		t.looks[s] = plain
	}
	for _, s := range []Style{Strong, Title, Focus, Hint, Name, Warning, Bad, Accent} {
		t.looks[s] = plain.Bold(true)
	}
	for _, s := range []Style{Dim, Border, Control, Punct} {
		t.looks[s] = plain.Dim(true)
	}
	for _, s := range []Style{Bar, BarDim} {
		t.looks[s] = plain.Reverse(true)
	}
	t.looks[Match] = plain.Underline(true)
	t.looks[Here] = plain.Reverse(true)
	return t
}
