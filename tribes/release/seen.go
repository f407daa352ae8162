package release

import (
	"cmp"

	"muster/tribes"
)

// Seen is what the bytes of a member told of its release. Zero values were not
// seen.
type Seen struct {
	Form tribes.Generation // of its heartbeats and messages
	// Asks is whom its failure detector names in its question.
	Asks Asks
	// Message and Member are the serialVersionUIDs of SessionMessageImpl and
	// MemberImpl in its messages.
	Message, Member int64
}

// Asks is whom the question of a TcpFailureDetector names.
type Asks uint8

const (
	NotAsked   Asks = iota
	NamesAsked      // the member that is asked: 8.0 and older
	NamesAsker      // itself: 8.5 and later
)

// Add takes over what o saw, but for the form.
func (s *Seen) Add(o Seen) {
	s.Asks = cmp.Or(o.Asks, s.Asks)
	s.Message = cmp.Or(o.Message, s.Message)
	s.Member = cmp.Or(o.Member, s.Member)
}

// Tomcat names the releases that send such bytes, as exactly as they tell.
func (s Seen) Tomcat() string {
	if name := OfMember(s.Member); name != "" {
		return name
	}
	switch {
	case s.Form != tribes.V1:
		return s.Form.Tomcat()
	case s.Message == 1:
		return "Tomcat 7.0"
	case s.Asks == NamesAsker:
		return "Tomcat 8.5 or later"
	case s.Message == 2 && s.Asks == NamesAsked:
		return "Tomcat 8.0"
	case s.Asks == NamesAsked:
		return "Tomcat 7.0 or 8.0"
	case s.Message == 2:
		return "Tomcat 8.0 or later"
	}
	return s.Form.Tomcat()
}

// Release is the release whose Java objects such a member takes, the newest of
// several; given is the one that was named for the whole cluster, where it was.
func (s Seen) Release(given Release) Release {
	switch {
	case s.Message == 1:
		return s.within(given, "7.0")
	case s.Form == tribes.V0:
		return s.within(given, "6.0")
	case !given.IsZero():
		return given
	case s.Ambiguous():
		return Release{"7.0", -1} // or 8.0, of which fewer are left
	}
	return Release{"11.0", -1}
}

// Ambiguous: it is a 7.0 or an 8.0, whose Java objects differ, and nothing that it sent
// tells which. Only a message about sessions does.
func (s Seen) Ambiguous() bool { return s.Form == tribes.V1 && s.Message == 0 && s.Asks == NamesAsked }

// within is the release that was given if it is of the line, else the line.
func (s Seen) within(given Release, line string) Release {
	if given.Line == line {
		return given
	}
	return Release{line, -1}
}
