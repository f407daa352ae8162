package serverxml

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/tribes/release"
)

// advisories judges the cluster by what is known to be wrong with the very
// release. What the file could do better, or what must not stay, is a finding;
// what an update alone fixes is told by sayKnown.
func (l lint) advisories() {
	e, _ := l.interceptor(encryptInterceptor)
	if e != nil {
		l.advisory("CVE-2026-34486", verdict.Fail, e, "encryption is bypassed")
		if _, weak := judgeAlgorithm(e.text("encryptionAlgorithm"), l.version); weak {
			l.advisory("CVE-2026-29146", verdict.Warn, e, "",
				`or until then encryptionAlgorithm="AES/GCM/NoPadding" on every node, all stopped before`)
		}
	}
	if l.Membership.is(cloudService) && kubernetes(l.Membership.text("membershipProviderClassName")) {
		l.advisory("CVE-2026-34487", verdict.Warn, &l.Membership, "", "and have the token that stands in the logs replaced")
	}
	if t := l.tls(); t.usable() && t.protocol != "TLSv1.2" {
		l.advisory("CVE-2026-133325", verdict.Fail, &l.Channel, "sessions go to whoever announces itself", `or until then pskProtocol="TLSv1.2" on every node`)
	}
}

// advisory reports one that the release is affected by.
func (l lint) advisory(cve string, status verdict.Status, part *Component, short string, more ...string) {
	a, ok := release.FindAdvisory(cve)
	g, in := a.In(l.version)
	if !ok || !in {
		return
	}
	x := finding{id: "config.advisory", status: status, at: l.at(part), saw: fmt.Sprintf("Tomcat %s is affected by %s: %s", l.version, a.CVE, lower(orText(short, a.Title)))}
	x.saw += ". " + a.Text
	if a.Exploited != "" {
		x.saw += fmt.Sprintf(" It is known to be exploited since %s.", a.Exploited)
	}
	if !a.Trust.Sure() {
		x.confidence = verdict.Likely
	}
	if g.Fixed != "" {
		fix := "update to " + g.Fixed + " or later"
		if !a.FixTrust(g).Sure() {
			fix = "update to the release after " + fmt.Sprintf("%s.%d", g.Line, g.To) + " (" + g.Fixed + ", as far as can be told)"
		}
		x.fix = append(x.fix, fix)
	} else {
		x.fix = append(x.fix, fmt.Sprintf("update to a newer line: there is no repair for %s", g.Line))
	}
	x.fix = append(x.fix, more...)
	x.more = []verdict.Evidence{{What: "advisories", Value: "as of " + release.AsOf, ReadFrom: "the table of this muster"}}
	l.report(x)
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func kubernetes(provider string) bool { return provider == "" || provider == "kubernetes" }

// sayKnown tells of the release what no change of the file fixes: published
// weaknesses of what the cluster uses, and an end of its support.
func sayKnown(c *Cluster) string {
	var out []string
	e, _ := c.interceptor(encryptInterceptor)
	for _, a := range c.judged.Advisories(release.Encryption) {
		if g, _ := a.In(c.judged); e != nil && (a.CVE == "CVE-2026-55955" || a.CVE == "CVE-2026-95517") {
			note := fmt.Sprintf("%s (%s)", a.CVE, a.Title)
			if g.Fixed != "" {
				note += ", repaired in " + g.Fixed
				if !a.FixTrust(g).Sure() {
					note += " as far as can be told"
				}
			}
			out = append(out, note)
		}
	}
	s := ""
	if len(out) > 0 {
		s = fmt.Sprintf("Known of EncryptInterceptor in Tomcat %s: %s.", c.judged, strings.Join(out, "; "))
	}
	if b, ok := c.judged.Branch(); ok && b.Ends != "" && c.judged.Ended(release.AsOf) {
		s = strings.TrimSpace(s + fmt.Sprintf(" Support of Tomcat %s ended on %s.", b.Line, b.Ends))
	}
	if s != "" && release.Stale(time.Now()) {
		s += " (What is known here is of " + release.AsOf + ", more than a year old.)"
	}
	return s
}
