package main

import "image/color"

// palette is the colours of a terminal.
type palette struct {
	foreground, background color.RGBA
	base                   [16]color.RGBA
}

func rgb(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

func colours(foreground, background uint32, base [16]uint32) *palette {
	p := &palette{foreground: rgb(foreground), background: rgb(background)}
	for i, v := range base {
		p.base[i] = rgb(v)
	}
	return p
}

var (
	dark = colours(0xd5d8de, 0x16191f, [16]uint32{
		0x2a2f38, 0xe06c75, 0x8fc379, 0xd9b26f, 0x6aa9ef, 0xc07fdc, 0x58b8c4, 0xc6cad2,
		0x6b7280, 0xf28b92, 0xa9d990, 0xefce8f, 0x8dc1fa, 0xd6a0ee, 0x7fd3dd, 0xf2f4f8,
	})
	light = colours(0x24292f, 0xfcfcfa, [16]uint32{
		0x24292f, 0xb3261e, 0x2c7a2c, 0x8a5f00, 0x1f5fbf, 0x8b35ad, 0x0b7285, 0x8c939c,
		0x57606a, 0xd1362d, 0x3a943a, 0xa87400, 0x2f74d8, 0xa34fc4, 0x1489a0, 0xb8bec6,
	})
)

// of returns what a colour looks like, where the default is fallback.
func (p *palette) of(c colour, fallback color.RGBA) color.RGBA {
	switch c.kind {
	case direct:
		return color.RGBA{c.r, c.g, c.b, 255}
	case indexed:
		return p.indexed(c.index)
	}
	return fallback
}

// indexed returns one of the 256 colours: 16 of the palette's own, a cube of 6
// levels, and 24 greys.
func (p *palette) indexed(i uint8) color.RGBA {
	switch {
	case i < 16:
		return p.base[i]
	case i >= 232:
		grey := 8 + 10*(i-232)
		return color.RGBA{grey, grey, grey, 255}
	}
	level := func(n uint8) uint8 {
		if n == 0 {
			return 0
		}
		return 55 + 40*n
	}
	i -= 16
	return color.RGBA{level(i / 36), level(i / 6 % 6), level(i % 6), 255}
}

// inks returns the colours in which a cell with that look is drawn.
func (p *palette) inks(l look) (ink, paper color.RGBA) {
	ink, paper = p.of(l.foreground, p.foreground), p.of(l.background, p.background)
	if l.reverse {
		ink, paper = paper, ink
	}
	if l.dim {
		ink = mix(ink, paper, 0.42)
	}
	return ink, paper
}

// mix returns a with a share of b.
func mix(a, b color.RGBA, share float64) color.RGBA {
	blend := func(a, b uint8) uint8 { return uint8(float64(a)*(1-share) + float64(b)*share + 0.5) }
	return color.RGBA{blend(a.R, b.R), blend(a.G, b.G), blend(a.B, b.B), 255}
}
