package export

import "slices"

// Tally is what an import came to.
type Tally struct {
	// Connections and Messages are how many were given to the sink.
	Connections, Messages uint64
	// Notes say what the sink did not get as the file has it, one of a kind in the
	// order they were met.
	Notes []Note
}

// Note says what became of something that could not be kept as it is.
type Note struct {
	What  string // such as "messages that had been dropped are left out"
	Count uint64
}

// note counts what.
func (t *Tally) note(what string) {
	i := slices.IndexFunc(t.Notes, func(n Note) bool { return n.What == what })
	if i < 0 {
		i = len(t.Notes)
		t.Notes = append(t.Notes, Note{What: what})
	}
	t.Notes[i].Count++
}
