package view

import (
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/mcast/querier"
)

// QuerierQuery is a query that was seen, in JSON.
type QuerierQuery struct {
	Type       string    `json:"type"` // query
	Time       time.Time `json:"time"`
	Interface  string    `json:"interface"`
	Protocol   string    `json:"protocol"` // IGMP or MLD
	Source     string    `json:"source"`
	MAC        string    `json:"mac"`
	Own        bool      `json:"own"` // this host sent it
	Version    uint8     `json:"version"`
	General    bool      `json:"general"`
	Group      string    `json:"group"` // "" of a general one
	ResponseMS float64   `json:"max_response_ms"`
	IntervalMS float64   `json:"interval_ms"` // 0 where its version does not tell
	Robustness uint8     `json:"robustness"`  // 0 where its version does not tell
}

// QuerierRow is a querier at the end, in JSON.
type QuerierRow struct {
	Type            string    `json:"type"` // querier
	Interface       string    `json:"interface"`
	Protocol        string    `json:"protocol"`
	Address         string    `json:"address"`
	MAC             string    `json:"mac"`
	Own             bool      `json:"own"`
	Elected         bool      `json:"elected"`
	Version         uint8     `json:"version"`
	GeneralQueries  uint64    `json:"general_queries"`
	SpecificQueries uint64    `json:"specific_queries"`
	FirstSeen       time.Time `json:"first_seen"`
	LastSeen        time.Time `json:"last_seen"`
	IntervalMS      float64   `json:"interval_ms"` // that it tells; 0 where its version does not
	MeasuredMS      float64   `json:"measured_interval_ms"`
	MaxResponseMS   float64   `json:"max_response_ms"`
	Robustness      uint8     `json:"robustness"`
	LifetimeMS      float64   `json:"lifetime_ms"` // of a membership after its last report
}

// QuerierLink is one interface and protocol at the end, in JSON.
type QuerierLink struct {
	Type          string  `json:"type"` // interface
	Interface     string  `json:"interface"`
	Protocol      string  `json:"protocol"`
	Watched       bool    `json:"watched"`        // messages could be seen
	HostVersion   uint8   `json:"host_version"`   // that this host speaks; 0 where nothing tells
	ForcedVersion uint8   `json:"forced_version"` // by a setting; 0 for none
	Queries       uint64  `json:"queries"`
	Reports       uint64  `json:"reports"`       // of this host
	OtherReports  uint64  `json:"other_reports"` // of other hosts
	LifetimeMS    float64 `json:"lifetime_ms"`
	Provoked      *bool   `json:"provoked,omitempty"` // --provoke: a querier asked
}

// QuerierMembership is a membership of this host, in JSON.
type QuerierMembership struct {
	Type       string     `json:"type"` // membership
	Interface  string     `json:"interface"`
	Protocol   string     `json:"protocol"`
	Group      string     `json:"group"`
	Users      int        `json:"users"`
	Timer      bool       `json:"timer_running"` // a report is due
	DueMS      float64    `json:"due_ms"`
	Reporter   bool       `json:"reporter"`
	Reported   bool       `json:"reported"` // hosts tell of this group at all
	LastReport *time.Time `json:"last_report"`
	Expires    *time.Time `json:"expires"`         // on a switch, if nobody asks any more
	AtMost     bool       `json:"expires_at_most"` // the last report was before the watch
}

// QuerierSummary is the last line.
type QuerierSummary struct {
	Type string `json:"type"` // summary
	verdict.Summary
	Interfaces  []string `json:"interfaces"`
	Watched     bool     `json:"watched"`
	Queriers    int      `json:"queriers"`
	Queries     uint64   `json:"queries"`
	Memberships int      `json:"memberships"`
	Dropped     uint64   `json:"dropped"`
	TookMS      int64    `json:"took_ms"`
}

// Queriers shows queriers.
type Queriers struct {
	s     *term.Stream
	lines *term.Lines // nil: text
	names map[int]string
}

// NewQueriers shows on s; names are those of the interfaces by index.
func NewQueriers(s *term.Stream, json bool, names map[int]string) *Queriers {
	q := &Queriers{s: s, names: names}
	if json {
		q.lines = term.NewLines(s)
	}
	return q
}

// Query shows a message that came, if it is a query.
func (v *Queriers) Query(s querier.Seen) {
	q, ok := s.Query()
	if !ok {
		return
	}
	line := QuerierQuery{
		"query", s.Time, v.names[s.Interface], protocolOf(s.V6()), s.Source.String(), s.MAC, s.Outgoing, q.Version, q.General, "",
		ms(q.Response), ms(q.Interval), q.Robustness,
	}
	about := "who listens"
	if !q.General {
		line.Group = q.Group.String()
		about = "about " + line.Group
	}
	if v.lines != nil {
		_ = v.lines.Write(line) // a closed pipe shows at the end
		return
	}
	fmt.Fprint(v.s, v.s.Hang(fmt.Sprintf("%s %s: %s asks %s (%s version %d, answers within %s)\n",
		term.Clock(s.Time), escape.Text(line.Interface), line.Source, about, line.Protocol, q.Version, q.Response)))
}

func protocolOf(v6 bool) string {
	if v6 {
		return "MLD"
	}
	return "IGMP"
}

