package filter

// maxForms is how many forms a clause has at most; each is searched for.
const maxForms = 8

// clause is texts of which a payload must hold one. The empty clause is met by
// nothing, nil stands for no clause.
type clause []*finder

func (c clause) in(s string) bool {
	for _, f := range c {
		if f.in(s) {
			return true
		}
	}
	return false
}

// better reports whether c holds back more than other.
func (c clause) better(other clause) bool {
	return c != nil && (other == nil || c.worth() > other.worth())
}

// worth is higher the longer the shortest form and the fewer the forms are.
func (c clause) worth() int {
	least := maxText
	for _, f := range c {
		least = min(least, len(f.lower))
	}
	return least*(maxForms+1) - len(c)
}
