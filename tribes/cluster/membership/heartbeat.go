package membership

import (
	"errors"
	"fmt"
	"time"

	"muster/tribes"
)

// mostAlive is where the alive time begins again. A starting Tomcat asks the
// member with the largest one for all sessions, and its own first heartbeat
// carries about 1000: a guest must never be taken for the oldest. It must
// change from one heartbeat to the next, though: a Tomcat takes over nothing
// from one with the same alive time (T/membership/Membership.memberAlive).
const mostAlive = 900

// beat sends a heartbeat at once and then one each frequency. What cannot be
// sent is told once and tried again with the next.
func (s *Service) beat() {
	if s.cfg.Listen > 0 {
		if !s.sleep(s.cfg.Listen) {
			return
		}
		s.mu.Lock()
		s.table.holding = false
		s.chooseForm()
		s.table.SetLocal(s.local)
		s.mu.Unlock()
	}
	t := time.NewTicker(s.cfg.Frequency)
	defer t.Stop()
	failed := 0
	began := time.Now()
	for n := int64(0); ; n++ {
		alive := n%mostAlive + 1
		if s.cfg.HoldsState {
			alive = max(time.Since(began).Milliseconds(), s.Local().Alive+1)
		}
		err := s.sendHeartbeat(alive, "")
		s.start()
		switch {
		case errors.Is(err, errLeft):
			return
		case err != nil:
			if failed++; failed == 1 {
				s.log.Warn("our heartbeats do not go out, and are tried again", "err", err)
			}
		case failed > 0:
			s.log.Warn("our heartbeats go out again", "failed", failed)
			failed = 0
		}
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
	}
}

var errLeft = errors.New("the goodbye is said, or must not be")

// Goodbye sends the shutdown heartbeat, if a heartbeat has gone out, and no
// other follows it. Only the first call does; Run calls it when it ends, an
// owner may when the process is about to.
func (s *Service) Goodbye() {
	if s.n.sent.Load() == 0 {
		return
	}
	err := s.sendHeartbeat(s.Local().Alive+1, tribes.ShutdownCommand)
	if err != nil && !errors.Is(err, errLeft) {
		s.log.Warn("the goodbye could not be sent: the other members notice by our silence", "err", err)
	}
}

// SaidGoodbye reports whether the goodbye has gone out.
func (s *Service) SaidGoodbye() bool { return s.n.goodbye.Load() }

func (s *Service) sendHeartbeat(alive int64, command string) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	switch {
	case s.left:
		return errLeft
	case s.paused && command == "":
		return nil
	case s.paused: // the goodbye was said
		s.left = true
		return nil
	}
	s.left = command != ""
	return s.send(alive, command)
}

// Pause says goodbye and holds the heartbeats back until Resume: the others go on
// without this member.
func (s *Service) Pause() {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.left || s.paused {
		return
	}
	s.paused = true
	if s.n.sent.Load() == 0 {
		return
	}
	if err := s.send(s.Local().Alive+1, tribes.ShutdownCommand); err != nil {
		s.log.Warn("the goodbye could not be sent: the other members notice by our silence", "err", err)
	}
}

// Resume lets the heartbeats go out again; the next one comes with its frequency.
func (s *Service) Resume() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.paused = false
}

// send sends one heartbeat; the caller holds s.sending.
func (s *Service) send(alive int64, command string) error {
	s.mu.Lock()
	if s.refused != nil {
		s.mu.Unlock()
		s.left = true
		return errLeft
	}
	s.local.Alive = alive
	m := s.local
	s.mu.Unlock()
	m.Command = []byte(command)
	p, err := m.AppendTo(make([]byte, 0, m.Len()))
	if err == nil {
		err = s.conn.Send(p, s.cfg.Group)
	}
	if err != nil {
		s.n.sendErrors.Add(1)
		return err
	}
	switch first := s.n.sent.Add(1) == 1; {
	case command != "":
		s.n.goodbye.Store(true)
		s.log.Debug(fmt.Sprintf("sent the goodbye to %s", s.cfg.Group))
	case first:
		s.log.Debug(fmt.Sprintf("sent the first heartbeat to %s: %d bytes, alive %d ms", s.cfg.Group, len(p), alive))
	}
	return nil
}
