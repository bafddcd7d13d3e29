package compare_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wsluice/wsluice/client/compare"
	"github.com/wsluice/wsluice/frame"
)

// conversation makes a conversation of messages, each numbered by its place.
func conversation(messages []*frame.Message) compare.Conversation {
	at := 0
	return compare.Conversation{
		Next: func() (*frame.Message, error) {
			if at == len(messages) {
				return nil, io.EOF
			}
			at++
			m := *messages[at-1]
			m.Seq = uint64(at)
			return &m, nil
		},
		Load: func(seq uint64) (*frame.Message, error) { return messages[seq-1], nil },
	}
}

// said makes messages of lines such as "> text", from the client, and "< text".
func said(lines string) (out []*frame.Message) {
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		m := text(line[2:])
		if line[0] == '<' {
			m.From = frame.Server
		}
		out = append(out, m)
	}
	return out
}

// outcome writes a result as its pairs, such as "=1:1 ~2:3 -4 +5 ^6:7".
func outcome(r *compare.Result) string {
	var out []string
	for _, p := range r.Pairs {
		switch p.Outcome {
		case compare.OnlyLeft:
			out = append(out, fmt.Sprintf("-%d", p.Left))
		case compare.OnlyRight:
			out = append(out, fmt.Sprintf("+%d", p.Right))
		default:
			out = append(out, fmt.Sprintf("%c%d:%d", "=~  ^"[p.Outcome], p.Left, p.Right))
		}
	}
	return strings.Join(out, " ")
}

// TestConversations catches messages that are paired with the wrong ones.
func TestConversations(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		window      int
		left, right string
		want        string
	}{
		{"equal", "", 0, "> a\n< b", "> a\n< b", "=1:1 =2:2"},
		{"nothing", "", 0, "", "", ""},
		{"all new", "", 0, "", "> a\n< b", "+1 +2"},
		{"all gone", "", 0, "> a\n< b", "", "-1 -2"},
		{"one changed", "", 0, "> a\n> b1\n> c", "> a\n> b2\n> c", "=1:1 ~2:2 =3:3"},
		{"one new", "", 0, "> a\n> c", "> a\n> b\n> c", "=1:1 +2 =2:3"},
		{"one gone", "", 0, "> a\n> b\n> c", "> a\n> c", "=1:1 -2 =3:2"},
		{"the sides cross", "", 0, "> a\n< b\n> c", "> a\n> c\n< b", "=1:1 =2:3 =3:2"},
		{"what is alike is paired", "", 0,
			`> {"type":"x","n":1}` + "\n" + `> {"type":"y","n":2}`,
			`> {"type":"new","k":1}` + "\n" + `> {"type":"x","n":5}` + "\n" + `> {"type":"y","n":2}`, "+1 ~1:2 =2:3"},
		{"one in the place of another", "", 0,
			`> {"type":"x","name":"anna","city":"bonn","n":1}` + "\n> other\n> words",
			"> some\n> other\n" + `> {"type":"x","name":"anna","city":"bonn","n":1,"m":2}`, "~1:1 =2:2 ~3:3"},
		{"moved", "", 2, "> a\n> b\n> c\n> d", "> b\n> c\n> a\n> d", "^1:3 =2:1 =3:2 =4:4"},
		{"moved too far", "", 1, "> a\n> b\n> c\n> d", "> b\n> c\n> a\n> d", "-1 =2:1 =3:2 +3 =4:4"},
		{"moved far from the beginning", "", 1, "> 1\n> 2\n> 3\n> 4\n> a\n> b", "> 1\n> 2\n> 3\n> 4\n> b\n> a", "=1:1 =2:2 =3:3 =4:4 ^5:6 =6:5"},
		{"nothing in common", "", 0, "> alpha beta\n> end", "> one two\n> three four\n> end", "-1 +1 +2 =2:3"},
		{"moved, and one in its place", "", 3, "> a\n> b\n> c", "> x\n> b\n> c\n> a", "+1 ^1:4 =2:2 =3:3"},
		{"ignored", "ignore=$.ts", 0, `> {"a":1,"ts":1}`, `> {"a":1,"ts":2}`, "=1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rules(t, c.rules)
			r.Window = c.window
			got, err := r.Conversations(t.Context(), conversation(said(c.left)), conversation(said(c.right)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if outcome(got) != c.want {
				t.Errorf("got %s, want %s", outcome(got), c.want)
			}
			if same := !strings.ContainsAny(c.want, "~-+"); got.Same() != same {
				t.Errorf("same %t, want %t", got.Same(), same)
			}
		})
	}
}

