package products

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"muster/internal/verdict"
)

// judges are the checks, in the order of their verdicts.
var judges = []struct {
	ids   []verdict.ID
	judge func(*judge)
}{
	{[]verdict.ID{"peer.two-clusters"}, (*judge).twoClusters},
	{[]verdict.ID{"peer.release-mix"}, (*judge).releaseMix},
	{[]verdict.ID{"peer.address"}, (*judge).addresses},
	{[]verdict.ID{"peer.duplicate-address"}, (*judge).duplicates},
	{[]verdict.ID{"peer.alone"}, (*judge).alone},
	{nil, (*judge).ports}, // sock.port-mismatch, which the cluster's own heartbeats yield too
	{[]verdict.ID{"jini.no-group"}, (*judge).lookups},
	{[]verdict.ID{"vrrp.two-masters", "vrrp.version-mix"}, (*judge).masters},
	{[]verdict.ID{"ospf.not-neighbours"}, (*judge).neighbours},
	{[]verdict.ID{"corosync.split"}, (*judge).split},
	{[]verdict.ID{"ptp.two-masters"}, (*judge).grandmasters},
	{[]verdict.ID{"stream.loss"}, (*judge).loss},
	{[]verdict.ID{"stream.two-senders"}, (*judge).senders},
	{[]verdict.ID{"dds.domains"}, (*judge).domains},
}

// Judged lists the ids of the catalogue that a Table is judged by.
func Judged() (ids []verdict.ID) {
	for _, j := range judges {
		ids = append(ids, j.ids...)
	}
	return ids
}

// Verdicts judges what was seen.
func (t *Table) Verdicts() []verdict.Verdict {
	j := &judge{t: t, clusters: t.Clusters()}
	for _, x := range judges {
		x.judge(j)
	}
	return j.out
}

// judge holds what several checks look at, and the verdicts so far.
type judge struct {
	t        *Table
	clusters []*Cluster
	out      []verdict.Verdict
}

func (j *judge) add(id verdict.ID, status verdict.Status, c verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, status, c, subject, saw, parts...))
}

func evidence(what, format string, args ...any) verdict.Evidence {
	return verdict.Evidence{What: what, Value: fmt.Sprintf(format, args...), ReadFrom: "packets"}
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(x, y K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

func compareUint32(x, y uint32) int { return cmp.Compare(x, y) }

// long writes a time so that a person reads it at once.
func long(d time.Duration) string {
	if d >= 10*time.Second {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// groupOf is the group that a member sends to, as text.
func groupOf(m *Member) string {
	if len(m.Groups) == 0 {
		return "the group"
	}
	if g := m.Groups[0]; g.Port() == 0 {
		return g.Addr().String()
	}
	return m.Groups[0].String()
}
