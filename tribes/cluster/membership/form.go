package membership

import (
	"errors"
	"fmt"
	"net/netip"

	"muster/tribes"
)

// FormError tells why one that is heard is no member: its heartbeats and ours
// have forms that do not understand each other.
type FormError struct {
	Peer, Ours tribes.Generation
}

func (e *FormError) Error() string {
	return fmt.Sprintf("it is %s, and this member speaks the form of %s: neither takes the other's heartbeats or messages", e.Peer.Tomcat(), e.Ours.Tomcat())
}

// doubt is the reason why one that is heard is not announced.
func doubt(err error) Reason {
	var form *FormError
	if errors.As(err, &form) {
		return OtherForm
	}
	return TCPFailed
}

// Tomcat55Error tells why nothing is sent to a group. A Tomcat 5.5 takes whatever
// is no heartbeat of its own for an error: it logs a warning and hears nothing for
// half a second, so that a node which starts is noticed too late and gets no state.
type Tomcat55Error struct {
	Group  netip.AddrPort
	Member netip.AddrPort // the first one heard
}

func (e *Tomcat55Error) Error() string {
	return fmt.Sprintf("a Tomcat 5.5 is heard in the group %s (%s), and any other heartbeat makes its receiver deaf for half a second: nothing is sent there", e.Group, e.Member)
}

// Begun is closed when the first heartbeat has gone out, or when none will.
func (s *Service) Begun() <-chan struct{} { return s.begun }

func (s *Service) start() { s.began.Do(func() { close(s.begun) }) }

// Refused is why nothing is sent, nil where nothing speaks against it.
func (s *Service) Refused() *Tomcat55Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// refuse ends our heartbeats, the goodbye with them. It is called under s.mu.
func (s *Service) refuse(m *tribes.Member) {
	if s.refused != nil {
		return
	}
	at, _ := m.AddrPort()
	s.refused = &Tomcat55Error{Group: s.cfg.Group, Member: at}
	s.start()
	if s.cfg.Refused != nil {
		s.cfg.Refused()
	}
}

// chooseForm takes the form that most members have, unless one that has ours is
// a member already. It is called under s.mu.
func (s *Service) chooseForm() {
	if s.cfg.KeepForm || s.refused != nil || s.table.Len() > 0 {
		return
	}
	form, ok := s.table.form()
	if !ok || form == s.local.Generation {
		return
	}
	s.log.Debug(fmt.Sprintf("the members here are %s: speaking their form", form.Tomcat()))
	s.local.Generation = form
	s.table.SetLocal(s.local)
}

// form is the form of most that are heard; ok is false where nobody is. A 5.5 is
// not spoken to, and does not count.
func (t *Table) form() (form tribes.Generation, ok bool) {
	var count [tribes.V55]int
	for _, e := range t.members {
		if e.member.Generation < tribes.V55 {
			count[e.member.Generation]++
		}
	}
	if count[tribes.V0] > count[tribes.V1] {
		return tribes.V0, true
	}
	return tribes.V1, count[tribes.V1] > 0
}
