package rows

import (
	"slices"
	"sync"
)

// maxMarks is how many marks are kept. Up to so many matches each has one, so
// that the few that match among millions are found again at once.
const maxMarks = 1 << 15

// marks say where the matches of a query are: every stride-th, from the first.
type marks struct {
	mu      sync.Mutex
	at      []Position
	stride  uint64
	matched uint64
	tip     Position // of the last match
	// looked is the number of the last record that was looked at.
	looked uint64
	// late is set when a match came out behind its place. The marks say nothing
	// about what is between them then.
	late bool
}

// add notes the next match.
func (m *marks) add(p Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.matched++
	if m.matched > 1 && p.Compare(m.tip) <= 0 {
		m.late = true
		return
	}
	m.tip = p
	if m.stride == 0 {
		m.stride = 1
	}
	if (m.matched-1)%m.stride != 0 {
		return
	}
	if len(m.at) == maxMarks {
		for i := range maxMarks / 2 {
			m.at[i] = m.at[2*i]
		}
		m.at, m.stride = m.at[:maxMarks/2], 2*m.stride
	}
	m.at = append(m.at, p)
}

// look notes up to which record all matches were added.
func (m *marks) look(number uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked = number
}

// ordinal returns which match the row of w with the given ordinal is, from 1, or
// 0 when that is not known.
func (m *marks) ordinal(w *window, ord int64) uint64 {
	if m == nil || len(w.rows) == 0 {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.late || m.matched == 0 {
		return 0
	}
	i, _ := slices.BinarySearchFunc(m.at, w.rows[0].Position, Position.Compare)
	if i < len(m.at) {
		if at, found := w.search(m.at[i]); found {
			return uint64(int64(uint64(i)*m.stride+1) + ord - at)
		}
	}
	if at, found := w.search(m.tip); found {
		return uint64(int64(m.matched) + ord - at)
	}
	return 0
}

// farFrom reports whether which matches the rows of w are can be found out by
// reading some more of those before.
func (m *marks) farFrom(w *window) bool {
	const most = maxRows / 4
	if m == nil || w.first || len(w.rows) == 0 {
		return false
	}
	m.mu.Lock()
	known := !m.late && m.stride > 1 && m.stride <= most && m.looked >= w.lo.Number
	m.mu.Unlock()
	return known && m.ordinal(w, w.base) == 0
}

// before returns a mark before p, the last one or, where matches are close
// together, one up to n matches before p. There are no more than most matches
// from there up to p. It returns false when that is not known, and the zero
// Position when no match is before p.
func (m *marks) before(p Position, n int) (mark Position, most int, ok bool) {
	if m == nil {
		return Position{}, 0, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.late || p.Number > m.looked+1 || p.Number == m.looked+1 && p.Part > 0 {
		return Position{}, 0, false
	}
	end, _ := slices.BinarySearchFunc(m.at, p, Position.Compare)
	if end == 0 {
		return Position{}, 0, true
	}
	i := end - 1
	for i > 0 && uint64(end-i+1)*m.stride <= uint64(n) && p.Number-m.at[i-1].Number <= nearby {
		i--
	}
	return m.at[i], (end - i) * int(m.stride), true
}

// behind returns a position at or behind p before which there is no match, the
// furthest one that is known.
func (m *marks) behind(p Position) Position {
	if m == nil {
		return p
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.late || m.stride > 1 {
		return p
	}
	i, _ := slices.BinarySearchFunc(m.at, p, Position.Compare)
	next := Position{Number: m.looked + 1}
	if i < len(m.at) {
		next = m.at[i]
	}
	if next.Compare(p) < 0 {
		return p
	}
	return next
}
