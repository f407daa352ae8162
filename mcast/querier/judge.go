package querier

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
)

// Judge turns a report, and what provoking a query showed, into verdicts. strict6
// makes the lack of an MLD querier a failure and not a warning: many networks have
// none and use no IPv6 groups.
func Judge(r Report, ps []Provocation, strict6 bool) []verdict.Verdict {
	j := judge{Report: r, strict6: strict6}
	for i := range r.Links {
		l := &r.Links[i]
		j.querier(l, provocationOf(l, ps))
		j.fit(l)
		j.zeroSource(l)
		j.version(l)
		j.answers(l)
	}
	return j.out
}

type judge struct {
	Report
	strict6 bool
	out     []verdict.Verdict
}

func provocationOf(l *Link, ps []Provocation) *Provocation {
	for i := range ps {
		if ps[i].Interface == l.Interface.Index && ps[i].Group.Is6() == l.V6 {
			return &ps[i]
		}
	}
	return nil
}

func (j *judge) add(l *Link, id verdict.ID, st verdict.Status, conf verdict.Confidence, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, st, conf, l.Interface.Name, saw, parts...))
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// id is that of the lack of a querier.
func (l *Link) id() verdict.ID {
	if l.V6 {
		return "mld.snooping"
	}
	return "igmp.no-querier"
}

func (l *Link) fixes() []verdict.Part {
	word := "igmp"
	if l.V6 {
		word = "mld"
	}
	return []verdict.Part{
		verdict.Fix("switch: enable the " + l.Protocol() + " snooping querier of this VLAN (Cisco, Arista: ip " + word + " snooping querier)"),
		verdict.Fix("Linux bridge: ip link set BR type bridge mcast_querier 1"),
	}
}

// querier: does somebody keep the memberships alive?
func (j *judge) querier(l *Link, p *Provocation) {
	id := l.id()
	bad := verdict.Fail
	if l.V6 && !j.strict6 {
		bad = verdict.Warn
	}
	watched := j.At.Sub(j.Start).Round(time.Second)
	asked := p != nil && !p.Asked.IsZero()
	life := fmt.Sprintf("a switch that snoops forgets the memberships here %s after their last report", l.Lifetime)
	if last := l.LastReport; !last.IsZero() {
		life += fmt.Sprintf(", at %s", clock(last.Add(l.Lifetime)))
	}
	switch q := l.Elected(j.At); {
	case q != nil:
		j.add(l, id, verdict.Pass, verdict.Definite, fmt.Sprintf("%s asks in version %d, %s, last at %s: memberships live %s after their last report",
			q.Name(), q.Version, q.each(), clock(q.LastGeneral), q.Lifetime().Round(time.Millisecond)))
	case asked:
		j.add(l, id, verdict.Pass, verdict.Definite, fmt.Sprintf("%s asked about %s when this host left it: a querier is there", askers(l), p.Group))
	case l.Queries > 0 && len(l.Queriers) > 0 && l.Queriers[0].General > 0:
		j.add(l, id, bad, verdict.Likely, fmt.Sprintf("the last query came at %s from %s and the next one is long due: the querier is gone, and %s", clock(l.LastQuery), l.Queriers[0].Name(), life), l.fixes()...)
	case !l.Watched:
		j.unseen(l, id)
	case p != nil && !p.Reported && !p.LeaveSaid:
		j.add(l, "igmp.no-report", verdict.Fail, verdict.Definite,
			fmt.Sprintf("this host joined and left %s, and neither a report nor a leave left it: its firewall drops them", p.Group), verdict.Next("sudo muster check --only igmp.no-report --fix   # prints what this host's own rules need"))
	case l.Snoops:
		j.add(l, id, bad, verdict.Likely, fmt.Sprintf("no query in %s, and a bridge of this host snoops on %s: %s", watched, l.Interface.Name, life), l.fixes()...)
	case p != nil:
		j.add(l, id, verdict.Unknown, verdict.Likely,
			fmt.Sprintf("nobody asked about %s when this host left it: there seems to be no querier, which is harmless where nothing snoops; %s", p.Group, life), whether...)
	default:
		j.add(l, id, WithoutQuery(watched), verdict.Hint, NoQuery(watched), whether...)
	}
}