// Final shows everything at the end.
func (v *Queriers) Final(r querier.Report, ps []querier.Provocation, vs []verdict.Verdict, dropped uint64) error {
	if v.lines == nil {
		return v.text(r, vs, dropped)
	}
	sum := QuerierSummary{Type: "summary", Summary: verdict.Summarize(vs), Interfaces: []string{}, Dropped: dropped, TookMS: r.At.Sub(r.Start).Milliseconds()}
	for i := range r.Links {
		l := &r.Links[i]
		if n := len(sum.Interfaces); n == 0 || sum.Interfaces[n-1] != l.Interface.Name {
			sum.Interfaces = append(sum.Interfaces, l.Interface.Name)
		}
		sum.Watched = sum.Watched || l.Watched
		sum.Queriers += len(l.Queriers)
		sum.Queries += l.Queries
		sum.Memberships += len(l.Memberships)
		if err := v.link(l, r.At, ps); err != nil {
			return err
		}
	}
	for _, x := range vs {
		if err := v.lines.Write(NewVerdict(x)); err != nil {
			return err
		}
	}
	return v.lines.Write(sum)
}

func (v *Queriers) link(l *querier.Link, now time.Time, ps []querier.Provocation) error {
	row := QuerierLink{
		"interface", l.Interface.Name, l.Protocol(), l.Watched, l.Version, l.Forced, l.Queries, l.Reports, l.Foreign, ms(l.Lifetime), nil,
	}
	for _, p := range ps {
		if p.Interface == l.Interface.Index && p.Group.Is6() == l.V6 {
			asked := !p.Asked.IsZero()
			row.Provoked = &asked
		}
	}
	if err := v.lines.Write(row); err != nil {
		return err
	}
	elected := l.Elected(now)
	for i := range l.Queriers {
		q := &l.Queriers[i]
		err := v.lines.Write(QuerierRow{
			"querier", l.Interface.Name, l.Protocol(), q.Addr.String(), q.MAC, q.Own, q == elected, q.Version, q.General, q.Specific, q.First, q.Last,
			ms(q.Told), ms(q.Observed()), ms(q.Response), q.Robustness, ms(q.Lifetime()),
		})
		if err != nil {
			return err
		}
	}
	for _, h := range l.Memberships {
		err := v.lines.Write(QuerierMembership{
			"membership", l.Interface.Name, l.Protocol(), h.Group.String(), h.Users, h.Timer, ms(h.Due), h.Reporter, h.Reported,
			timeOrNull(h.LastReport), timeOrNull(h.Expires), h.AtMost,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (v *Queriers) text(r querier.Report, vs []verdict.Verdict, dropped uint64) error {
	queriers := term.Table{Header: []string{"INTERFACE", "PROTOCOL", "QUERIER", "VERSION", "INTERVAL", "ROBUSTNESS", "ANSWER IN", "QUERIES", "LAST"}}
	groups := term.Table{Header: []string{"INTERFACE", "GROUP", "HOST SPEAKS", "USERS", "LAST REPORT", "WITHOUT A QUERY FORGOTTEN"}}
	for i := range r.Links {
		l := &r.Links[i]
		for k := range l.Queriers {
			q := &l.Queriers[k]
			queriers.Add(escape.Text(l.Interface.Name), l.Protocol(), q.Name(), q.Version, intervalText(q), robustnessText(q.Robustness), responseText(q), q.General+q.Specific, term.Clock(q.Last))
		}
		if len(l.Queriers) == 0 {
			none := "none seen"
			if !l.Watched {
				none = "not looked at"
			}
			queriers.Add(escape.Text(l.Interface.Name), l.Protocol(), none, "-", "-", "-", "-", 0, "-")
		}
		for _, h := range l.Memberships {
			groups.Add(escape.Text(l.Interface.Name), h.Group, versionText(l), h.Users, lastText(h), expiryText(h))
		}
	}
	var b strings.Builder
	s := *v.s
	s.Writer = &b
	_ = queriers.Render(&s) // into memory
	if len(groups.Rows) > 0 {
		b.WriteByte('\n')
		_ = groups.Render(&s)
	}
	b.WriteByte('\n')
	b.WriteString(VerdictsText(v.s, vs))
	if dropped > 0 {
		fmt.Fprintf(&b, "%d messages were dropped by this host's kernel for want of buffer\n", dropped)
	}
	_, err := v.s.Write([]byte(v.s.Hang(b.String())))
	return err
}

func intervalText(q *querier.Querier) string {
	switch {
	case q.Told > 0:
		return q.Told.String()
	case q.Observed() > 0:
		return "~" + q.Observed().Round(10*time.Millisecond).String()
	}
	return "-"
}

func responseText(q *querier.Querier) string {
	if q.General == 0 {
		return "-"
	}
	return q.Response.String()
}

func robustnessText(n uint8) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func versionText(l *querier.Link) string {
	switch {
	case l.Version == 0:
		return l.Protocol() + " ?"
	case l.Forced == l.Version:
		return fmt.Sprintf("%s %d (forced)", l.Protocol(), l.Version)
	}
	return fmt.Sprintf("%s %d", l.Protocol(), l.Version)
}

func lastText(h querier.Held) string {
	switch {
	case !h.Reported:
		return "never reported"
	case h.Timer:
		return "due in " + h.Due.String()
	case h.LastReport.IsZero():
		return "not seen"
	}
	return term.Clock(h.LastReport)
}

func expiryText(h querier.Held) string {
	switch {
	case !h.Reported:
		return "never: stays on the link"
	case h.AtMost:
		return "by " + term.Clock(h.Expires)
	}
	return term.Clock(h.Expires)
}
