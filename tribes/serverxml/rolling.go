package serverxml

import (
	"fmt"

	"muster/internal/verdict"
	"muster/tribes/release"
)

// RollingUpdate tells for each cluster whether nodes of two releases may run at
// once: the changes between them that this cluster uses.
func RollingUpdate(files []*File, from, to Version) []Finding {
	var out []Finding
	for _, f := range files {
		for _, c := range f.Clusters {
			out = append(out, f.rolling(c, from, to)...)
		}
	}
	return out
}

func (f *File) rolling(c *Cluster, from, to Version) []Finding {
	var out []Finding
	at := c.Self.at()
	known := []verdict.Evidence{{What: "changes between releases", Value: "as of " + release.AsOf, ReadFrom: "the table of this muster"}}
	breaks := false
	for _, ch := range release.Between(from, to) {
		if !c.uses(ch.When) {
			continue
		}
		x := finding{id: "config.rolling-update", status: verdict.Warn, at: at, more: known, fix: []string{ch.Advice},
			saw: fmt.Sprintf("between Tomcat %s and %s %s: %s", from, to, ch.What, ch.Effect)}
		if ch.Breaks {
			x.status, breaks = verdict.Fail, true
		}
		if !ch.Trust.Sure() {
			x.confidence = verdict.Likely
		}
		out = append(out, f.finding(x))
	}
	if !breaks {
		x := finding{id: "config.rolling-update", status: verdict.Pass, confidence: verdict.Likely, at: at, more: known,
			saw: fmt.Sprintf("nodes of Tomcat %s and %s understand each other, as far as is known: no change between them is in the way of what this cluster uses", from, to)}
		if !from.Exact() || !to.Exact() {
			x.status = verdict.Unknown
			x.saw = fmt.Sprintf("no change is known between the newest releases of Tomcat %s and %s that is in the way; for older ones of these lines give the exact releases", from, to)
		}
		out = append(out, f.finding(x))
	}
	return out
}

// uses reports whether a change concerns the cluster.
func (c *Cluster) uses(f release.Feature) bool {
	e, _ := c.interceptor(encryptInterceptor)
	g, _ := c.interceptor(gzipInterceptor)
	switch f {
	case release.UsesEncrypt:
		return e != nil
	case release.UsesDefaultCipher:
		a, _ := e.Attribute("encryptionAlgorithm")
		return e != nil && !a.Set()
	case release.UsesBackupManager:
		return c.Manager.is(backupManager)
	case release.UsesGzip:
		return g != nil
	}
	return true
}
