package demo

import (
	"time"

	"github.com/wsluice/wsluice/frame"
)

// watchStation reads a sensor and, when it was cut off, asks for what it has
// missed.
func watchStation(a *actor) error {
	if err := a.say(record{{"watch", record{{"station", a.query("station")}, {"after", int(a.visit) * 40}}}}); err != nil {
		return err
	}
	return a.until(func(message) error { return nil })
}

// breakOff is the server of watchStation, whose process dies now and then.
func breakOff(a *actor) error {
	readings := 4
	if a.visit > 0 {
		readings = 18 + a.rng.IntN(12)
	}
	for i := range readings {
		if err := a.pause(400 * time.Millisecond); err != nil {
			return err
		}
		err := a.say(record{
			{"n", int(a.visit)*40 + i}, {"at", a.now}, {"water_cm", 412 + a.rng.IntN(40)},
			{"wind", record{{"ms", round(4+a.rng.Float64()*9, 1)}, {"from", []string{"SW", "W", "NW"}[a.rng.IntN(3)]}}},
			{"air_c", round(9+a.rng.NormFloat64(), 1)},
		})
		if err != nil {
			return err
		}
	}
	return a.reset()
}

// watchBoard is an old client that takes anything.
func watchBoard(a *actor) error {
	if err := a.peer.send(frame.Text, []byte("HELLO board/0.9")); err != nil {
		return err
	}
	return a.until(func(message) error { return nil })
}

// breakRules is a server that nobody has looked after for long.
func breakRules(a *actor) error {
	steps := []func() error{
		func() error { return a.peer.send(frame.Text, []byte("PIER 3  07:40  LATE 20 MIN")) },
		func() error {
			return a.peer.frame(frame.Header{Fin: true, Opcode: frame.Text, RSV: frame.RSV2}, []byte("PIER 4  08:05  ON TIME"))
		},
		func() error {
			return a.peer.frame(frame.Header{Fin: true, Opcode: frame.Text, Masked: true}, []byte("PIER 1  08:10  ON TIME"))
		},
		// Latin-1 where UTF-8 is due.
		func() error { return a.peer.send(frame.Text, []byte("PIER 2  08:20  SP\xc4TER")) },
		func() error {
			return a.peer.frame(frame.Header{Fin: true, Opcode: frame.Text, Extended: 2}, []byte("PIER 3  08:30  CANCELLED"))
		},
		func() error { return a.peer.close(frame.AppendClose(nil, frame.NoStatusReceived, "bye")) },
	}
	for _, step := range steps {
		if err := a.pause(300 * time.Millisecond); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	return a.until(func(message) error { return nil })
}
