package demo

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// people are who is in the chat room.
var people = []string{"Ada", "Noor", "Kenji"}

// lines is what they say, over and over, each so long after the one before.
var lines = []struct {
	who   string
	after int // milliseconds
	text  string
}{
	{"Ada", 600, "morning all ☀️ ferry's late again"},
	{"Noor", 1500, "صباح الخير! كم دقيقة هذه المرة؟"},
	{"Ada", 1800, "they say 20 min… so 40 😅"},
	{"Kenji", 1600, "了解です。港で待っています 🚢"},
	{"Noor", 2000, "שלום to whoever maintains the timetable 👋"},
	{"Ada", 1700, "café at pier 3? naïve question, I know ☕"},
	{"Kenji", 2100, "いいね👍🏽 👩‍👩‍👧‍👦 も来ます"},
	{"Noor", 1500, "here is the config that broke the display:\n\n  display:\n    rows: 4\n    scroll: true   # <- should be \"auto\"\n\nwith \"auto\" it works"},
	{"Ada", 2400, "long version, for the record: " + strings.Repeat("the 07:40 leaves when the 07:20 has left, which leaves when the bridge is down, which is down when no ship is due; ", 18) + "so never on time 🤷"},
	{"Kenji", 2200, "Zażółć gęślą jaźń ✓ ﷺ ≠ ∞ — fonts look fine here"},
	{"Noor", 1600, "https://ferries.test/live?pier=3&lang=ar 🔗"},
	{"Ada", 1500, "🎉🎉🎉 it's moving"},
}

// chatAs returns the client of one of the people.
func chatAs(who string) func(*actor) error {
	return func(a *actor) error {
		for id := 1; ; {
			var wait time.Duration
			for _, line := range lines {
				wait += time.Duration(line.after) * time.Millisecond
				if line.who != who {
					continue
				}
				typing := min(wait, 900*time.Millisecond)
				if err := a.pause(wait - typing); err != nil {
					return err
				}
				if err := a.say(record{{"type", "typing"}}); err != nil {
					return err
				}
				if err := a.pause(typing); err != nil {
					return err
				}
				if err := a.say(record{{"type", "message"}, {"ref", fmt.Sprintf("%s-%d", strings.ToLower(who), id)}, {"text", line.text}}); err != nil {
					return err
				}
				id++
				wait = 0
			}
			if err := a.pause(wait); err != nil {
				return err
			}
		}
	}
}

// room is the server of the chat.
type room struct {
	lock    sync.Mutex
	members map[string]chan record // by name
	said    int
}

func newRoom() *room { return &room{members: make(map[string]chan record)} }

// host returns the server's end of one member's connection.
func (r *room) host(who string) func(*actor) error {
	return func(a *actor) error {
		heard := make(chan record, 32)
		if err := a.say(record{{"type", "welcome"}, {"room", "harbour"}, {"you", who}, {"members", r.join(who, heard)}}); err != nil {
			return err
		}
		defer r.leave(who)
		for {
			select {
			case m := <-a.inbox:
				if err := r.take(a, who, m); err != nil {
					return err
				}
			case event := <-heard:
				if err := a.say(event); err != nil {
					return err
				}
			case <-a.over:
				return errOver
			case <-a.ctx.Done():
				return a.ctx.Err()
			}
		}
	}
}

func (r *room) take(a *actor, who string, m message) error {
	var said struct{ Type, Ref, Text string }
	if err := json.Unmarshal(m.payload, &said); err != nil {
		return a.leave(frame.InvalidPayload, "not JSON")
	}
	if said.Type == "typing" {
		r.tell(who, record{{"type", "typing"}, {"from", who}})
		return nil
	}
	id := r.number()
	r.tell(who, record{{"type", "message"}, {"id", id}, {"from", who}, {"text", said.Text}})
	return a.say(record{{"type", "delivered"}, {"ref", said.Ref}, {"id", id}})
}

func (r *room) join(who string, heard chan record) (members list) {
	r.tell(who, record{{"type", "joined"}, {"who", who}})
	r.lock.Lock()
	defer r.lock.Unlock()
	r.members[who] = heard
	for _, name := range people {
		if r.members[name] != nil {
			members = append(members, name)
		}
	}
	return members
}

func (r *room) leave(who string) {
	r.lock.Lock()
	delete(r.members, who)
	r.lock.Unlock()
	r.tell(who, record{{"type", "left"}, {"who", who}})
}

func (r *room) number() int {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.said++
	return r.said
}

// tell gives an event to everybody but who. One that does not keep up misses it.
func (r *room) tell(who string, event record) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for name, heard := range r.members {
		if name == who {
			continue
		}
		select {
		case heard <- event:
		default:
		}
	}
}

// intrude is a guest in a room that is not for guests.
func intrude(a *actor) error {
	for _, text := range []string{"hi, is this the support room?", "hello?", "anybody 👀"} {
		if err := a.pause(420 * time.Millisecond); err != nil {
			return err
		}
		if err := a.say(record{{"type", "message"}, {"text", text}}); err != nil {
			return err
		}
	}
	return a.until(func(message) error { return nil })
}

// sendAway is the server of intrude.
func sendAway(a *actor) error {
	if err := a.say(record{{"type", "welcome"}, {"room", "staff"}, {"you", a.query("as")}, {"rights", list{"read"}}}); err != nil {
		return err
	}
	warnings := 0
	return a.until(func(message) error {
		warnings++
		if warnings == 3 {
			return a.leave(frame.PolicyViolation, "guests may not write in this room")
		}
		return a.say(record{{"type", "error"}, {"code", "read_only"}, {"warnings", warnings}})
	})
}