// whether is what tells if the lack of a querier matters.
var whether = []verdict.Part{
	verdict.Next("muster mesh GROUP -d 5m on two hosts: does the group go on after 260 s?"),
	verdict.Next("at the switch: does it snoop, and who is its querier?"),
}

// WithoutQuery is how a time without any query is judged, by whoever watched: less
// than Patience says nothing; more is a warning, since only a switch that snoops
// needs a querier. It is a failure beside a deafness that was seen.
func WithoutQuery(watched time.Duration) verdict.Status {
	if watched < Patience {
		return verdict.Unknown
	}
	return verdict.Warn
}

// NoQuery says what WithoutQuery judges.
func NoQuery(watched time.Duration) string {
	text := fmt.Sprintf("no query in %s", watched.Round(time.Second))
	if watched < Patience {
		return text + fmt.Sprintf(", which is too short to tell: queriers ask every %s", defaultInterval)
	}
	return text + ": nobody asks who listens, and a switch that snoops forgets it"
}

// unseen judges by what the kernel tells to everybody.
func (j *judge) unseen(l *Link, id verdict.ID) {
	switch {
	case l.Counted > 0:
		j.add(l, id, verdict.Pass, verdict.Definite, fmt.Sprintf("the kernel counted %d MLD queries", l.Counted))
	case !l.V6 && l.Version > 0 && l.Version < 3 && l.Forced == 0:
		j.add(l, id, verdict.Pass, verdict.Likely, fmt.Sprintf("this host speaks version %d, so a querier of that version has asked within the last minutes", l.Version))
	default:
		j.add(l, id, verdict.Skip, verdict.Definite, "not looked at: seeing queries needs CAP_NET_RAW")
	}
}

func askers(l *Link) string {
	var names []string
	for _, q := range l.Queriers {
		names = append(names, q.Name())
	}
	return strings.Join(names, ", ")
}

// each is its interval for people.
func (q *Querier) each() string {
	switch {
	case q.Told > 0:
		return "every " + q.Told.String()
	case q.gap > 0:
		return "every " + q.Observed().Round(10*time.Millisecond).String() + " as measured"
	}
	return "and does not tell how often (" + defaultInterval.String() + " is the default)"
}

// Name is the querier for people.
func (q *Querier) Name() string {
	switch {
	case q.Own:
		return q.Addr.String() + " (this host)"
	case q.Addr.IsUnspecified():
		return q.Addr.String() + " (a switch, " + q.MAC + ")"
	}
	return q.Addr.String()
}

// fit: do several queriers agree, and does all but one keep silent? A general
// query of a higher address after one of a lower address means that the election
// does not work (RFC 3376 section 6.6.2).
func (j *judge) fit(l *Link) {
	const id = verdict.ID("igmp.querier-conflict")
	var spoke []*Querier
	for i := range l.Queriers {
		if q := &l.Queriers[i]; q.General > 0 && !q.Addr.IsUnspecified() {
			spoke = append(spoke, q)
		}
	}
	if len(spoke) == 0 {
		return
	}
	first := spoke[0]
	var wrong []string
	for _, q := range spoke[1:] {
		if q.LastGeneral.Sub(first.First) > time.Second && first.LastGeneral.Add(first.Silence()).After(q.LastGeneral) {
			wrong = append(wrong, fmt.Sprintf("%s asked at %s although %s, whose address is lower, asks too: their election does not work", q.Name(), clock(q.LastGeneral), first.Name()))
		}
		if d := first.differs(q); d != "" {
			wrong = append(wrong, fmt.Sprintf("%s and %s differ in %s", first.Name(), q.Name(), d))
		}
	}
	for _, q := range spoke {
		if q.Oldest != q.Newest {
			wrong = append(wrong, fmt.Sprintf("%s asked in versions %d and %d", q.Name(), q.Oldest, q.Newest))
		}
	}
	switch {
	case len(wrong) > 0:
		j.add(l, id, verdict.Warn, verdict.Definite, strings.Join(wrong, "; "), verdict.Fix("turn the querier off where it is not wanted, and give all of them the same version and times"))
	case len(spoke) > 1:
		j.add(l, id, verdict.Pass, verdict.Definite, fmt.Sprintf("%d queriers spoke, and the others gave way to %s", len(spoke), first.Name()))
	default:
		j.add(l, id, verdict.Pass, verdict.Definite, "one querier: "+first.Name())
	}
}

