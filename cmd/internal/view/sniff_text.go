package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/sniff"
	"muster/sniff/analysis"
	"muster/tribes"
)

// SniffReport prints the summary of a capture for people: members, groups,
// queriers and receivers as tables, then the verdicts.
func SniffReport(s *term.Stream, r *sniff.Result) error {
	a, vs := r.Analysis, r.Verdicts
	for _, part := range []struct {
		title string
		table *term.Table
	}{
		{"Members", membersTable(r)},
		{"Groups", groupsTable(a)},
		{"Memberships", membershipsTable(r)},
		{"Queriers", queriersTable(a)},
		{"Receivers", receiversTable(a)},
		{"TLS receivers", tlsTable(a)},
		{"What else is here", productsTable(a.Products, ownOf(r))},
		{"Streams", streamsTable(a)},
	} {
		if len(part.table.Rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(s, s.Style().Bold(true).Render(part.title)); err != nil {
			return err
		}
		if err := part.table.Render(s); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(s); err != nil {
			return err
		}
	}
	var b strings.Builder
	fmt.Fprintln(&b, countsText(r))
	for _, n := range r.Notes() {
		fmt.Fprintf(&b, "note: %s\n", escape.Text(n))
	}
	b.WriteString(wrongText(s, vs))
	otherVerdicts(s, &b, vs, func(st verdict.Status) bool { return st.Bad() || st == verdict.Unknown })
	_, err := fmt.Fprint(s, b.String())
	return err
}

// SniffClosing prints the counts of a capture in a line, and one for each verdict
// that speaks against the network.
func SniffClosing(s *term.Stream, r *sniff.Result) error {
	var b strings.Builder
	fmt.Fprintln(&b, countsText(r))
	for _, n := range r.Notes() {
		fmt.Fprintf(&b, "note: %s\n", escape.Text(n))
	}
	otherVerdicts(s, &b, r.Verdicts, func(verdict.Status) bool { return false })
	_, err := fmt.Fprint(s, b.String())
	return err
}

// otherVerdicts prints a line for each verdict that is not told already, and counts
// those that pass.
func otherVerdicts(s *term.Stream, b *strings.Builder, vs []verdict.Verdict, told func(verdict.Status) bool) {
	passed := 0
	for i := range vs {
		switch v := &vs[i]; {
		case told(v.Status):
		case v.Status == verdict.Pass && v.Subject == "": // with one it is worth a line
			passed++
		default:
			b.WriteString(headline(s, *v))
		}
	}
	if passed > 0 {
		fmt.Fprintf(b, "%s  %s of what the traffic shows\n", padStatus(s, verdict.Pass), term.Count(passed, "check"))
	}
}

func countsText(r *sniff.Result) string {
	t, a := &r.Totals, r.Analysis
	parts := []string{term.Count(t.Packets, "packet") + " in " + term.Seconds(a.Watched())}
	add := func(n uint64, word string) {
		if n > 0 {
			parts = append(parts, term.Count(n, word))
		}
	}
	add(t.Heartbeats, "heartbeat")
	add(t.Messages, "message")
	add(t.Acks, "ack")
	add(t.FailAcks, "fail ack")
	if t.IGMP > 0 {
		parts = append(parts, fmt.Sprintf("%d IGMP", t.IGMP))
	}
	if t.MLD > 0 {
		parts = append(parts, fmt.Sprintf("%d MLD", t.MLD))
	}
	if t.Invalid > 0 {
		parts = append(parts, fmt.Sprintf("%d invalid", t.Invalid))
	}
	if t.Copies > 0 {
		parts = append(parts, term.Count(t.Copies, "further sighting"))
	}
	return strings.Join(parts, ", ")
}

func membersTable(r *sniff.Result) *term.Table {
	a := r.Analysis
	t := &term.Table{Header: []string{"MEMBER", "ID", "DOMAIN", "BEATS", "INTERVAL", "JITTER", "LONGEST SILENCE", "LOST", "FIRST", "LAST", ""},
		Right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true}}
	for _, m := range a.HeardMembers() {
		note := ""
		switch {
		case m.Goodbye != 0:
			note = "said goodbye"
		case len(m.Sources.List()) > 0 && !strings.HasPrefix(m.Name(), m.Sources.List()[0].String()):
			note = "from " + m.Sources.List()[0].String()
		}
		if m.Record.Generation != tribes.V1 {
			note = strings.TrimPrefix(note+", "+m.Record.Generation.Tomcat(), ", ")
		}
		if isOwn(r, m) {
			note = strings.TrimPrefix(note+", this host", ", ")
		}
		interval, jitter, longest := beatTexts(a, m)
		t.Add(m.Name(), m.Record.ID.String()[:8], escape.Bytes(m.Record.Domain), m.Beats.Count(), interval, jitter, longest, lostText(a, m),
			since(a, m.First), since(a, m.Last), note)
	}
	for _, m := range a.SilentMembers() {
		t.Add(m.Name(), m.Record.ID.String()[:8], escape.Bytes(m.Record.Domain), 0, "", "", "", "", since(a, m.Talk.First), since(a, m.Talk.Last),
			term.Count(m.Talk.Messages, "message")+", no heartbeat")
	}
	return t
}

// isOwn: the member sends from this host.
func isOwn(r *sniff.Result, m *analysis.Member) bool {
	from := m.Sources.List()
	return len(from) > 0 && ownOf(r)(from[0])
}

