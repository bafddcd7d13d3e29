package compare

import "github.com/wsluice/wsluice/frame"

func (r *Rules) differ(a, b *frame.Message) (Difference, bool) { return Difference{}, true }
