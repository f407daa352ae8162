package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/sniff/analysis"
	"muster/sniff/analysis/products"
)

// SniffProduct is members of another product that belong together.
type SniffProduct struct {
	Product string `json:"product"`
	// Kind says what Name is: cluster, domain, router, area, ... Both are empty where no
	// message told.
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Groups  []string        `json:"groups"`
	Members []ProductMember `json:"members"`
}

// ProductMember is one who speaks another product's protocol.
type ProductMember struct {
	Product string `json:"product"`
	Cluster string `json:"cluster"`
	// Name, Address, Release and Role are those that it gives itself; empty where it does
	// not.
	Name    string `json:"name"`
	Address string `json:"address"`
	// View is the JGroups view that it last said to be in, CREATOR|NUMBER; "" where it told
	// none.
	View      string    `json:"view"`
	Release   string    `json:"release"`
	Role      string    `json:"role"`
	Notes     []string  `json:"notes"`
	Sources   []string  `json:"sources"`
	TTL       uint8     `json:"ttl"` // the smallest of what it sent to groups; 0 where it sent to none
	Packets   uint64    `json:"packets"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	// Goodbye is when it said that it leaves; null where it did not.
	Goodbye *time.Time `json:"goodbye"`
	// IntervalMS and LongestSilenceMS are of what it sends at regular intervals; 0 where
	// it sends nothing like that, or too little.
	IntervalMS       float64 `json:"interval_ms"`
	LongestSilenceMS float64 `json:"longest_silence_ms"`
}

// SniffStream is numbered packets of one sender to one group and port.
type SniffStream struct {
	Product   string    `json:"product"` // RTP, mcjoin
	Group     string    `json:"group"`
	Port      uint16    `json:"port"`
	Source    string    `json:"source"`
	SSRC      string    `json:"ssrc,omitempty"`
	Payload   uint8     `json:"payload_type"`
	Packets   uint64    `json:"packets"`
	Missing   uint64    `json:"missing"`
	Again     uint64    `json:"duplicates"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

func newProducts(t *products.Table) []SniffProduct {
	list := []SniffProduct{}
	for _, c := range t.Clusters() {
		v := SniffProduct{Product: c.Product, Kind: c.Kind, Name: escape.Text(c.Name), Groups: []string{}, Members: newProductMembers(t, c.Members)}
		for _, g := range c.Groups {
			v.Groups = append(v.Groups, addrText(g))
		}
		list = append(list, v)
	}
	return list
}

func newProductMembers(t *products.Table, members []*products.Member) []ProductMember {
	list := []ProductMember{}
	for _, m := range members {
		v := ProductMember{
			Product: m.Product, Cluster: escape.Text(m.Cluster), Name: escape.Text(m.Name), Address: escape.Text(m.Address), Release: escape.Text(m.Release),
			View: escape.Text(t.View(m)), Role: escape.Text(m.Role), Notes: []string{}, Sources: addrTexts(m.Sources), Packets: m.Packets, FirstSeen: nsTime(m.First), LastSeen: nsTime(m.Last),
			IntervalMS: msOf(m.Beats.Interval()), LongestSilenceMS: msOf(m.Beats.Longest()),
		}
		for _, n := range m.Notes {
			v.Notes = append(v.Notes, escape.Text(n))
		}
		if len(m.Groups) > 0 {
			v.TTL = m.TTLMin
		}
		if m.Gone != 0 {
			at := nsTime(m.Gone)
			v.Goodbye = &at
		}
		list = append(list, v)
	}
	return list
}

func newStreams(t *products.Table) []SniffStream {
	list := []SniffStream{}
	for _, s := range t.Streams() {
		v := SniffStream{
			Product: s.Product, Group: s.To.Addr().String(), Port: s.To.Port(), Source: s.Source.String(), Payload: s.Payload,
			Packets: s.Packets, Missing: s.Missing(), Again: s.Again, FirstSeen: nsTime(s.First), LastSeen: nsTime(s.Last),
		}
		if s.Product == "RTP" {
			v.SSRC = fmt.Sprintf("0x%08x", s.SSRC)
		}
		list = append(list, v)
	}
	return list
}

// productsTable is "what else is here": a row for each member of other products; own tells the
// addresses of this host.
func productsTable(p *products.Table, own func(netip.Addr) bool) *term.Table {
	t := &term.Table{Header: []string{"PRODUCT", "GROUP", "TTL", "MEMBER", "FROM", "ADDRESS", "RELEASE", "ROLE", "INTERVAL", "LONGEST SILENCE", ""},
		Right: map[int]bool{2: true, 8: true, 9: true}}
	for _, c := range p.Clusters() {
		what := strings.TrimSpace(c.Product + " " + c.Kind + " " + escape.Text(c.Name))
		for _, m := range c.Members {
			var groups, notes []string
			for _, g := range m.Groups {
				groups = append(groups, addrText(g))
			}
			for _, n := range m.Notes {
				notes = append(notes, escape.Text(n))
			}
			if v := p.View(m); v != "" {
				notes = append(notes, "view "+escape.Text(v))
			}
			if m.Gone != 0 {
				notes = append(notes, "said goodbye")
			}
			from, ttl, interval, silence := m.Source().String(), "", "", ""
			if own(m.Source()) {
				from += " (this host)"
			}
			if len(m.Groups) > 0 {
				ttl = fmt.Sprint(m.TTLMin)
			}
			if d := m.Beats.Interval(); d > 0 {
				interval, silence = term.Seconds(d), term.Seconds(m.Beats.Longest())
			}
			t.Add(what, strings.Join(groups, " "), ttl, escape.Text(m.Name), from, escape.Text(m.Address), escape.Text(m.Release), escape.Text(m.Role),
				interval, silence, strings.Join(notes, "; "))
		}
	}
	return t
}

// streamsTable has a row for each stream with numbers.
func streamsTable(a *analysis.Analysis) *term.Table {
	t := &term.Table{Header: []string{"STREAM", "GROUP", "FROM", "PACKETS", "MISSING", "DUPLICATES", "FIRST", "LAST"}, Right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true}}
	for _, s := range a.Products.Streams() {
		what := s.Product
		if s.Product == "RTP" {
			what = fmt.Sprintf("RTP 0x%08x, payload type %d", s.SSRC, s.Payload)
		}
		t.Add(what, addrText(s.To), s.Source, s.Packets, s.Missing(), s.Again, since(a, s.First), since(a, s.Last))
	}
	return t
}
