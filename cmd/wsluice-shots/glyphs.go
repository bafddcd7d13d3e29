package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// Fonts leave gaps between lines and blocks, and Go Mono has few marks: these are
// drawn by hand.

// The middle of a cell.
const (
	middleX = cellWidth / 2
	middleY = cellHeight / 2
)

// drawGlyph draws r into the cell at, and reports whether it is one of those that
// are drawn by hand.
func drawGlyph(img *image.RGBA, at image.Rectangle, r rune, ink color.RGBA) bool {
	c := canvas{img, at, image.NewUniform(ink)}
	switch {
	case boxes[r] != "":
		c.box(boxes[r])
	case r >= 0x2580 && r <= 0x259F:
		c.block(r)
	case r >= 0x2800 && r <= 0x28FF:
		c.braille(byte(r))
	case shapes[r] != nil:
		c.shape(shapes[r])
	case r >= 0x2400 && r <= 0x2421:
		// The pictures of control characters, whose letters a cell has no room for.
		c.shape(controlPicture)
	default:
		return false
	}
	return true
}

// canvas is a cell that is drawn on, with coordinates of its own.
type canvas struct {
	img *image.RGBA
	at  image.Rectangle
	ink *image.Uniform
}

// rectangle fills from x0, y0 to before x1, y1.
func (c canvas) rectangle(x0, y0, x1, y1 int) {
	draw.Draw(c.img, image.Rect(x0, y0, x1, y1).Add(c.at.Min).Intersect(c.at), c.ink, image.Point{}, draw.Src)
}

// boxes has, for a line character, the arms to the left, right, up and down: none,
// light, heavy or double.
var boxes = map[rune]string{
	'─': "1100", '│': "0011", '┌': "0101", '┐': "1001", '└': "0110", '┘': "1010", '├': "0111", '┤': "1011", '┬': "1101", '┴': "1110", '┼': "1111",
	'━': "2200", '┃': "0022", '┏': "0202", '┓': "2002", '┗': "0220", '┛': "2020", '┣': "0222", '┫': "2022", '┳': "2202", '┻': "2220", '╋': "2222",
	'═': "3300", '║': "0033", '╔': "0303", '╗': "3003", '╚': "0330", '╝': "3030", '╠': "0333", '╣': "3033", '╦': "3303", '╩': "3330", '╬': "3333",
	'╭': "0101", '╮': "1001", '╰': "0110", '╯': "1010", '╴': "1000", '╶': "0100", '╵': "0010", '╷': "0001",
}

func (c canvas) box(arms string) {
	left, right, up, down := arms[0], arms[1], arms[2], arms[3]
	for _, arm := range []struct {
		weight, opposite, before, after byte
		way                             int
		line                            func(offset, near, thickness, way int)
	}{
		{left, right, up, down, -1, c.horizontal}, {right, left, up, down, 1, c.horizontal},
		{up, down, left, right, -1, c.vertical}, {down, up, left, right, 1, c.vertical},
	} {
		switch arm.weight {
		case '1':
			arm.line(0, 0, 1, arm.way)
		case '2':
			arm.line(-1, -arm.way, 3, arm.way)
		case '3':
			for offset, beside := range map[int]byte{-2: arm.before, 2: arm.after} {
				near := -2 * arm.way
				switch {
				case beside == '3':
					near = 2 * arm.way
				case arm.opposite == '3':
					near = 0
				}
				arm.line(offset, near, 1, arm.way)
			}
		}
	}
}

// horizontal draws from near, counted from the middle, to the edge on one side.
func (c canvas) horizontal(offset, near, thickness, way int) {
	x0, x1 := middleX+near, cellWidth
	if way < 0 {
		x0, x1 = 0, middleX+near+1
	}
	c.rectangle(x0, middleY+offset, x1, middleY+offset+thickness)
}

func (c canvas) vertical(offset, near, thickness, way int) {
	y0, y1 := middleY+near, cellHeight
	if way < 0 {
		y0, y1 = 0, middleY+near+1
	}
	c.rectangle(middleX+offset, y0, middleX+offset+thickness, y1)
}

// quadrants has bits for upper left, upper right, lower left and lower right, of
// the characters from U+2596.
var quadrants = [...]byte{0b0010, 0b0001, 0b1000, 0b1011, 0b1001, 0b1110, 0b1101, 0b0100, 0b0110, 0b0111}

