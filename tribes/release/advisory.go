package release

import (
	"slices"
	"strings"
	"time"
)

// AsOf is the day on which the tables of advisories, branches and changes were
// made. What was published later is not in them.
const AsOf = "2026-11-29"

// Stale reports whether the tables are older than a year.
func Stale(now time.Time) bool {
	made, err := time.Parse(time.DateOnly, AsOf)
	return err == nil && now.After(made.AddDate(1, 0, 0))
}

// Trust says how well a statement is founded.
type Trust string

const (
	TwoSources Trust = "two"      // two independent texts agree
	OneSource  Trust = "one"      // one text
	Inferred   Trust = "inferred" // follows from the last affected release, or from another advisory of the same day
	FromMemory Trust = "memory"   // nobody looked it up
)

// Sure reports whether a verdict may rest on it alone.
func (t Trust) Sure() bool { return t == TwoSources || t == OneSource }

// Topic is the part of a cluster that an advisory is about.
type Topic string

const (
	Encryption  Topic = "encryption"  // EncryptInterceptor
	TLS         Topic = "tls"         // the channel's TLS with pre-shared keys
	Cloud       Topic = "cloud"       // CloudMembershipService
	Receiver    Topic = "receiver"    // whoever reaches the receiver
	Persistence Topic = "persistence" // PersistentManager and its stores
	SessionIDs  Topic = "session-ids" // not replication, yet the same sessions
	OnTop       Topic = "on-top"      // a program that is built on Tribes
)

// Advisory is a published vulnerability that an operator of a cluster must know.
type Advisory struct {
	CVE       string
	Published string // 2006-01-02, "" where the table does not say
	Topic     Topic
	Title     string // what is wrong, in a few words
	Text      string // what an operator must know
	Needs     string // what must be there to be affected
	Ranges    []Range
	Exploited string // since when it is known to be exploited, "" is not known
	Trust     Trust  // of the statement and its ranges
	Note      string // what else to know of the numbers
}

// Range is the affected releases of one line.
type Range struct {
	Line     string
	From, To int    // numbers of the first and the last affected release
	Fixed    string // the release that has the repair, "" is none
	Trust    Trust  // of Fixed, where it is another than the advisory's
}

// In reports whether a release is affected, and by which range. A line alone is
// affected by nothing: which release of it runs is not known.
func (a Advisory) In(r Release) (Range, bool) {
	for _, g := range a.Ranges {
		if g.Line == r.Line && r.Patch >= g.From && r.Patch <= g.To {
			return g, true
		}
	}
	return Range{}, false
}

// FixTrust is how well the number of the repaired release is founded.
func (a Advisory) FixTrust(g Range) Trust {
	if g.Trust != "" {
		return g.Trust
	}
	return a.Trust
}

// FindAdvisory returns the advisory of a CVE number, in whatever case it is written.
func FindAdvisory(cve string) (Advisory, bool) {
	i := slices.IndexFunc(Advisories, func(a Advisory) bool { return strings.EqualFold(a.CVE, strings.TrimSpace(cve)) })
	if i < 0 {
		return Advisory{}, false
	}
	return Advisories[i], true
}

// Advisories that a release is affected by, those of the topics where some are
// given. A line alone gives none.
func (r Release) Advisories(topics ...Topic) []Advisory {
	var out []Advisory
	for _, a := range Advisories {
		if _, in := a.In(r); in && (len(topics) == 0 || slices.Contains(topics, a.Topic)) {
			out = append(out, a)
		}
	}
	return out
}

// Unreleased are numbers that were never released, and the one to take instead.
var Unreleased = map[string]string{"11.0.19": "11.0.20", "10.1.58": "10.1.59", "9.0.15": "9.0.16"}
