package statistics

type timeline struct{}