func (c canvas) block(r rune) {
	const w, h = cellWidth, cellHeight
	eighth := func(n rune, of int) int { return (int(n)*of + 4) / 8 }
	switch {
	case r == 0x2580:
		c.rectangle(0, 0, w, eighth(4, h))
	case r <= 0x2588:
		c.rectangle(0, h-eighth(r-0x2580, h), w, h)
	case r <= 0x258F:
		c.rectangle(0, 0, eighth(0x2590-r, w), h)
	case r == 0x2590:
		c.rectangle(eighth(4, w), 0, w, h)
	case r <= 0x2593:
		alpha := color.Alpha{uint8(64 * (r - 0x2590))}
		draw.DrawMask(c.img, c.at, c.ink, image.Point{}, image.NewUniform(alpha), image.Point{}, draw.Over)
	case r == 0x2594:
		c.rectangle(0, 0, w, eighth(1, h))
	case r == 0x2595:
		c.rectangle(w-eighth(1, w), 0, w, h)
	default:
		bits := quadrants[r-0x2596]
		x, y := eighth(4, w), eighth(4, h)
		for i, q := range [4][4]int{{0, 0, x, y}, {x, 0, w, y}, {0, y, x, h}, {x, y, w, h}} {
			if bits&(8>>i) != 0 {
				c.rectangle(q[0], q[1], q[2], q[3])
			}
		}
	}
}

// braille draws the dots of U+2800 to U+28FF: the bits stand for three rows of the
// left column, three of the right one, and the fourth row.
func (c canvas) braille(bits byte) {
	columns, rows := [2]int{1, 6}, [4]int{1, 6, 11, 16}
	for i, dot := range [8][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}} {
		if bits&(1<<i) != 0 {
			x, y := columns[dot[0]], rows[dot[1]]
			c.rectangle(x, y, x+2, y+2)
		}
	}
}

// point is a place in a cell in pixels.
type point struct{ x, y float32 }

// shapes are the marks, as polygons.
var shapes = map[rune][][]point{
	'▸': {{{2, 5.5}, {7.5, 9.5}, {2, 13.5}}},
	'▾': {{{0.5, 7}, {8.5, 7}, {4.5, 12.5}}},
	'●': {disc(4.5, 9.5, 3.4)},
	'⚑': {{{1, 3}, {2.4, 3}, {2.4, 16}, {1, 16}}, {{2.4, 3}, {8.5, 6}, {2.4, 9}}},
	'⋮': {disc(4.5, 4.5, 1.2), disc(4.5, 9.5, 1.2), disc(4.5, 14.5, 1.2)},
	'✓': stroke(1.6, point{1, 10}, point{3.5, 13}, point{8, 5.5}),
	'✗': append(stroke(1.6, point{1.3, 6}, point{7.7, 13}), stroke(1.6, point{7.7, 6}, point{1.3, 13})...),
}

// controlPicture is a box that is crossed out.
var controlPicture = append(stroke(1, point{1, 4}, point{8, 4}, point{8, 15}, point{1, 15}, point{1, 4}),
	stroke(1, point{2, 13.5}, point{7, 5.5})...)

// disc is a circle, near enough.
func disc(x, y, radius float64) []point {
	points := make([]point, 24)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(points)))
		points[i] = point{float32(x + radius*sin), float32(y - radius*cos)}
	}
	return points
}

// stroke returns a line along the points.
func stroke(thickness float32, points ...point) [][]point {
	var polygons [][]point
	for i := range len(points) - 1 {
		a, b := points[i], points[i+1]
		dx, dy := b.x-a.x, b.y-a.y
		scale := thickness / 2 / float32(math.Hypot(float64(dx), float64(dy)))
		dx, dy = dx*scale, dy*scale
		polygons = append(polygons, []point{
			{a.x - dx - dy, a.y - dy + dx}, {b.x + dx - dy, b.y + dy + dx},
			{b.x + dx + dy, b.y + dy - dx}, {a.x - dx + dy, a.y - dy - dx},
		})
	}
	return polygons
}

func (c canvas) shape(polygons [][]point) {
	for _, polygon := range polygons {
		c.fill(polygon)
	}
}

// fill fills a polygon with smooth edges.
func (c canvas) fill(polygon []point) {
	r := vector.NewRasterizer(c.at.Dx(), c.at.Dy())
	r.MoveTo(polygon[0].x, polygon[0].y)
	for _, p := range polygon[1:] {
		r.LineTo(p.x, p.y)
	}
	r.ClosePath()
	r.Draw(c.img, c.at, c.ink, image.Point{})
}
