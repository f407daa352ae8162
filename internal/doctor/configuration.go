package doctor

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/tribes/serverxml"
)

// configuration judges the server.xml of this host and the applications beside it, and
// takes from it what the other nodes are told.
func (d *doctor) configuration(ctx context.Context) {
	if d.o.File == nil {
		return
	}
	d.progress("the configuration of this Tomcat", 100*time.Millisecond)
	given := serverxml.Given{Host: d.thisHost(), Applications: d.o.Applications, Runs: func() bool { return Running(d.o.File.Name) }}
	apps, names := applications(d.o.File.Name)
	if len(names) > 0 || len(apps) == 0 {
		given.Applications = append(given.Applications, sharing(apps)...)
	} else {
		given.Applications = append(given.Applications, apps...)
	}
	known := map[verdict.ID]bool{}
	for _, v := range d.found {
		known[v.ID] = known[v.ID] || v.Status.Bad()
	}
	for _, f := range serverxml.Check([]*serverxml.File{d.o.File}, given) {
		if !known[f.ID] {
			d.add(f.OfHost())
		}
	}
	d.describe(names)
}

func (d *doctor) thisHost() *serverxml.Host {
	h := &serverxml.Host{}
	if n := d.r.Facts.Names; n.Known() {
		h.Name, h.Addrs, h.Err = n.Value.Host, n.Value.Addrs, n.Value.Error
	}
	for _, a := range d.r.Facts.Addrs.Value {
		h.Local = append(h.Local, a.Prefix.Addr())
	}
	return h
}

// describe fills the note with what the configuration says.
func (d *doctor) describe(apps []string) {
	n, s := &d.note, d.o.Settings
	if s == nil {
		return
	}
	n.Tomcat, n.Multicast, n.Apps = true, s.Multicast, apps
	if !d.o.Release.IsZero() {
		n.Release = d.o.Release.String()
	}
	if s.Multicast {
		n.Group = netip.AddrPortFrom(s.Group, s.Port).String()
		n.Frequency, n.DropTime, n.TTL = s.Frequency.Milliseconds(), s.DropTime.Milliseconds(), s.TTL
	}
	n.Domain, n.Options = s.DomainSet, int(s.Options)
	if s.Encrypted {
		n.Encrypt, n.Key = s.EncryptionAlgorithm, fingerprint(s.EncryptionKey)
	}
	for _, i := range s.Interceptors {
		n.Stack = append(n.Stack, i.Class[strings.LastIndexByte(i.Class, '.')+1:])
	}
	if c := d.o.File.Clusters; len(c) > 0 {
		n.Manager = c[0].Manager.Class[strings.LastIndexByte(c[0].Manager.Class, '.')+1:]
	}
	for _, e := range d.o.File.Engines {
		n.Route = e.JvmRoute.Text
	}
	host := s.Address
	if host == "" || host == "auto" {
		host = d.note.Addr.String()
	}
	n.Receiver = net.JoinHostPort(host, strconv.Itoa(int(s.TCPPort)))
}

// maxApplications bounds how many applications are looked at.
const maxApplications = 64

// shipped are the applications that Tomcat brings along: nobody expects them to share
// their sessions.
var shipped = map[string]bool{"docs": true, "examples": true, "host-manager": true, "manager": true}

// applications reads the web.xml of each application in the webapps folder beside the
// conf folder of server.xml, and names those that are distributable.
func applications(serverXML string) (apps []*serverxml.Application, distributable []string) {
	base := filepath.Join(filepath.Dir(filepath.Dir(serverXML)), "webapps")
	dirs, err := os.ReadDir(base)
	if err != nil {
		return nil, nil
	}
	for _, e := range dirs[:min(len(dirs), maxApplications)] {
		if !e.IsDir() || shipped[e.Name()] {
			continue
		}
		name := filepath.Join(base, e.Name(), "WEB-INF", "web.xml")
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		app, err := serverxml.ReadApplication(serverxml.Source{Name: name, Data: f})
		f.Close()
		if err != nil {
			continue
		}
		apps = append(apps, app)
		if app.Distributable() {
			context := "/" + strings.ReplaceAll(e.Name(), "#", "/")
			if e.Name() == "ROOT" {
				context = "/"
			}
			distributable = append(distributable, context)
		}
	}
	return apps, distributable
}

// sharing are the applications that are meant to share sessions. Where one is marked,
// the others are not marked on purpose.
func sharing(apps []*serverxml.Application) []*serverxml.Application {
	var out []*serverxml.Application
	for _, a := range apps {
		if a.Distributable() {
			out = append(out, a)
		}
	}
	return out
}
