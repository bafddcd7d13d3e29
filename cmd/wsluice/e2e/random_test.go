//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// TestRandomStreams would catch any byte lost, added or out of order when both
// sides send frames of any kind and size at once, in pieces that have nothing to
// do with frames, and end as they like.
func TestRandomStreams(t *testing.T) {
	const count = 120
	pki := newAuthority(t)
	to := hosts(t, pki)
	s := record(t, "--upstream-ca", pki.file)
	type pair struct {
		way            way
		client, server *speaker
	}
	var pairs []pair
	var speaking sync.WaitGroup
	for i := range count {
		w := ways[i%len(ways)]
		random := rand.New(rand.NewPCG(uint64(i), 6455))
		client, server := w.open(t, s, to(w), fmt.Sprint("/x", i))
		p := pair{w,
			&speaker{raw: client, says: randomFrames(random, true), random: random},
			&speaker{raw: server, says: randomFrames(random, false), random: rand.New(rand.NewPCG(uint64(i), 7692))},
		}
		if i%5 == 0 { // one side breaks off
			p.client.stopAt = random.IntN(len(p.client.says))
		}
		pairs = append(pairs, p)
		for _, one := range []*speaker{p.client, p.server} {
			speaking.Go(one.speak)
			speaking.Go(one.listen)
		}
	}
	speaking.Wait()
	s.stop(t)
	for i, p := range pairs {
		what := fmt.Sprintf("%s, stream %d", p.way.name, i)
		conn := s.conn(t, fmt.Sprint("x", i)).Conn
		s.messages(t, conn) // whatever it makes of them, it must not fail
		frames := s.frames(t, conn)
		for from, ends := range map[string][2]*speaker{"client": {p.client, p.server}, "server": {p.server, p.client}} {
			said, heard, wire := ends[0].says, ends[1].heard.Bytes(), wireOf(frames, from)
			if p.client.stopAt == 0 {
				sameBytes(t, what+", from the "+from+", received and sent", heard, said)
				sameBytes(t, what+", from the "+from+", capture and sent", wire, said)
				continue
			}
			// After a reset, bytes on their way are lost, but those that came are kept.
			if !bytes.HasPrefix(said, wire) || !bytes.HasPrefix(wire, heard) {
				t.Errorf("%s, from the %s: of %d bytes %d are in the capture and %d came, which do not begin alike", what, from, len(said), len(wire), len(heard))
			}
		}
	}
}

// speaker is an end that says its piece in random parts and listens meanwhile.
type speaker struct {
	*raw
	says   []byte
	stopAt int // where it resets the connection; 0 is never
	random *rand.Rand
	heard  bytes.Buffer
}

func (s *speaker) speak() {
	for rest := s.says; len(rest) > 0; {
		n := min(len(rest), 1+s.random.IntN(1<<s.random.IntN(17)))
		if s.stopAt > 0 && len(s.says)-len(rest)+n >= s.stopAt {
			s.tcp.SetLinger(0)
			s.tcp.Close()
			return
		}
		if _, err := s.Write(rest[:n]); err != nil {
			return // the other side broke off
		}
		rest = rest[n:]
	}
	s.Conn.(interface{ CloseWrite() error }).CloseWrite()
	s.tcp.CloseWrite()
}

func (s *speaker) listen() {
	s.SetReadDeadline(time.Now().Add(patience))
	io.Copy(&s.heard, s.in)
}

// randomFrames makes some 200 KiB of frames.
func randomFrames(random *rand.Rand, mask bool) []byte {
	var all []byte
	for len(all) < 200<<10 {
		payload := make([]byte, random.IntN(1<<random.IntN(16)))
		for i := range payload {
			payload[i] = byte(random.Uint32())
		}
		h := frame.Header{
			Length: uint64(len(payload)), Masked: mask, Opcode: frame.Opcode(random.IntN(16)),
			Fin: random.IntN(3) > 0, RSV: uint8(random.IntN(8)), Extended: []uint8{0, 2, 8}[random.IntN(3)],
		}
		for i := range h.Mask {
			h.Mask[i] = byte(random.Uint32())
		}
		all = append(h.Append(all), payload...)
	}
	return all
}
