package cmd

import (
	"slices"

	"muster/internal/verdict"
	"muster/tribes/provider"
	"muster/tribes/release"
	"muster/tribes/release/advise"
	"muster/tribes/tlspsk"
)

// probedRelease tells what is known to be wrong with the release of those that are asked:
// the one that was given, or that of the Tomcat that the server.xml belongs to. Whether a
// receiver is there is what probe answers, so that none of it is more than a warning.
func (a *app) probedRelease(o *probeOptions, given release.Release, file string) ([]verdict.Verdict, error) {
	r, uses := given, advise.Uses{}
	if file != "" {
		s, of, err := serverXMLOf(a, file, given)
		if err != nil {
			return nil, err
		}
		if r.IsZero() {
			r = of
		}
		uses.Encryption, uses.TLS = used(s.Encrypted), used(s.TLS.Usable() && s.TLS.Protocol != "TLSv1.2")
		uses.Kubernetes = used(s.Provider == string(provider.Kubernetes))
	}
	if o.tls != nil && (o.tls.Versions == nil || slices.Contains(o.tls.Versions, tlspsk.TLS13)) {
		uses.TLS = advise.Used
	}
	out := advise.Verdicts("each target", r, uses)
	for i := range out {
		out[i].Status = verdict.Warn
	}
	return out, nil
}

func used(yes bool) advise.Use {
	if yes {
		return advise.Used
	}
	return advise.Unused
}
