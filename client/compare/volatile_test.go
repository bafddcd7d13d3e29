package compare

import "testing"

// Catches ids drawn at random that are not known as such when their member says
// that they are ids, and names that are.
func TestNamedTokens(t *testing.T) {
	for value, want := range map[string]bool{
		`"bas-_qqN-8gzbuQHAAAA"`:   true,
		`"Zq3kVbN_0aWx9LmRAAAB"`:   true,
		`"customer-order-history"`: false,
		`"CustomerOrderHistory"`:   false,
		`"short"`:                  false,
	} {
		if got := volatile(text, []byte(`"sid"`), []byte(value)) != 0; got != want {
			t.Errorf("sid %s: volatile %v, want %v", value, got, want)
		}
	}
	if volatile(text, []byte(`"name"`), []byte(`"bas-_qqN-8gzbuQHAAAA"`)) != 0 {
		t.Error("the same value under another name is volatile")
	}
}
