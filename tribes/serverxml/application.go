package serverxml

import (
	"errors"
	"fmt"
	"slices"

	"muster/internal/verdict"
)

// Application is a web.xml or context.xml of one application.
type Application struct {
	Name string
	doc  *document
	bad  *SyntaxError
}

// ReadApplication reads a web.xml or context.xml.
func ReadApplication(src Source) (*Application, error) {
	a := &Application{Name: src.Name}
	doc, err := readDocument(src)
	if errors.As(err, &a.bad) {
		return a, nil
	}
	a.doc = doc
	return a, err
}

// check judges an application by itself.
func (a *Application) check(given Given) []Finding {
	f := &File{Name: a.Name}
	switch {
	case a.bad != nil:
		f.report(finding{id: "config.syntax", status: verdict.Fail, at: a.bad.Position, saw: a.bad.Reason + "; Tomcat does not start the application"})
	case a.doc.root.name == "web-app", a.doc.root.name == "web-fragment":
		a.webXML(f)
	case a.doc.root.name == "Context":
		a.context(f, given)
	default:
		f.report(finding{id: "config.element", status: verdict.Unknown, at: a.doc.root.pos,
			saw: fmt.Sprintf("the root element is <%s>: neither the <web-app> of a web.xml nor the <Context> of a context.xml", cut(a.doc.root.name))})
	}
	return f.findings
}

// Distributable reports whether it is a web.xml with <distributable/>: Tomcat gives its
// sessions to the cluster then.
func (a *Application) Distributable() bool {
	return a.doc != nil && a.doc.root.name == "web-app" && slices.ContainsFunc(a.doc.root.children, func(c *node) bool { return c.name == "distributable" })
}

func (a *Application) webXML(f *File) {
	if s, at, ok := a.sessionFilter(); ok {
		f.report(finding{id: "config.session-store", status: verdict.Skip, confidence: verdict.Likely, at: at,
			saw: fmt.Sprintf("the sessions of this application are in the hands of %s, which %s. A <Cluster> replicates none of them. Whether the store is there and answers is not judged here", s.name, s.what)})
		return
	}
	if a.Distributable() {
		return
	}
	if a.doc.root.name == "web-fragment" {
		f.report(finding{id: "config.distributable", status: verdict.Fail, at: a.doc.root.pos,
			saw: "there is no <distributable/> in this fragment: an application is distributable only if its web.xml and each fragment say so, and this one switches its replication off",
			fix: []string{"<distributable/> as a child of <web-fragment>, or metadata-complete=\"true\" on <web-app>"}})
		return
	}
	f.report(finding{id: "config.distributable", status: verdict.Fail, at: a.doc.root.pos,
		saw: "there is no <distributable/>: Tomcat gives the application a manager of its own, and its sessions stay on the node",
		fix: []string{"<distributable/> as a child of <" + a.doc.root.name + ">"}})
}

// context looks for a <Manager>, which takes the place of the cluster's.
func (a *Application) context(f *File, given Given) {
	props := &Properties{}
	for _, c := range a.doc.root.children {
		if c.name != "Manager" {
			continue
		}
		name, ok := c.attr("className")
		class := props.resolve(name.value).text
		if !ok {
			class = "org.apache.catalina.session.StandardManager"
		}
		if k := lookup(class); k != nil && k.role == roleManager {
			continue
		}
		if _, store := foreignStore(class); !store && !ours(class) {
			continue
		}
		if x, ok := sessionStore(c, class, props); ok {
			f.report(x.mounted(given))
			continue
		}
		f.report(finding{id: "config.context-manager", status: verdict.Fail, at: c.pos,
			saw: fmt.Sprintf("the application has a %s of its own: its sessions stay on the node, and a <Cluster> does not replicate them (\"does not implement ClusterManager\")", short(class)),
			fix: []string{"take the <Manager> out of the <Context>", fmt.Sprintf("or className=%q", deltaManager)}})
	}
}
