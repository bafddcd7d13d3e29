package demo

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// upload sends a picture in fragments.
func upload(a *actor) error {
	picture := picture(a)
	if err := a.say(record{{"upload", record{{"name", fmt.Sprintf("harbour-%02d.png", a.visit+1)}, {"type", "image/png"}, {"size", len(picture)}}}}); err != nil {
		return err
	}
	if _, err := a.hear(); err != nil {
		return err
	}
	const parts = 5
	opcode := frame.Binary
	for i := range parts {
		from, to := i*len(picture)/parts, (i+1)*len(picture)/parts
		if err := a.peer.frame(frame.Header{Fin: i == parts-1, Opcode: opcode}, picture[from:to]); err != nil {
			return err
		}
		opcode = frame.Continuation
		if err := a.pause(180 * time.Millisecond); err != nil {
			return err
		}
	}
	return a.until(func(message) error { return nil })
}

// takeUpload is the server of upload. It pings in the middle, where control
// frames may stand between fragments (RFC 6455 section 5.4).
func takeUpload(a *actor) error {
	if _, err := a.hear(); err != nil {
		return err
	}
	if err := a.say(record{{"ready", true}, {"chunk", 4096}, {"resume", token(a, "https://media.test")}}); err != nil {
		return err
	}
	stored := false
	take := func(m message) error {
		if m.opcode != frame.Binary {
			return nil
		}
		stored = true
		sum := sha256.Sum256(m.payload)
		text := appendJSON(nil, record{{"stored", true}, {"bytes", len(m.payload)}, {"sha256", fmt.Sprintf("%x", sum)}, {"url", "https://media.test/p/01JDA7"}})
		// In two frames, the first of them cut within a word.
		half := len(text) / 2
		if err := a.peer.frame(frame.Header{Opcode: frame.Text}, text[:half]); err != nil {
			return err
		}
		return a.peer.frame(frame.Header{Fin: true}, text[half:])
	}
	for !stored {
		if err := a.during(400*time.Millisecond, take); err != nil {
			return err
		}
		if !stored {
			if err := a.peer.send(frame.Ping, []byte("still there?")); err != nil {
				return err
			}
		}
	}
	return a.leave(frame.NormalClosure, "done")
}

// picture returns a small PNG of a sunset over water.
func picture(a *actor) []byte {
	const width, height = 120, 80
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	sun := 30 + a.rng.Float64()*60
	for y := range height {
		for x := range width {
			light := 255 / (1 + math.Hypot(float64(x)-sun, float64(y)-34)/14)
			if y > 40 {
				light *= 0.6 + 0.4*math.Sin(float64(y*y)/20+float64(x)/7)
			}
			img.SetRGBA(x, y, color.RGBA{uint8(light), uint8(light * 0.6), uint8(40 + float64(y)/2), 255})
		}
	}
	var out bytes.Buffer
	// A buffer takes everything, and the picture has a size.
	_ = png.Encode(&out, img)
	return out.Bytes()
}
