package rows

import (
	"math/rand/v2"
	"testing"
)

// TestMarks would catch marks that are not where matches are, and ordinals that
// are off, before and after marks are thinned out.
func TestMarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []*entry
	m := new(marks)
	number := uint64(1)
	check := func() {
		t.Helper()
		for range 200 {
			from := rng.IntN(len(all))
			w := &window{base: rng.Int64N(100) - 50, rows: all[from:min(len(all), from+1+rng.IntN(600))]}
			ord := rng.IntN(len(w.rows))
			got := m.ordinal(w, w.base+int64(ord))
			if got != uint64(from+ord+1) && (got > 0 || uint64(len(w.rows)) >= m.stride) {
				t.Fatalf("row %d is match %d", from+ord+1, got)
			}
			p := all[from].Position
			n := 1 + rng.IntN(100)
			mark, most, ok := m.before(p, n)
			back := 0
			for i := from - 1; i >= 0 && all[i].Compare(mark) >= 0; i-- {
				back++
			}
			if !ok || back > most || most > max(n, int(m.stride)) || (mark == Position{}) != (from == 0) {
				t.Fatalf("the mark before match %d is %v, %d before it, %d at most", from+1, mark, back, most)
			}
			if far := (Position{Number: m.looked + 1 + rng.Uint64N(9)}); m.behind(far) != far {
				t.Fatalf("behind %v comes %v, which was not looked at", far, m.behind(far))
			}
			if next := m.behind(p.behind()); m.stride == 1 && from+1 < len(all) && next != all[from+1].Position {
				t.Fatalf("behind %v comes %v, want %v", p, next, all[from+1].Position)
			}
		}
	}
	for _, size := range []int{1, 2, 100, maxMarks, maxMarks + 1, 5 * maxMarks} {
		for len(all) < size {
			part := 0
			if len(all) > 0 && rng.IntN(4) == 0 {
				part = all[len(all)-1].Part + 1
			} else {
				number += 1 + rng.Uint64N(5)
			}
			all = append(all, &entry{Position: Position{number, part}})
			m.add(Position{number, part})
		}
		m.look(number + 3)
		check()
		if len(m.at) > maxMarks || cap(m.at) > 2*maxMarks {
			t.Fatalf("%d marks", len(m.at))
		}
	}
	m.add(all[0].Position)
	if _, _, ok := m.before(all[5].Position, 1); ok || m.ordinal(&window{rows: all}, 5) != 0 || m.matched != uint64(len(all)+1) {
		t.Error("marks say where matches are after one came late")
	}
}
