// Package advise makes verdicts of what is known to be wrong with a release, for those who
// know the release of a Tomcat and perhaps what its cluster uses.
package advise

import (
	"fmt"

	"muster/internal/verdict"
	"muster/tribes/release"
)

// Use says whether a cluster uses a part of Tomcat.
type Use int

const (
	Unknown Use = iota
	Used
	Unused
)

// Uses are the parts that advisories are about.
type Uses struct {
	Encryption Use // an EncryptInterceptor
	TLS        Use // a pre-shared key with TLSv1.3
	Kubernetes Use // CloudMembershipService with Kubernetes
}

// advice is an advisory that is told wherever a release is known.
var advice = []struct {
	cve    string
	what   string // the part, in a sentence
	status verdict.Status
	use    func(Uses) Use
}{
	{"CVE-2026-34486", "an EncryptInterceptor", verdict.Fail, func(u Uses) Use { return u.Encryption }},
	{"CVE-2026-133325", "a pskKey with TLSv1.3", verdict.Fail, func(u Uses) Use { return u.TLS }},
	{"CVE-2026-34487", "the Kubernetes provider", verdict.Warn, func(u Uses) Use { return u.Kubernetes }},
}

// Verdicts tells of each advisory that the release is affected by, unless the part is not
// used: as a hint where that is not known. A line alone gives none.
func Verdicts(subject string, r release.Release, u Uses, parts ...verdict.Part) []verdict.Verdict {
	if !r.Exact() {
		return nil
	}
	var out []verdict.Verdict
	for _, x := range advice {
		a, known := release.FindAdvisory(x.cve)
		g, in := a.In(r)
		use := x.use(u)
		if !known || !in || use == Unused {
			continue
		}
		saw := fmt.Sprintf("%s is Tomcat %s, which is affected by %s: %s", subject, r, a.CVE, a.Title)
		if a.Exploited != "" {
			saw += ". It is known to be exploited since " + a.Exploited
		}
		status, confidence := x.status, verdict.Likely
		if use == Unknown {
			status, confidence = verdict.Warn, verdict.Hint
			saw += "; whether it has " + x.what + ", which is needed for that, is not known here"
		}
		fix := "update to " + g.Fixed + " or later"
		if !a.FixTrust(g).Sure() {
			fix = fmt.Sprintf("update to the release after %s.%d (%s, as far as can be told)", g.Line, g.To, g.Fixed)
		}
		all := append([]verdict.Part{verdict.Fix(fix), verdict.Next("muster explain " + a.CVE)}, parts...)
		all = append(all, verdict.Evidence{What: "advisories", Value: "as of " + release.AsOf, ReadFrom: "the table of this muster"})
		out = append(out, verdict.New("config.advisory", status, confidence, subject, saw, all...))
	}
	return out
}