// TestSubstitutions catches the id of a session that is told again and again, and a
// change that is taken for one.
func TestSubstitutions(t *testing.T) {
	r := rules(t, "detect")
	got, err := r.Conversations(t.Context(),
		conversation(said(`< {"session":"abc123","status":"state1new"}
			> {"join":"abc123"}
			< {"joined":"abc123","status":"state1new","n":1}
			< {"status":"state1new","room":"kitchen"}
			< {"status":"state1new","twice":1}
			< {"status":"state1new","twice":2}`)),
		conversation(said(`< {"session":"xyz789","status":"state2new"}
			> {"join":"xyz789"}
			< {"joined":"xyz789","status":"state3new","n":1}
			< {"status":"state1new","room":"garden"}
			< {"status":"state2new","twice":1}
			< {"status":"state3new","twice":2}`)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []compare.Substitution{{`"abc123"`, `"xyz789"`, "$.session", 3}}; !slices.Equal(got.Substitutions, want) {
		t.Errorf("substitutions %v, want %v", got.Substitutions, want)
	}
	if want := "~1:1 =2:2 ~3:3 ~4:4 ~5:5 ~6:6"; outcome(got) != want {
		t.Errorf("got %s, want %s", outcome(got), want)
	}
	d, err := got.Difference(got.Pairs[0])
	if want := `$.status "state1new">"state2new"`; err != nil || list(d) != want {
		t.Errorf("difference %s, %v, want %s", list(d), err, want)
	}
}

// TestDetectedPaths catches a counter that is told again and again, and a path that
// is taken for one although a value on it is the same once.
func TestDetectedPaths(t *testing.T) {
	var left, right strings.Builder
	for i := range 5 {
		fmt.Fprintf(&left, "< {\"seq\":%d,\"msgId\":\"m%d\",\"v\":%d}\n", i, i, i)
		fmt.Fprintf(&right, "< {\"seq\":%d,\"msgId\":\"m%d\",\"v\":%d}\n", 100+i*i, i*i*i*i, i)
	}
	got, err := rules(t, "detect").Conversations(t.Context(), conversation(said(left.String())), conversation(said(right.String())), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"$.seq"}; !slices.Equal(got.Detected, want) {
		t.Errorf("detected %v, want %v", got.Detected, want)
	}
	if want := "=1:1 =2:2 ~3:3 ~4:4 ~5:5"; outcome(got) != want {
		t.Errorf("got %s, want %s", outcome(got), want)
	}
	got, err = rules(t, "").Conversations(t.Context(), conversation(said(left.String())), conversation(said(right.String())), nil)
	if err != nil || got.Count[compare.Differs] != 5 || len(got.Detected) > 0 {
		t.Errorf("without detection: %v, %v", outcome(got), err)
	}
}

// TestConversationErrors catches an error or a wish to end that is not heard.
func TestConversationErrors(t *testing.T) {
	broken := errors.New("broken")
	bad := compare.Conversation{Next: func() (*frame.Message, error) { return nil, broken }}
	good := conversation(said("> a1"))
	if _, err := (&compare.Rules{}).Conversations(t.Context(), good, bad, nil); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the conversation", err)
	}
	other := conversation(said("> a2"))
	other.Load = func(uint64) (*frame.Message, error) { return nil, broken }
	if _, err := (&compare.Rules{}).Conversations(t.Context(), conversation(said("> a1")), other, nil); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of loading", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&compare.Rules{}).Conversations(ctx, conversation(nil), conversation(nil), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// TestRandomEdits catches an alignment that tells more, or something else, than was
// edited.
func TestRandomEdits(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var left, right []*frame.Message
		edits := map[compare.Outcome]int{}
		same := 0
		free := 0 // how many messages must stay as they are, so that edits are told apart
		for n := range 50 + random.IntN(600) {
			m := text(fmt.Sprintf(`{"type":"event%d","number":%d,"user":{"name":"user %d"}}`, n%7, n, random.IntN(1000)))
			m.From = frame.Side(random.IntN(2))
			if free--; free > 0 || random.IntN(3) > 0 {
				left, right = append(left, m), append(right, m)
				same++
				continue
			}
			free = 24
			switch kind := compare.Outcome(1 + random.IntN(3)); kind {
			case compare.Differs:
				changed := *m
				changed.Payload = []byte(strings.Replace(string(m.Payload), `"user `, `"person `, 1))
				left, right = append(left, m), append(right, &changed)
				edits[kind]++
			case compare.OnlyLeft:
				left = append(left, m)
				edits[kind]++
			case compare.OnlyRight:
				right = append(right, m)
				edits[kind]++
			}
		}
		got, err := (&compare.Rules{}).Conversations(t.Context(), conversation(left), conversation(right), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := [...]int{same, edits[compare.Differs], edits[compare.OnlyLeft], edits[compare.OnlyRight], 0}
		if got.Count != want {
			t.Errorf("seed %d: counts %v, want %v", seed, got.Count, want)
		}
		whole(t, got, len(left), len(right))
		for _, p := range got.Pairs {
			if p.Outcome != compare.Differs {
				continue
			}
			if d, _ := got.Difference(p); len(d.Changes) != 1 || d.Changes[0].Path != "$.user.name" {
				t.Errorf("seed %d: difference %s", seed, list(d))
			}
		}
	}
}

// whole checks that each message is in one pair.
func whole(t *testing.T, r *compare.Result, left, right int) {
	t.Helper()
	var seen [2]map[uint64]bool
	for i := range seen {
		seen[i] = map[uint64]bool{}
	}
	for _, p := range r.Pairs {
		for i, seq := range [...]uint64{p.Left, p.Right} {
			if seq != 0 && seen[i][seq] {
				t.Errorf("message %d is in two pairs", seq)
			}
			if seq != 0 {
				seen[i][seq] = true
			}
		}
	}
	if len(seen[0]) != left || len(seen[1]) != right {
		t.Errorf("%d and %d messages are in pairs, want %d and %d", len(seen[0]), len(seen[1]), left, right)
	}
}

// TestRandomConversations catches a message that is lost or paired twice, and one
// taken for the same that is not, however little two conversations have in common.
func TestRandomConversations(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 2))
		make := func() (out []*frame.Message) {
			for range random.IntN(400) {
				m := text(fmt.Sprintf(`{"type":"%c","n":%d}`, 'a'+rune(random.IntN(3)), random.IntN(4)))
				m.From = frame.Side(random.IntN(2))
				out = append(out, m)
			}
			return out
		}
		left, right := make(), make()
		r := &compare.Rules{Window: random.IntN(5)}
		got, err := r.Conversations(t.Context(), conversation(left), conversation(right), nil)
		if err != nil {
			t.Fatal(err)
		}
		whole(t, got, len(left), len(right))
		for _, p := range got.Pairs {
			if p.Left == 0 || p.Right == 0 {
				continue
			}
			a, b := left[p.Left-1], right[p.Right-1]
			if equal := string(a.Payload) == string(b.Payload); equal != (p.Outcome != compare.Differs) || a.From != b.From {
				t.Errorf("seed %d: %s and %s are %v", seed, a.Payload, b.Payload, p.Outcome)
			}
		}
	}
}
