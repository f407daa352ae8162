package serverxml

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/verdict"
)

// deployer judges the FarmWarDeployer: what is put into watchDir on one node is
// copied to the deployDir of each, and it is that Host's appBase which serves it.
func (l lint) deployer() {
	d := l.Deployer
	if !d.is(farmWarDeployer) {
		return
	}
	if l.Container == "Engine" {
		x := finding{id: "config.deployer", status: verdict.Warn, at: d.at(),
			saw: "the FarmWarDeployer works in a <Cluster> of a <Host> only; here Tomcat says so in a SEVERE line, the cluster runs, and nothing is deployed",
			fix: []string{"move the <Cluster> into the <Host>, or take the <Deployer> out"}}
		if d.flag("watchEnabled") {
			x.status = verdict.Fail
		}
		l.report(x)
		return
	}
	var none []string
	for _, name := range []string{"tempDir", "deployDir", "watchDir"} {
		if v, ok := d.Attribute(name); ok && v.Text == "" && (name != "watchDir" || d.flag("watchEnabled")) {
			none = append(none, name)
		}
	}
	if len(none) > 0 {
		x := finding{id: "config.deployer", status: verdict.Warn, at: d.at(), in: d,
			saw: fmt.Sprintf("the FarmWarDeployer has no %s: an application sent by another node cannot be stored", strings.Join(none, ", no "))}
		if slices.Contains(none, "watchDir") {
			x.status, x.saw = verdict.Fail, "the FarmWarDeployer is to watch a folder and has no watchDir"+noStart(l.version, "NullPointerException")
		}
		l.report(x)
		return
	}
	if d.flag("watchEnabled") {
		l.farmFolders()
	}
}

// farmFolders compares the folders with each other and with the Host's appBase.
func (l lint) farmFolders() {
	d := l.Deployer
	deploy, known := folder(d, "deployDir")
	if !known || deploy == "" {
		return
	}
	say := func(attr, saw, fix string) {
		l.report(finding{id: "config.deployer", status: verdict.Fail, at: l.at(d, attr), in: d, evidence: attributes(d, "watchDir", "deployDir", "tempDir"),
			saw: saw, fix: []string{fix}})
	}
	if base, ok := l.appBase(); ok && !sameFolder(deploy, base) {
		say("deployDir", fmt.Sprintf("deployDir %q is not the Host's appBase %q: an application is copied to each node, the log says that it is installed, and no node serves it",
			cut(d.text("deployDir")), cut(base)), fmt.Sprintf("deployDir=%q", base))
		return
	}
	if watch, ok := folder(d, "watchDir"); ok && watch != "" && sameFolder(deploy, watch) && path.IsAbs(deploy) == path.IsAbs(watch) {
		say("watchDir", "watchDir and deployDir are one folder: what the deployer puts there, it finds and sends again", "give watchDir a folder of its own")
	}
}

// appBase is the folder of the Host's applications; false where it is not known.
func (l lint) appBase() (string, bool) {
	v, ok := l.engine.appBases[l.Cluster.Name]
	if !ok || !v.Known() {
		return "", false
	}
	return cleanFolder(v.Text)
}

func folder(c *Component, name string) (string, bool) {
	v, ok := c.Attribute(name)
	if !ok || len(v.Unresolved) > 0 && !strings.HasPrefix(v.Text, "${catalina.") {
		return "", false
	}
	return cleanFolder(v.Text)
}

// cleanFolder writes a folder below ${catalina.base} as a relative one, which is
// what Tomcat makes of it; false where it begins with another placeholder.
func cleanFolder(s string) (string, bool) {
	for _, base := range []string{"${catalina.base}", "${catalina.home}"} {
		if rest, ok := strings.CutPrefix(s, base); ok {
			s = strings.TrimLeft(rest, "/")
		}
	}
	if strings.Contains(s, "${") {
		return "", false
	}
	if s == "" {
		return "", true
	}
	return path.Clean(strings.ReplaceAll(s, `\`, "/")), true
}

// sameFolder reports whether two folders are or may be the same: a relative one
// is below a folder that the file does not tell.
func sameFolder(a, b string) bool {
	if path.IsAbs(a) == path.IsAbs(b) {
		return a == b
	}
	return strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}

// transport: an attribute transport takes the object that is there away.
func (l lint) transport() {
	if l.Sender.noTransport == nil {
		return
	}
	if !l.Transport.Default {
		l.report(finding{id: "config.no-effect", status: verdict.Warn, at: *l.Sender.noTransport, fix: []string{"take it out"},
			saw: "transport on <Sender> has no effect: the <Transport> in it counts"})
		return
	}
	l.report(finding{id: "config.element", status: verdict.Fail, at: *l.Sender.noTransport,
		saw: "transport on <Sender> takes an object and no text: Tomcat sets it to nothing, and there is no <Transport> either" + noStart(l.version, "getTransport() is null"),
		fix: []string{fmt.Sprintf("<Transport className=%q/> in <Sender>, and no attribute transport", pooledParallelSender)}})
}
