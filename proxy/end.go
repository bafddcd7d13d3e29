package proxy

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// lingerTime is how long, after one side of a session has ended, the other may
// be silent before both are closed. Most peers end at once; one that does not may
// still be at work on its answer.
const lingerTime = time.Minute

// closing takes note that a close frame of side has passed.
func (s *session) closing(side frame.Side) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.closed[side] = true
	if s.closer == "" {
		s.closer = party(side)
	}
	if s.killed != nil && s.closed[side.Peer()] {
		s.killed.Reset(0) // both have answered
	}
}

// note keeps who ended the session and how, from the first who has something to
// say.
func (s *session) note(by frame.Party, how frame.How, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if how == "" || s.end.How != "" {
		return
	}
	s.end.EndedBy, s.end.How = by, how
	if how == frame.ByError {
		s.end.Error = err.Error()
	}
}

// finish takes note that the pump reading from has ended with err, and passes
// the end on to the other side.
func (s *session) finish(from frame.Side, err error) {
	how := howEnded(err)
	peer := s.legs[from.Peer()]
	if w := (writeError{}); errors.As(err, &w) {
		// What the peer sent before it went is still with the other pump, which
		// will meet the same end.
		s.note(party(from.Peer()), how, err)
	} else {
		s.note(party(from), how, err)
		switch how {
		case frame.ByFIN:
			peer.closeWrite(err == io.EOF && !s.legs[from].truncated())
		case frame.ByReset, frame.ByError:
			peer.reset()
		}
	}
	if s.last() {
		s.close()
	}
}

// lose takes note that side could not be written to. Of its reset, the system has
// told by that, and to whoever reads it tells of an orderly end.
func (s *session) lose(side frame.Side) {
	s.lock.Lock()
	s.lost[side] = true
	s.lock.Unlock()
	s.pumps[side].poke()
}

// hasLost reports whether lose was called for side.
func (s *session) hasLost(side frame.Side) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.lost[side]
}

// last counts the pumps that have ended and reports whether it was the last.
// After the first, the other goes on while it makes progress.
func (s *session) last() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.ended++; s.ended == len(s.pumps) {
		s.linger.Stop()
		return true
	}
	for side := range s.pumps {
		s.turns[side] = s.pumps[side].turns.Load()
	}
	s.linger = time.AfterFunc(s.proxy.linger, s.lingerOn)
	return false
}

// lingerOn ends a half-closed session in which nothing has moved since the last
// look, unless that is because a reader is slow.
func (s *session) lingerOn() {
	s.lock.Lock()
	if s.ended == len(s.pumps) {
		s.lock.Unlock()
		return
	}
	silent := true
	for side := range s.pumps {
		idle, turns := s.pumps[side].idle(s.turns[side])
		s.turns[side] = turns
		silent = silent && idle
	}
	if !silent {
		s.linger.Reset(s.proxy.linger)
	}
	s.lock.Unlock()
	if silent {
		s.cut()
	}
}

// shutdown ends the session because the proxy ends.
func (s *session) shutdown() {
	s.note(frame.ByProxy, frame.ByShutdown, nil)
	s.cut()
}

// cut closes both sockets, upon which both pumps end.
func (s *session) cut() {
	for _, l := range s.legs {
		l.cut()
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if !s.gone {
		s.gone = true
		close(s.severed)
	}
}

// close ends the recording after the last pump.
func (s *session) close() {
	s.cut()
	s.lock.Lock()
	end := s.end
	if s.killed != nil {
		s.killed.Stop()
	}
	// When both have said goodbye, it does not matter who hung up.
	parted := s.closed[frame.Client] && s.closed[frame.Server]
	if parted || s.closer != "" && (end.How == frame.ByFIN || end.How == frame.ByReset) {
		end.EndedBy, end.How = s.closer, frame.ByClose
	}
	s.lock.Unlock()
	end.Time = time.Now()
	if s.tape != nil {
		s.tape.Close(end)
	}
	s.proxy.sessions.remove(s)
	close(s.over)
	s.proxy.log.Info("connection ended", keyConn, s.id, keyBy, end.EndedBy, keyHow, end.How)
}

// howEnded says how a side ended whose socket gave err, or "" when it was
// closed from here.
func howEnded(err error) frame.How {
	switch {
	case errors.Is(err, net.ErrClosed):
		return ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return frame.ByFIN
	}
	for _, reset := range resetErrors {
		if errors.Is(err, reset) {
			return frame.ByReset
		}
	}
	return frame.ByError
}

func party(s frame.Side) frame.Party {
	if s == frame.Client {
		return frame.ByClient
	}
	return frame.ByServer
}
