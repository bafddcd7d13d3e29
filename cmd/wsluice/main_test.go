package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes the test binary a wsluice for the scripts, and checks that no
// goroutine outlives the tests.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"wsluice": main, "talk": talk})
}

type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println("goroutine leak:", err.Error())
			return 1
		}
	}
	return code
}

// TestScripts runs the subcommands as users do. Two commands of its own make
// captures: capture FILE writes a small fixed one, record FILE FLAGS… runs a
// real wsluice proxy with real traffic through it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		UpdateScripts: os.Getenv("UPDATE") != "",
		Dir:           "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("WSLUICE_HOME", e.WorkDir+"/home")
			e.Setenv("NO_COLOR", "1")
			e.Setenv("TZ", "UTC")
			e.Values[liveKey{}] = new(liveRecorder)
			e.Values[peersKey{}] = new(peers)
			e.Values[dialogKey{}] = new(dialog)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"capture":  scriptCapture,
			"record":   scriptRecord,
			"occupy":   scriptOccupy,
			"recorder": scriptRecorder,
			"live":     scriptLive,
			"peers":    scriptPeers,
			"dialog":   scriptDialog,
			"shorten":  scriptShorten,
			"newer":    scriptNewer,
			"harm":     scriptHarm,
		},
	})
}
