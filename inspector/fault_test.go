package inspector

import (
	"context"
	"errors"
	"testing"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/inspector/keys"
)

// faulty is a capture whose reading panics.
type faulty struct{ *capture }

func (faulty) Conns(context.Context, uint64, int) ([]frame.Connection, error) { panic("boom") }

// finished is a screen that tells when the terminal was given back.
type finished struct {
	tcell.SimulationScreen
	done bool
}

func (f *finished) Fini() {
	f.done = true
	f.SimulationScreen.Fini()
}

// TestFault would catch a bug that leaves the terminal in disorder, or takes the
// process and the recording in it with it.
func TestFault(t *testing.T) {
	for name, run := range map[string]func(o Options) *Inspector{
		"worker": func(o Options) *Inspector {
			o.Source = faulty{o.Source.(*capture)}
			return New(o)
		},
		"frame": func(o Options) *Inspector {
			i := New(o)
			i.began = func() { i.post(func() { panic("boom") }) }
			return i
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := chat(t)
			screen := &finished{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
			err := run(Options{Source: c, Actions: c, Keys: keys.Default(), Screen: screen}).Run(t.Context())
			fault, ok := errors.AsType[*Fault](err)
			if !ok || fault.Value != "boom" || len(fault.Stack) == 0 {
				t.Errorf("the inspector ended with %v", err)
			}
			if !screen.done {
				t.Error("the terminal was not given back")
			}
		})
	}
}