// ownOf tells which addresses are of this host; in a capture file none is.
func ownOf(r *sniff.Result) func(netip.Addr) bool {
	return func(a netip.Addr) bool { return r.Own[a.Unmap().WithZone("")] }
}

// beatTexts writes how a member's heartbeats come; one alone does not tell.
func beatTexts(a *analysis.Analysis, m *analysis.Member) (interval, jitter, longest string) {
	if m.Beats.Count() < 2 {
		return "", "", ""
	}
	return term.Seconds(m.Beats.Interval()), term.Seconds(m.Beats.Jitter()), term.Seconds(a.Longest(m))
}

func lostText(a *analysis.Analysis, m *analysis.Member) string {
	lost, _ := a.Lost(m)
	return fmt.Sprint(lost)
}

// since is a time after the first packet.
func since(a *analysis.Analysis, ns int64) string {
	return fmt.Sprintf("%.1fs", float64(ns-a.First)/1e9)
}

func groupsTable(a *analysis.Analysis) *term.Table {
	t := &term.Table{Header: []string{"GROUP", "PACKETS", "RATE", "SOURCES", "TTL", "LISTENERS", "WHAT"}, Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
	joined := a.Listeners()
	for _, g := range a.SortedGroups() {
		rate, listeners := "", ""
		if span := a.Span(); span > 0 {
			rate = term.PerSecond(float64(g.Packets) / span.Seconds())
		}
		if j := joined[g.Addr.Addr()]; j != nil {
			listeners = fmt.Sprint(len(j.Reporters.List()))
		}
		ttl := fmt.Sprint(g.TTLMin)
		if g.TTLMax != g.TTLMin {
			ttl += fmt.Sprintf("-%d", g.TTLMax)
		}
		what := strings.Join(g.Protocols.List(), ", ")
		if g.Product != "" {
			what += " (" + g.Product + ")"
		}
		t.Add(addrText(g.Addr), g.Packets, rate, len(g.Sources.List()), ttl, listeners, what)
	}
	return t
}

// tlsTable is what connections to ports for TLS show in clear.
func tlsTable(a *analysis.Analysis) *term.Table {
	t := &term.Table{Header: []string{"RECEIVER", "CONNECTIONS", "HANDSHAKES", "VERSION", "SUITE", "AUTHENTICATION", "IDENTITY", "ALERTS"},
		Right: map[int]bool{1: true, 2: true}}
	for _, r := range a.SortedTLS() {
		versions, suites, alerts := r.Names()
		t.Add(r.Addr, r.Connections, r.Handshakes, strings.Join(versions, " "), strings.Join(suites, " "), r.Authentication(),
			strings.Join(r.IdentityTexts(), " "), strings.Join(alerts, " "))
	}
	return t
}

// membershipsTable is who reported which group, by which version, and when last.
func membershipsTable(r *sniff.Result) *term.Table {
	t := &term.Table{Header: []string{"GROUP", "HOST", "VERSION", "LAST", "LINK"}, Right: map[int]bool{2: true, 3: true}}
	several := len(r.Analysis.Links) > 1
	for _, l := range r.Analysis.SortedLinks() {
		for _, m := range newSniffMemberships(r, l) {
			link := ""
			if several {
				if link = m.Interface; m.VLAN != 0 {
					link = strings.TrimSpace(fmt.Sprintf("%s VLAN %d", link, m.VLAN))
				}
			}
			t.Add(m.Group, m.Host, m.Version, since(r.Analysis, m.LastSeen.UnixNano()), link)
		}
	}
	return t
}

func queriersTable(a *analysis.Analysis) *term.Table {
	t := &term.Table{Header: []string{"QUERIER", "VERSION", "QUERIES", "INTERVAL", "MAX RESPONSE", "LAST", "HARDWARE ADDRESS"}, Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
	for _, q := range a.SortedQueriers() {
		name := "IGMP "
		if !q.Addr.Is4() {
			name = "MLD "
		}
		interval := q.Interval
		if interval == 0 {
			interval = q.Beats.Interval()
		}
		t.Add(name+q.Addr.String(), q.Version, q.General+q.Specific, orNone(interval), orNone(q.MaxResponse), since(a, q.Last), q.MAC)
	}
	return t
}

// orNone leaves out what is not known.
func orNone(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return term.Seconds(d)
}

func receiversTable(a *analysis.Analysis) *term.Table {
	t := &term.Table{Header: []string{"RECEIVER", "CONNECTIONS", "MESSAGES", "ACKS", "LATE", "MISSING", "ACK MEAN", "ACK P99", "RESENT", "GAPS", ""},
		Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true}}
	for _, r := range a.SortedReceivers() {
		note := ""
		if r.Refused > 0 {
			note = fmt.Sprintf("%d refused", r.Refused)
		}
		if r.Silent > 0 {
			note = strings.TrimPrefix(fmt.Sprintf("%s, %d without answer", note, r.Silent), ", ")
		}
		mean, p99 := "", ""
		if r.Latency.Count > 0 {
			mean, p99 = term.Seconds(r.Latency.Mean()), term.Seconds(r.Latency.Quantile(0.99))
		}
		t.Add(r.Addr, r.Opened, r.Messages, r.Acks+r.FailAcks, r.AcksLate, r.AcksMissing, mean, p99, r.Retransmitted, r.Gaps, note)
	}
	return t
}
