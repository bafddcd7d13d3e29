package inspector

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"github.com/wsluice/wsluice/frame"
	"github.com/wsluice/wsluice/store"
)

// TestLive would catch traffic that moves what somebody looks at, a list that does
// not follow, and a pause that does not hold.
func TestLive(t *testing.T) {
	rec, err := store.Create(filepath.Join(t.TempDir(), "live.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reader := rec.Reader()
	defer func() {
		reader.Close()
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := &capture{Reader: reader, Interventions: newTap(), dir: t.TempDir(), marks: make(map[place]Mark)}
	c.status = Status{Recording: true, Address: "127.0.0.1:8080", Open: 1, Rate: 19.6, History: []float64{1, 2, 3}, Insecure: true, Warnings: []string{"the disk is slow"}}
	o := options(c)
	o.Records = true
	r := use(t, o, 130, 40)
	r.see("point an app at the proxy http://127.0.0.1:8080", "● REC", "20/s", "INSECURE", "the disk is slow")
	on := open(t, rec, frame.Connection{URL: "ws://live.example/"})
	say := func(from, to int) {
		for n := from; n <= to; n++ {
			on.text(frame.Server, fmt.Sprintf("message %d", n))
		}
		if err := rec.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	say(1, 50)
	r.see("ws://live.example/", "OPEN", "(1 open)")
	r.press("enter")
	r.see("message 50", "FOLLOW")
	say(51, 60)
	r.see("message 60")
	r.press("up", "up")
	before := r.selected()
	say(61, 200)
	r.rest()
	if after := r.selected(); len(after) != 1 || after[0] != before[0] || !strings.Contains(after[0], "message 58") {
		t.Errorf("new messages moved the selection from %q to %q", before, after)
	}
	r.press("f")
	r.see("message 200", "FOLLOW")
	r.press("space")
	say(201, 207)
	shown := r.see("PAUSED +7")
	if strings.Contains(shown, "message 201") {
		t.Errorf("a paused list goes on:\n%s", shown)
	}
	r.press("space", "G")
	r.see("message 207")
	r.press("/", "7$ is no word", "enter")
	r.see("no message matches")
	r.press("esc", "/", "/message .*7/", "enter", "G")
	r.see("filter: /message .*7/", "message 207")
	say(208, 217)
	r.see("message 217")
	r.press("1", "q")
	r.see("1 connection will end with the recording. Quit? y/n")
	r.press("n")
	r.see("connections 1")
	on.end(frame.ByServer, frame.ByFIN)
}

// TestMouse would catch a click that selects another row than the one under it,
// and a wheel that does nothing.
func TestMouse(t *testing.T) {
	o := options(chat(t))
	o.Mouse = true
	r := use(t, o, 100, 40)
	r.see("connections 4")
	click := func(y int, buttons tcell.ButtonMask) {
		r.screen.InjectMouse(20, y, buttons, tcell.ModNone)
		r.screen.InjectMouse(20, y, tcell.ButtonNone, tcell.ModNone)
	}
	click(6, tcell.Button1)
	r.see("#1", "the server reset the TCP connection")
	r.press("enter", "g")
	r.see("#1 → text")
	click(5, tcell.Button1)
	r.see("#3 → text")
	click(5, tcell.WheelDown)
	r.see("#6 ← text")
	click(30, tcell.Button1)
	r.see("/:search")
}

// TestFilterHistory would catch a filter that has to be typed again.
func TestFilterHistory(t *testing.T) {
	r := use(t, options(chat(t)), 100, 40)
	r.see("connections 4")
	r.press("2", "/", "hello 7", "enter")
	r.see("filter: hello 7")
	r.press("esc", "/", "up")
	r.see("/hello 7")
	r.press("esc", "/", "conn", "tab")
	r.see("/conn")
	r.press("esc", ":", "the", "tab", " ", "tab")
	r.see(":theme default")
	r.press("tab", "tab", "enter")
	r.until(func(string) bool { return r.inspector.o.Theme.Name == "mono" }, "has the theme")
	r.press(":", "nonsense", "enter")
	r.see(`there is no command "nonsense"`)
	r.press(":", "03:04:05", "enter")
	r.rest()
	if got := r.selected(); len(got) != 1 || !strings.Contains(got[0], `"n":0`) {
		t.Errorf("the first message of that time is not selected but %q", got)
	}
}
