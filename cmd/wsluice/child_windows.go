package main

import "os"

// childSignals are what wsluice gets as well as its child: Windows tells all
// processes of a console.
var childSignals = []os.Signal{os.Interrupt}

func forwarded(os.Signal) bool { return false }

func signalStatus(*os.ProcessState) (status int, ok bool) { return 0, false }
