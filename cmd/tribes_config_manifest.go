package cmd

import (
	"errors"
	"fmt"
	"os"

	"muster/internal/verdict"
	"muster/tribes/provider"
	"muster/tribes/provider/manifest"
	"muster/tribes/serverxml"
)

// judgeManifests judges the Kubernetes manifests by what the first server.xml asks.
func (o configOptions) judgeManifests(a *app, files []*serverxml.File) ([]serverxml.Finding, error) {
	if len(o.manifests) == 0 || len(files) == 0 {
		return nil, nil
	}
	set := &manifest.Set{}
	var errs []error
	for _, name := range o.manifests {
		errs = append(errs, readManifest(a, name, set))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f := files[0]
	s, notAll := f.Settings() // what is wrong with the file is among its findings
	if notAll != nil && s.Provider == "" {
		return nil, nil
	}
	one := func(id verdict.ID, st verdict.Status, c verdict.Confidence, saw string, parts ...verdict.Part) []serverxml.Finding {
		return []serverxml.Finding{{Verdict: verdict.New(id, st, c, o.manifests[0], saw, parts...), File: o.manifests[0]}}
	}
	switch {
	case s.Multicast:
		return one("env.k8s-cni", verdict.Warn, verdict.Hint, fmt.Sprintf("these pods find each other by multicast, as %s has it, which most networks of Kubernetes do not carry from node to node", f.Name),
			verdict.Fix(`<Membership className="org.apache.catalina.tribes.membership.cloud.CloudMembershipService"/>`)), nil
	case s.Provider != string(provider.Kubernetes) && s.Provider != string(provider.DNS):
		return one("provider.environment", verdict.Skip, verdict.Definite, f.Name+" has no CloudMembershipService with a provider of Tomcat's: the manifest does not decide who is a member"), nil
	}
	var out []serverxml.Finding
	for _, x := range set.Judge(manifest.Given{Kind: provider.Kind(s.Provider), Port: s.TCPPort}) {
		out = append(out, serverxml.Finding{Verdict: x.Verdict, File: x.File, Position: serverxml.Position{Line: x.Line, Column: 1}})
	}
	return out, nil
}

func readManifest(a *app, name string, into *manifest.Set) error {
	if name == "-" {
		return into.Read("stdin", a.In)
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read a manifest: %w", err)
	}
	defer file.Close()
	return into.Read(name, file)
}
