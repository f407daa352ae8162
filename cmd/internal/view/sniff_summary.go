package view

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/sniff"
	"muster/sniff/analysis"
)

// SniffSummary closes a capture in JSON.
type SniffSummary struct {
	Type       string `json:"type"` // summary
	Packets    uint64 `json:"packets"`
	Bytes      uint64 `json:"bytes"`
	Heartbeats uint64 `json:"heartbeats"`
	Goodbyes   uint64 `json:"goodbyes"`
	Messages   uint64 `json:"messages"`
	Acks       uint64 `json:"acks"`
	FailAcks   uint64 `json:"fail_acks"`
	IGMP       uint64 `json:"igmp"`
	MLD        uint64 `json:"mld"`
	Invalid    uint64 `json:"invalid"`
	CutPackets uint64 `json:"cut_packets"`
	Copies     uint64 `json:"copies"`
	Dropped    uint64 `json:"dropped"`
	// Overflow counts members, groups and others that found no room in the tables.
	Overflow uint64 `json:"overflow"`
	// Damage tells why a file ended before its end.
	Damage    string    `json:"damage,omitempty"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	// WatchedMS is how long the capture saw: without its holes, and on a clock that was not set.
	WatchedMS float64         `json:"watched_ms"`
	TimeSteps []SniffTimeStep `json:"time_steps"`
	Holes     []SniffHole     `json:"holes"`
	Unread    []SniffUnread   `json:"unread"` // link types that are not read
	// Notes say in words what the observer did not see, or saw twice.
	Notes []string `json:"notes"`

	Members  []SniffMember  `json:"members"`
	Speakers []SniffSpeaker `json:"speakers"` // members known by their messages alone
	Clusters []SniffCluster `json:"clusters"`
	Groups   []SniffGroup   `json:"groups"`
	// Memberships are who said on which link that it listens to which group.
	Memberships []SniffMembership `json:"memberships"`
	Queriers    []SniffQuerier    `json:"queriers"`
	Receivers   []SniffReceiver   `json:"receivers"`
	// TLS are the receivers that take messages by TLS.
	TLS []SniffTLS `json:"tls_receivers"`
	// Products are the clusters, rings, domains and virtual routers of other products;
	// Streams what is sent with numbers, such as RTP.
	Products []SniffProduct `json:"products"`
	Streams  []SniffStream  `json:"streams"`

	Verdicts verdict.Summary `json:"verdicts"`
}

// SniffTimeStep is a place where the clock of the capturing host was set.
type SniffTimeStep struct {
	Packet uint64  `json:"packet"` // the first after it
	StepMS float64 `json:"step_ms"`
}

// SniffHole is a time in which members went on sending and nothing was captured.
type SniffHole struct {
	Packet uint64  `json:"packet"` // the first after it
	HoleMS float64 `json:"hole_ms"`
}

// SniffUnread is a link type that is not read.
type SniffUnread struct {
	LinkType uint16 `json:"link_type"`
	Name     string `json:"name"`
	Packets  uint64 `json:"packets"`
}

// SniffMembership is a host that reported a group.
type SniffMembership struct {
	Interface string    `json:"interface"`
	VLAN      uint16    `json:"vlan"`
	Group     string    `json:"group"`
	Host      string    `json:"host"`
	Version   uint8     `json:"version"` // of IGMP or MLD
	LastSeen  time.Time `json:"last_seen"`
}

// SniffMember is a member and how its heartbeats came.
type SniffMember struct {
	Member
	Own              bool       `json:"own"` // it sends from this host, which proves nothing about the network
	Heartbeats       uint64     `json:"heartbeats"`
	FirstSeen        time.Time  `json:"first_seen"`
	LastSeen         time.Time  `json:"last_seen"`
	IntervalMS       float64    `json:"interval_ms"`
	JitterMS         float64    `json:"jitter_ms"`
	LongestSilenceMS float64    `json:"longest_silence_ms"`
	Lost             uint64     `json:"lost"`
	Goodbye          *time.Time `json:"goodbye"` // null where it never said it
	Sources          []string   `json:"sources"`
	Groups           []string   `json:"groups"`
	Messages         uint64     `json:"messages"`
}

// SniffSpeaker is a member of which only messages were seen.
type SniffSpeaker struct {
	Member
	Messages  uint64    `json:"messages"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// SniffCluster is the members that share group, port and domain.
type SniffCluster struct {
	Group   string   `json:"group"`
	Domain  string   `json:"domain"`
	Members []string `json:"members"` // host and port
}

// SniffGroup is what went to a group, and who said that it listens.
type SniffGroup struct {
	Group string `json:"group"`
	Port  uint16 `json:"port"`
	// Product is what was decoded there, else whose default the group is.
	Product string `json:"product,omitempty"`
	// Members are those of other products that sent to the group and port.
	Members    []ProductMember `json:"members"`
	Packets    uint64          `json:"packets"`
	Bytes      uint64          `json:"bytes"`
	PerSecond  float64         `json:"packets_per_second"`
	Sources    []string        `json:"sources"`
	Protocols  []string        `json:"protocols"`
	Heartbeats uint64          `json:"heartbeats"`
	Reports    uint64          `json:"reports"`
	Reporters  []string        `json:"reporters"`
	Leaves     uint64          `json:"leaves"`
}

// SniffQuerier is a host that asks who listens.
type SniffQuerier struct {
	Address         string    `json:"address"`
	MAC             string    `json:"mac"`
	VLAN            uint16    `json:"vlan"`
	Version         uint8     `json:"version"`
	GeneralQueries  uint64    `json:"general_queries"`
	SpecificQueries uint64    `json:"specific_queries"`
	FirstSeen       time.Time `json:"first_seen"`
	LastSeen        time.Time `json:"last_seen"`
	IntervalMS      float64   `json:"interval_ms"` // that it tells, 0 where it cannot
	MeasuredMS      float64   `json:"measured_interval_ms"`
	MaxResponseMS   float64   `json:"max_response_ms"`
	Robustness      uint8     `json:"robustness"`
	Elected         bool      `json:"elected"` // its address is the lowest: it wins the election
}

// SniffReceiver is the TCP side of a member.
type SniffReceiver struct {
	Address       string  `json:"address"`
	Opened        uint64  `json:"opened"`
	Answered      uint64  `json:"answered"`
	Refused       uint64  `json:"refused"`
	NoAnswer      uint64  `json:"no_answer"`
	Messages      uint64  `json:"messages"`
	Bytes         uint64  `json:"bytes"`
	Acks          uint64  `json:"acks"`
	FailAcks      uint64  `json:"fail_acks"`
	AcksDue       uint64  `json:"acks_due"`
	AcksMissing   uint64  `json:"acks_missing"`
	AcksLate      uint64  `json:"acks_late"`
	AckMeanMS     float64 `json:"ack_mean_ms"`
	AckP99MS      float64 `json:"ack_p99_ms"`
	AckLongestMS  float64 `json:"ack_longest_ms"`
	Retransmitted uint64  `json:"retransmitted"`
	Changed       uint64  `json:"changed"` // retransmissions with other content
	Gaps          uint64  `json:"gaps"`
	MissingBytes  uint64  `json:"missing_bytes"`
	Invalid       uint64  `json:"invalid"`
}

// SniffTLS is a receiver that takes messages by TLS, as the hellos in clear show it.
type SniffTLS struct {
	Address        string   `json:"address"`
	Connections    uint64   `json:"connections"`
	Checks         uint64   `json:"checks"`         // connections that were closed without a word
	Handshakes     uint64   `json:"handshakes"`     // in which both sides said hello
	Versions       []string `json:"versions"`       // that the receiver chose
	Suites         []string `json:"suites"`         // that it chose
	Authentication string   `json:"authentication"` // pre-shared key, certificate, or empty while unknown
	Identities     []string `json:"identities"`     // of pre-shared keys that were offered
	Alerts         []string `json:"alerts"`         // by name, those of an orderly end left out
	NotTLS         uint64   `json:"not_tls"`        // connections that began with something else
}

func newSniffTLS(a *analysis.Analysis) []SniffTLS {
	out := []SniffTLS{}
	for _, r := range a.SortedTLS() {
		v, s, alerts := r.Names()
		out = append(out, SniffTLS{r.Addr.String(), r.Connections, r.Checks, r.Handshakes, append([]string{}, v...), append([]string{}, s...),
			r.Authentication(), r.IdentityTexts(), append([]string{}, alerts...), r.Plain})
	}
	return out
}

// NewSniffSummary sums a capture up.
func NewSniffSummary(r *sniff.Result) *SniffSummary {
	a, t, st := r.Analysis, &r.Totals, &r.Stats
	v := &SniffSummary{
		Type: "summary", Packets: t.Packets, Bytes: t.Bytes, Heartbeats: t.Heartbeats, Goodbyes: t.Goodbyes, Messages: t.Messages,
		Acks: t.Acks, FailAcks: t.FailAcks, IGMP: t.IGMP, MLD: t.MLD, Invalid: t.Invalid, CutPackets: t.CutPackets, Copies: t.Copies,
		Dropped: st.Dropped, Overflow: a.Overflow, FirstSeen: nsTime(a.First), LastSeen: nsTime(a.Last), WatchedMS: msOf(a.Watched()),
		TimeSteps: []SniffTimeStep{}, Holes: []SniffHole{}, Unread: []SniffUnread{}, Notes: append([]string{}, r.Notes()...), Memberships: []SniffMembership{},
		Members: []SniffMember{}, Speakers: []SniffSpeaker{}, Clusters: []SniffCluster{}, Groups: []SniffGroup{},
		Queriers: []SniffQuerier{}, Receivers: []SniffReceiver{}, TLS: newSniffTLS(a), Products: newProducts(a.Products), Streams: newStreams(a.Products), Verdicts: verdict.Summarize(r.Verdicts),
	}
	if st.Damage != nil {
		v.Damage = st.Damage.Error()
	}
	for _, m := range a.HeardMembers() {
		row := newSniffMember(a, m)
		row.Own = isOwn(r, m)
		v.Members = append(v.Members, row)
	}
	for _, m := range a.SilentMembers() {
		v.Speakers = append(v.Speakers, SniffSpeaker{NewMember(&m.Record, netip.AddrPort{}), m.Talk.Messages, nsTime(m.Talk.First), nsTime(m.Talk.Last)})
	}
	for _, c := range a.Clusters() {
		row := SniffCluster{Group: c.Group.String(), Domain: escape.Text(c.Domain), Members: []string{}}
		for _, m := range c.Members {
			row.Members = append(row.Members, m.Name())
		}
		v.Clusters = append(v.Clusters, row)
	}
	joined := a.Listeners()
	for _, g := range a.SortedGroups() {
		v.Groups = append(v.Groups, newSniffGroup(a, g, joined))
	}
	for _, l := range a.SortedLinks() {
		v.Memberships = append(v.Memberships, newSniffMemberships(r, l)...)
	}
	for _, l := range slices.Sorted(maps.Keys(r.Unread)) {
		v.Unread = append(v.Unread, SniffUnread{uint16(l), l.String(), r.Unread[l]})
	}
	for _, s := range a.Steps {
		v.TimeSteps = append(v.TimeSteps, SniffTimeStep{s.Packet, float64(s.By) / 1e6})
	}
	for i, q := range a.Quiet {
		if a.Hole(i) {
			v.Holes = append(v.Holes, SniffHole{q.Packet, float64(q.To-q.From) / 1e6})
		}
	}
	for _, q := range a.SortedQueriers() {
		v.Queriers = append(v.Queriers, newSniffQuerier(a, q))
	}
	for _, r := range a.SortedReceivers() {
		v.Receivers = append(v.Receivers, SniffReceiver{
			Address: r.Addr.String(), Opened: r.Opened, Answered: r.Answered, Refused: r.Refused, NoAnswer: r.Silent,
			Messages: r.Messages, Bytes: r.Bytes, Acks: r.Acks, FailAcks: r.FailAcks, AcksDue: r.AcksDue, AcksMissing: r.AcksMissing,
			AcksLate: r.AcksLate, AckMeanMS: msOf(r.Latency.Mean()), AckP99MS: msOf(r.Latency.Quantile(0.99)), AckLongestMS: msOf(r.Latency.Longest),
			Retransmitted: r.Retransmitted, Changed: r.Changed, Gaps: r.Gaps, MissingBytes: r.Missing, Invalid: r.Invalid,
		})
	}
	return v
}

func nsTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func newSniffMember(a *analysis.Analysis, m *analysis.Member) SniffMember {
	lost, _ := a.Lost(m)
	v := SniffMember{
		Member: NewMember(&m.Record, netip.AddrPort{}), Heartbeats: m.Beats.Count(), FirstSeen: nsTime(m.First), LastSeen: nsTime(m.Last),
		IntervalMS: msOf(m.Beats.Interval()), JitterMS: msOf(m.Beats.Jitter()), LongestSilenceMS: msOf(a.Longest(m)),
		Lost: lost, Sources: addrTexts(m.Sources.List()), Groups: []string{}, Messages: m.Talk.Messages,
	}
	for _, g := range m.Groups.List() {
		v.Groups = append(v.Groups, g.String())
	}
	if m.Goodbye != 0 {
		t := nsTime(m.Goodbye)
		v.Goodbye = &t
	}
	return v
}

func newSniffGroup(a *analysis.Analysis, g *analysis.Group, joined map[netip.Addr]*analysis.Joined) SniffGroup {
	v := SniffGroup{
		Group: g.Addr.Addr().String(), Port: g.Addr.Port(), Product: g.Product, Packets: g.Packets, Bytes: g.Bytes,
		Sources: addrTexts(g.Sources.List()), Protocols: append([]string{}, g.Protocols.List()...), Heartbeats: g.Heartbeats, Reporters: []string{},
		Members: newProductMembers(a.Products, a.Products.On(g.Addr)),
	}
	if len(v.Members) > 0 {
		v.Product = v.Members[0].Product
	}
	if span := a.Span(); span > 0 {
		v.PerSecond = float64(g.Packets) / span.Seconds()
	}
	if j := joined[g.Addr.Addr()]; j != nil {
		v.Reports, v.Leaves, v.Reporters = j.Reports, j.Leaves, addrTexts(j.Reporters.List())
	}
	return v
}

func newSniffMemberships(r *sniff.Result, l *analysis.LinkView) []SniffMembership {
	var out []SniffMembership
	name := ""
	if list := r.Source.Interfaces(); l.Interface < len(list) {
		name = escape.Text(list[l.Interface].Name)
	}
	for _, g := range slices.SortedFunc(maps.Keys(l.Joined), netip.Addr.Compare) {
		j := l.Joined[g]
		for i, host := range j.Reporters.List() {
			at, version := j.Report(i)
			out = append(out, SniffMembership{name, l.VLAN, g.String(), host.String(), version, nsTime(at)})
		}
	}
	return out
}

func newSniffQuerier(a *analysis.Analysis, q *analysis.Querier) SniffQuerier {
	v := SniffQuerier{
		Address: q.Addr.String(), MAC: q.MAC.String(), VLAN: q.VLAN, Version: q.Version, GeneralQueries: q.General, SpecificQueries: q.Specific,
		FirstSeen: nsTime(q.First), LastSeen: nsTime(q.Last), IntervalMS: msOf(q.Interval), MeasuredMS: msOf(q.Beats.Interval()),
		MaxResponseMS: msOf(q.MaxResponse), Robustness: q.Robustness, Elected: !q.Addr.IsUnspecified(),
	}
	for _, o := range a.SortedQueriers() {
		if o.VLAN == q.VLAN && o.Interface == q.Interface && o.Addr.Is4() == q.Addr.Is4() && !o.Addr.IsUnspecified() && o.Addr.Less(q.Addr) {
			v.Elected = false
		}
	}
	return v
}
