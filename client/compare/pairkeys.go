package compare

import (
	"cmp"
	"slices"
)

// pairKeys returns for each member on the left which on the right has its key, -1
// for none. Of members with equal keys the first pairs with the first.
func pairKeys(a *document, left []int32, b *document, right []int32) []int {
	partner := make([]int, len(left))
	inOrder := len(left) == len(right)
	for n := 0; inOrder && n < len(left); n++ {
		partner[n] = n
		inOrder = a.values[left[n]-1].hash == b.values[right[n]-1].hash
	}
	if inOrder {
		return partner
	}
	leftOrder, rightOrder := a.byKey(left), b.byKey(right)
	at := 0
	for _, n := range leftOrder {
		key := a.values[left[n]-1].hash
		for at < len(rightOrder) && b.values[right[rightOrder[at]]-1].hash < key {
			at++
		}
		partner[n] = -1
		if at < len(rightOrder) && b.values[right[rightOrder[at]]-1].hash == key {
			partner[n] = rightOrder[at]
			at++
		}
	}
	return partner
}

// byKey returns the order of members by the hashes of their keys.
func (d *document) byKey(members []int32) []int {
	order := make([]int, len(members))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(d.values[members[i]-1].hash, d.values[members[j]-1].hash)
	})
	return order
}
