package compare_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/client/compare"
)

// randomObject makes an object whose members are numbered through, so that each is
// told from all others.
func randomObject(random *rand.Rand, depth int, n *int) map[string]any {
	out := map[string]any{}
	for range 2 + random.IntN(5) {
		*n++
		key := fmt.Sprintf("k%d", *n)
		switch random.IntN(4) {
		case 0:
			out[key] = *n
		case 1:
			out[key] = fmt.Sprintf("text %d", *n)
		case 2:
			out[key] = random.IntN(2) == 0
		default:
			if depth == 0 {
				out[key] = nil
			} else {
				out[key] = randomObject(random, depth-1, n)
			}
		}
	}
	return out
}

// edit changes, adds and removes members at random, and returns the changes as list
// writes them, without values.
func edit(random *rand.Rand, path string, o map[string]any) (edits []string) {
	for key, v := range o {
		inner, isObject := v.(map[string]any)
		switch {
		case isObject && random.IntN(8) > 0:
			edits = append(edits, edit(random, path+"."+key, inner)...)
		case random.IntN(8) > 0:
		case random.IntN(2) == 0:
			delete(o, key)
			edits = append(edits, "removed "+path+"."+key)
		default:
			o[key] = "another value"
			edits = append(edits, "changed "+path+"."+key)
		}
	}
	if random.IntN(8) == 0 {
		o["new"] = 1
		edits = append(edits, "added "+path+".new")
	}
	return edits
}

// TestRandomJSONEdits catches a change of JSON that is not told, is told at another
// path or as another kind, and one that was not made.
func TestRandomJSONEdits(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 3))
		n := 0
		o := randomObject(random, 4, &n)
		left, _ := json.Marshal(o)
		want := edit(random, "$", o)
		right, _ := json.MarshalIndent(o, "", "  ")
		d, same := (&compare.Rules{}).Same(text(string(left)), text(string(right)))
		var got []string
		for _, c := range d.Changes {
			got = append(got, c.Kind.String()+" "+c.Path)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || same != (len(want) == 0) {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestRandomArrays catches elements that are told although they are the same: there
// may never be more changes than edits.
func TestRandomArrays(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 4))
		var left, right []int
		edits := 0
		for n := range 100 {
			switch random.IntN(20) {
			case 0:
				left = append(left, n)
				edits++
			case 1:
				right = append(right, n)
				edits++
			case 2:
				left, right = append(left, n), append(right, -n-1)
				edits++
			default:
				left, right = append(left, n), append(right, n)
			}
		}
		a, _ := json.Marshal(left)
		b, _ := json.Marshal(right)
		d, _ := (&compare.Rules{}).Same(text(string(a)), text(string(b)))
		if len(d.Changes) > edits {
			t.Errorf("seed %d: %d changes of %d edits: %s", seed, len(d.Changes), edits, list(d))
		}
	}
}
