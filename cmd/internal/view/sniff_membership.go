package view

import (
	"net/netip"
	"strconv"
	"time"

	"muster/cmd/internal/term"
	"muster/mcast/igmp"
	"muster/mcast/mld"
)

func appendAnomalies(b []byte, list igmp.Anomalies) []byte {
	for _, x := range list {
		b = append(append(append(b, " ["...), x.Name...), ']')
	}
	return b
}

func appendIGMP(b []byte, m *igmp.Message) []byte {
	if !m.Type.Known() { // it has no version
		return append(append(b, ' '), m.Type.String()...)
	}
	b = appendVersion(b, m.Version)
	switch m.Type {
	case igmp.Query:
		return appendQuery(b, m.Group, m.MaxResponse(), m.Version == 3, m.Suppress, m.QRV, m.QueryInterval(), m.Sources)
	case igmp.ReportV3:
		return appendRecords(b, m.Records)
	case igmp.Leave:
		return m.Group.AppendTo(append(b, " leave "...))
	}
	return m.Group.AppendTo(append(b, " report "...))
}

func appendMLD(b []byte, m *mld.Message) []byte {
	b = appendVersion(b, m.Version)
	switch m.Type {
	case mld.Query:
		return appendQuery(b, m.Group, m.MaxResponse(), m.Version == 2, m.Suppress, m.QRV, m.QueryInterval(), m.Sources)
	case mld.ReportV2:
		return appendRecords(b, m.Records)
	case mld.Done:
		return m.Group.AppendTo(append(b, " done "...))
	}
	return m.Group.AppendTo(append(b, " report "...))
}

func appendVersion(b []byte, version uint8) []byte {
	return strconv.AppendUint(append(b, " v"...), uint64(version), 10)
}

// maxRecords is how many records, and sources of each, one line has.
const maxRecords = 8

func appendQuery(b []byte, group netip.Addr, response time.Duration, newest, suppress bool, qrv uint8, interval time.Duration, sources []netip.Addr) []byte {
	b = append(b, " query"...)
	if !group.IsUnspecified() {
		b = group.AppendTo(append(b, ' '))
	}
	b = append(append(b, " max response "...), term.Seconds(response)...)
	if newest {
		b = append(append(b, " interval "...), term.Seconds(interval)...)
		b = strconv.AppendUint(append(b, " robustness "...), uint64(qrv), 10)
		if suppress {
			b = append(b, " suppress"...)
		}
	}
	return appendSources(b, sources)
}

// appendRecords appends what a report says, of both protocols: they share the form.
func appendRecords(b []byte, list []igmp.Record) []byte {
	b = append(b, " report"...)
	for i := range list {
		switch {
		case i == maxRecords:
			return append(b, ", ..."...)
		case i > 0:
			b = append(b, ',')
		}
		b = append(append(append(b, ' '), list[i].Type.String()...), ' ')
		b = appendSources(list[i].Group.AppendTo(b), list[i].Sources)
	}
	return b
}

func appendSources(b []byte, sources []netip.Addr) []byte {
	for i, s := range sources {
		switch i {
		case 0:
			b = append(b, " {"...)
		case maxRecords:
			return append(b, " ...}"...)
		default:
			b = append(b, ' ')
		}
		b = s.AppendTo(b)
	}
	if len(sources) > 0 {
		b = append(b, '}')
	}
	return b
}
