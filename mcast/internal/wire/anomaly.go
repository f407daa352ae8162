package wire

import "net/netip"

// Extra notes bytes that follow a message.
func (a *Anomalies) Extra(b []byte) {
	if len(b) > 0 {
		a.Add("extra", "%d bytes follow the message", len(b))
	}
}

// Group notes a message of that name about what is no group.
func (a *Anomalies) Group(name string, group netip.Addr) {
	if !group.IsMulticast() {
		a.Add("group", "a %s for %s, which is no group", name, group)
	}
}

// Query notes what is wrong with a query for group and sources.
func (a *Anomalies) Query(group netip.Addr, sources []netip.Addr) {
	if !group.IsUnspecified() {
		a.Group("query", group)
	} else if len(sources) > 0 {
		a.Add("group", "a query for %d sources without a group", len(sources))
	}
	a.sources(sources)
}

// Records notes what is wrong with the records of a report of that version.
func (a *Anomalies) Records(f Family, version uint8, list []Record) {
	if len(list) == 0 {
		a.Add("no_records", "a version %d report without %s %s", version, map[byte]string{'a': "an", 'g': "a"}[f.Record[0]], f.Record)
	}
	for i := range list {
		r := &list[i]
		switch {
		case r.Type < ModeIsInclude || r.Type > BlockOldSources:
			a.Add("record_type", "record %d has type %d; receivers ignore it", i+1, r.Type)
		case len(r.Sources) == 0 && (r.Type == ModeIsInclude || r.Type == AllowNewSources || r.Type == BlockOldSources):
			a.Add("record_sources", "record %d is %s without a source", i+1, r.Type)
		}
		if !r.Group.IsMulticast() {
			a.Add("group", "record %d is for %s, which is no group", i+1, r.Group)
		}
		if len(r.Aux) > 0 {
			a.Add("aux_data", "record %d has %d bytes of auxiliary data", i+1, len(r.Aux))
		}
		a.sources(r.Sources)
	}
}

func (a *Anomalies) sources(list []netip.Addr) {
	for _, s := range list {
		if s.IsUnspecified() || s.IsMulticast() {
			a.Add("source", "%s is listed as a source", s)
			return // one is enough: a report may list thousands
		}
	}
}
