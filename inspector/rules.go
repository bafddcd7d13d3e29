package inspector

type rulesScreen struct{ *help }

func newRules(r *root) *rulesScreen { return &rulesScreen{newHelp(r, 0)} }
