package inspector

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/decode"
	"github.com/wsluice/wsluice/inspector/keys"
)

// robot uses an inspector as a person does: it presses keys and looks at the
// screen.
type robot struct {
	t         *testing.T
	screen    tcell.SimulationScreen
	inspector *Inspector
	drawn     chan struct{}
	ended     chan error
	pressed   int // keys, by the robot
	handled   int // of them, by the inspector; on the goroutine that draws
}

// patience is how long a robot waits for something to come to pass.
const patience = 20 * time.Second

// use starts an inspector on a screen of that size.
func use(t *testing.T, o Options, width, height int) *robot {
	t.Helper()
	r := &robot{t: t, screen: tcell.NewSimulationScreen("UTF-8"), drawn: make(chan struct{}, 1), ended: make(chan error, 1)}
	o.Screen = &sized{r.screen, width, height}
	if o.Keys == nil {
		o.Keys = keys.Default()
	}
	if o.Name == "" {
		o.Name = "test.db"
	}
	o.Zone = time.UTC
	r.inspector = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{})
	r.inspector.began = func() {
		r.inspector.app.SetAfterDrawFunc(func(tcell.Screen) {
			select {
			case r.drawn <- struct{}{}:
			default:
			}
		})
		capture := r.inspector.app.GetInputCapture()
		r.inspector.app.SetInputCapture(func(e *tcell.EventKey) *tcell.EventKey {
			r.handled++
			return capture(e)
		})
		close(started)
	}
	go func() { r.ended <- r.inspector.Run(ctx) }()
	<-started
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-r.ended:
			if err != nil {
				t.Errorf("the inspector ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the inspector does not end")
		}
	})
	return r
}

// sized is a simulated screen with a size from the beginning.
type sized struct {
	tcell.SimulationScreen
	width, height int
}

func (s *sized) Init() error {
	if err := s.SimulationScreen.Init(); err != nil {
		return err
	}
	s.SetSize(s.width, s.height)
	return nil
}

// resize gives the terminal another size.
func (r *robot) resize(width, height int) {
	r.t.Helper()
	r.screen.SetSize(width, height)
	_ = r.screen.PostEvent(tcell.NewEventResize(width, height))
	r.until(func(string) bool { return r.inspector.root.size == [2]int{width, height} }, "has the new size")
	r.rest()
}

// press presses keys, written as in the key table, and types texts of more than
// one character that are no key.
func (r *robot) press(what ...string) {
	r.t.Helper()
	for _, text := range what {
		if k, err := keys.ParseKey(text); err == nil {
			r.inject(k)
			continue
		}
		for _, c := range text {
			r.key(tcell.KeyRune, c)
		}
	}
	r.rest()
}

func (r *robot) inject(k keys.Key) {
	for key := range tcell.KeyNames {
		if e := tcell.NewEventKey(key, 0, tcell.ModNone); key != tcell.KeyRune && keys.Pressed(e) == k {
			r.key(key, 0)
			return
		}
	}
	if k == "space" {
		k = " "
	}
	r.key(tcell.KeyRune, []rune(string(k))[0])
}

func (r *robot) key(key tcell.Key, c rune) {
	r.pressed++
	r.screen.InjectKey(key, c, tcell.ModNone)
}

// rest waits until the inspector has nothing to do.
func (r *robot) rest() {
	r.t.Helper()
	r.until(func(string) bool { return r.handled == r.pressed && r.inspector.idle() }, "rests")
}

// see waits until all texts are on the screen.
func (r *robot) see(texts ...string) string {
	r.t.Helper()
	return r.until(func(shown string) bool {
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				return false
			}
		}
		return true
	}, "shows "+strings.Join(texts, " and "))
}

// until waits until the screen is as it should be and returns it.
func (r *robot) until(is func(shown string) bool, what string) string {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		var shown string
		var ok bool
		r.inspector.app.QueueUpdate(func() {
			shown = r.text()
			ok = is(shown)
		})
		if ok {
			return shown
		}
		select {
		case <-r.drawn:
		case <-time.After(time.Second / framesPerSecond):
		case err := <-r.ended:
			r.ended <- err
			r.t.Fatalf("the inspector ended with %v before it %s", err, what)
		case <-deadline:
			r.t.Fatalf("the inspector never %s:\n%s", what, shown)
		}
	}
}

// text returns what the screen shows. It runs on the goroutine that draws.
func (r *robot) text() string {
	cells, width, height := r.screen.GetContents()
	var b strings.Builder
	for y := range height {
		var line strings.Builder
		for x := 0; x < width; x++ {
			c := cells[y*width+x]
			line.WriteString(string(c.Runes))
			if len(c.Runes) > 0 && decode.Width([]byte(string(c.Runes[:1]))) == 2 {
				x++
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// selected returns the lines that are shown in reverse, those of the selection,
// without frames.
func (r *robot) selected() (lines []string) {
	r.t.Helper()
	r.inspector.app.QueueUpdate(func() {
		cells, width, height := r.screen.GetContents()
		for y := 1; y < height-2; y++ {
			var line strings.Builder
			for x := 1; x < width-1; x++ {
				if _, _, attrs := cells[y*width+x].Style.Decompose(); attrs&tcell.AttrReverse != 0 {
					line.WriteString(string(cells[y*width+x].Runes))
				}
			}
			if line.Len() > 0 {
				lines = append(lines, strings.TrimSpace(line.String()))
			}
		}
	})
	return lines
}