// differs names what two queriers tell differently; what only one tells is none.
func (q *Querier) differs(o *Querier) string {
	var out []string
	if q.Version != o.Version {
		out = append(out, fmt.Sprintf("their version (%d, %d)", q.Version, o.Version))
	}
	if q.Told > 0 && o.Told > 0 && q.Told != o.Told {
		out = append(out, fmt.Sprintf("their interval (%s, %s)", q.Told, o.Told))
	}
	if q.Robustness > 0 && o.Robustness > 0 && q.Robustness != o.Robustness {
		out = append(out, fmt.Sprintf("their robustness (%d, %d)", q.Robustness, o.Robustness))
	}
	if q.Response != o.Response {
		out = append(out, fmt.Sprintf("the time they give for answers (%s, %s)", q.Response, o.Response))
	}
	return strings.Join(out, ", ")
}

// zeroSource: allowed, but such a querier never wins an election.
func (j *judge) zeroSource(l *Link) {
	for i := range l.Queriers {
		if q := &l.Queriers[i]; q.Addr.IsUnspecified() && q.General > 0 {
			j.add(l, "igmp.querier-zero-source", verdict.Pass, verdict.Definite,
				fmt.Sprintf("%d queries of %s come from %s: a snooping switch without an address asks; it never wins an election, and some devices ignore it", q.General+q.Specific, q.MAC, q.Addr))
		}
	}
}

// version: an older one takes source-specific joins away.
func (j *judge) version(l *Link) {
	const id = verdict.ID("igmp.version-compat")
	if l.Version == 0 || l.Version >= l.Newest() || l.Forced == l.Version {
		return
	}
	why := "an old query must have come within the last minutes"
	if q := l.Elected(j.At); q != nil && q.Version == l.Version {
		why = q.Name() + " asks in it"
	}
	status := verdict.Pass // a querier of version 2 is common, and any-source groups work
	if l.Version == 1 && !l.V6 {
		status = verdict.Warn
	}
	if q := l.Elected(j.At); q != nil && q.Version > l.Version {
		status = verdict.Warn
		why = fmt.Sprintf("%s asks in version %d, but somebody asked in version %d within the last minutes, and this host fell back", q.Name(), q.Version, l.Version)
	}
	j.add(l, id, status, verdict.Definite,
		fmt.Sprintf("%s version %d is in force here, since %s: any-source groups work, source-specific joins do not", l.Protocol(), l.Version, why))
}

// answers: a host that is asked and keeps silent is forgotten.
func (j *judge) answers(l *Link) {
	if !l.Watched || l.Queries == 0 || !l.joined() || l.Unanswered == 0 {
		return
	}
	j.add(l, "fw.igmp-drop", verdict.Fail, verdict.Definite,
		fmt.Sprintf("%d %s queries came and this host reported nothing, though it has joined groups: a switch that snoops will forget it", l.Unanswered, l.Protocol()),
		verdict.Next("sudo muster check --only fw.igmp-drop,igmp.no-report --fix   # prints what this host's own rules need"))
}
