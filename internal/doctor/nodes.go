package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping/mesh"
	"muster/routecheck/facts"
)

// mesh takes part in the mesh of those nodes that run the doctor, on muster's own port
// of the group, and exchanges notes with them.
func (w *watcher) mesh(ctx context.Context) {
	if !pause(ctx, alone/2) {
		return
	}
	i, err := w.findInterface()
	if err != nil {
		w.meshErr = err
		return
	}
	g := mcast.Group{Addr: w.o.Query.Group, Port: mesh.DefaultPort, Count: 1}
	res, err := mesh.Run(ctx, mesh.Options{
		Group: g, Interface: i, TTL: -1, Name: w.o.Name, Version: w.o.Version,
		OnReport: w.keep, Note: w.ownNote, Peers: w.suspected,
	})
	if err != nil {
		w.meshErr = err
		return
	}
	w.keep(res.Report)
	w.meshVerdicts = res.Verdicts
}

// keep remembers what the nodes said, also of those that left since.
func (w *watcher) keep(r *mesh.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report = r
	for _, n := range r.Nodes[1:] {
		if note, ok := readNote(n.Note); ok {
			if w.notes == nil {
				w.notes = map[mesh.ID]Note{}
			}
			if note.Addr != n.Addr && n.Addr.IsValid() { // what it says of its own address is not believed
				note.Addr = n.Addr.WithZone("")
			}
			w.notes[n.ID] = note
		}
	}
}

// ownNote is what this node tells at the moment.
func (w *watcher) ownNote() []byte {
	n := w.note
	n.Watched = time.Since(w.started).Milliseconds()
	for addr, m := range w.members() {
		if m.Heard > 0 {
			n.Hears = append(n.Hears, addr.String())
		}
	}
	slices.Sort(n.Hears)
	n.Reached, n.Queries = w.reached(), w.queries()
	for _, v := range w.found { // written before the watch begins, and only then
		if v.Status.Bad() && !remark(v) && len(n.Causes) < 4 {
			n.Causes = append(n.Causes, Cause{v.ID, v.Status, v.Confidence, cutTo(v.Subject, 60), cutTo(v.Saw, 160)})
		}
	}
	return n.bytes()
}

func cutTo(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// suspected are hosts that seem to be in the cluster and may run the doctor too.
func (w *watcher) suspected() []netip.AddrPort {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []netip.AddrPort
	for a := range w.peers {
		out = append(out, netip.AddrPortFrom(a, mesh.DefaultPort))
	}
	return out
}

// judgeNodes compares what the nodes that run the doctor say, and takes what the mesh
// saw of the way between them.
func (d *doctor) judgeNodes(w *watcher) {
	d.r.Mesh = w.report
	if w.report == nil || len(w.report.Nodes) < 2 {
		return
	}
	for _, v := range w.meshVerdicts {
		if !answeredElsewhere(v.ID) {
			d.add(v)
		}
	}
	ids := make([]mesh.ID, 0, len(w.notes))
	for id := range w.notes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		other := w.notes[id]
		d.r.Nodes = append(d.r.Nodes, other)
		d.compare(other)
		d.deafOther(w, other)
		d.unasked(w, other)
		d.forgotten(w, other)
	}
	d.elsewhere()
}

// answeredElsewhere: the mesh can only guess at these. The wire sees the queriers, each
// host judges its own firewall and says so in its note, and hosts that have one name go
// by their addresses here.
func answeredElsewhere(id verdict.ID) bool {
	family, _, _ := strings.Cut(string(id), ".")
	return id == "igmp.no-querier" || id == "mesh.duplicate-name" || family == "fw" || family == "rpf"
}

// compare names what differs between two nodes' configurations though it must not.
func (d *doctor) compare(other Note) {
	mine := d.note
	if !mine.Tomcat || !other.Tomcat || mine.Domain != other.Domain {
		return // nodes of other domains are another cluster, on purpose or by a slip that its own check names
	}
	var saw []string
	var evidence []verdict.Part
	status := verdict.Warn // it works, otherwise than meant
	differ := func(what, a, b string) {
		if a != b {
			saw = append(saw, fmt.Sprintf("%s is %s here and %s on %s", what, quote(a), quote(b), label(other)))
			evidence = append(evidence, verdict.Evidence{What: what, Value: quote(a) + " / " + quote(b), ReadFrom: "server.xml of " + mine.Name + " / " + label(other)})
		}
	}
	apart := func(what, a, b string) { // such nodes do not work together
		if a != b {
			status = verdict.Fail
		}
		differ(what, a, b)
	}
	apart("the way in which members find each other (multicast)", strconv.FormatBool(mine.Multicast), strconv.FormatBool(other.Multicast))
	apart("the group", mine.Group, other.Group)
	differ("the frequency in ms", fmt.Sprint(mine.Frequency), fmt.Sprint(other.Frequency))
	differ("the drop time in ms", fmt.Sprint(mine.DropTime), fmt.Sprint(other.DropTime))
	differ("the TTL", fmt.Sprint(mine.TTL), fmt.Sprint(other.TTL))
	differ("channelSendOptions", fmt.Sprint(mine.Options), fmt.Sprint(other.Options))
	apart("the encryption", mine.Encrypt, other.Encrypt)
	if mine.Encrypt != "" && other.Encrypt != "" {
		apart("the fingerprint of the key", mine.Key, other.Key)
	}
	apart("the manager", mine.Manager, other.Manager)
	apart("the list of interceptors", strings.Join(mine.Stack, ","), strings.Join(other.Stack, ","))
	apart("the list of distributable applications", strings.Join(mine.Apps, ","), strings.Join(other.Apps, ","))
	if len(saw) > 0 {
		d.add(verdict.New("config.differs", status, verdict.Definite, mine.Name+", "+label(other), strings.Join(saw, "; "), evidence...))
	}
	if mine.Route != "" && mine.Route == other.Route {
		d.add(verdict.New("config.same", verdict.Fail, verdict.Definite, mine.Name+", "+label(other),
			fmt.Sprintf("jvmRoute is %q on both nodes", mine.Route)))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func quote(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// label is what another node is called.
func label(n Note) string {
	switch {
	case n.Name != "" && n.Addr.IsValid():
		return n.Name + " (" + n.Addr.String() + ")"
	case n.Addr.IsValid():
		return n.Addr.String()
	}
	return n.Name
}

// enough is how long a node must have listened until its silence means something: two
// heartbeats of the slowest usual frequency and what the start takes.
const enough = 5 * time.Second

// deafOther finds a node that does not hear this host's member, though this host hears
// its own.
func (d *doctor) deafOther(w *watcher, other Note) {
	if time.Duration(other.Watched)*time.Millisecond < enough {
		return
	}
	for addr, m := range w.members() {
		if !m.Own || m.Heard == 0 || slices.Contains(other.Hears, addr.String()) {
			continue
		}
		d.add(verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, label(other),
			fmt.Sprintf("the heartbeats of %s, of this host, do not arrive at %s", addr, label(other)),
			verdict.Evidence{What: "members heard there in " + time.Duration(other.Watched*1e6).Round(time.Second).String(), Value: orNone(strings.Join(other.Hears, ", ")), ReadFrom: "muster doctor on " + label(other)}))
	}
}

// asked is how many queries one node must have seen for the lack of any on another to
// mean something.
const asked = 2

// unasked finds the one of two nodes whose port the querier does not reach: the other
// one sees its queries meanwhile.
func (d *doctor) unasked(w *watcher, other Note) {
	mine := w.queries()
	if mine == nil || other.Queries == nil || time.Duration(other.Watched)*time.Millisecond < enough || d.r.Watched < enough {
		return
	}
	who, there, count := d.note.Name, label(other), *other.Queries
	switch {
	case *mine == 0 && count >= asked:
	case count == 0 && *mine >= asked:
		who, there, count = there, who, *mine
	default:
		return
	}
	d.add(verdict.New("igmp.no-querier", verdict.Fail, verdict.Likely, who,
		fmt.Sprintf("not one query came to %s, while %s saw %d: a switch that snoops will forget that %s listens", who, there, count, who),
		verdict.Evidence{What: "general queries in " + d.r.Watched.Round(time.Second).String(), Value: fmt.Sprintf("0 / %d", count), ReadFrom: who + " / " + there},
		verdict.Next("what lies between the querier and "+who+": its switch port, or a filter there that drops IGMP")))
}

// forgotten finds two nodes whose heartbeats do not reach each other any more though each
// answers by TCP, and replicated before: both had found each other by multicast. Where no
// query is seen meanwhile, a switch that snoops has forgotten both.
func (d *doctor) forgotten(w *watcher, other Note) {
	if n := w.queries(); n == nil || *n > 0 || other.Queries != nil && *other.Queries > 0 {
		return
	}
	knew := slices.ContainsFunc(d.r.Facts.Connections.Value, func(c facts.Connection) bool { return c.Remote.Addr().Unmap() == other.Addr })
	silent := slices.ContainsFunc(d.found, func(v verdict.Verdict) bool {
		a, err := netip.ParseAddrPort(v.Subject)
		return v.ID == "tribes.one-way" && v.Status == verdict.Fail && err == nil && a.Addr() == other.Addr
	})
	deaf := slices.ContainsFunc(d.found, func(v verdict.Verdict) bool { return v.ID == "tribes.one-way" && v.Subject == label(other) })
	if !knew || !silent || !deaf {
		return
	}
	d.found = slices.DeleteFunc(d.found, func(v verdict.Verdict) bool {
		return v.ID == "switch.unregistered-drop" && v.Confidence == verdict.Hint
	})
	d.add(verdict.New("igmp.no-querier", verdict.Fail, verdict.Likely, d.hosted.Link.Name,
		fmt.Sprintf("the heartbeats of this host and of %s stopped arriving at each other, their receivers answer, they replicated before, and no query is seen: a switch that snoops has forgotten who listens", label(other)),
		verdict.Evidence{What: "general queries in " + d.r.Watched.Round(time.Second).String(), Value: "0", ReadFrom: "packets"},
		verdict.Evidence{What: "replication connections to " + other.Addr.String(), Value: "open", ReadFrom: "kernel"},
		verdict.Next("sudo muster querier -i "+d.hosted.Link.Name+" --provoke   # one query of our own: do they hear each other again after it?")))
}

// elsewhere takes the causes that other nodes found on themselves.
func (d *doctor) elsewhere() {
	for _, n := range d.r.Nodes {
		for _, c := range n.Causes {
			conf := c.Confidence
			if conf == verdict.Definite {
				conf = verdict.Likely // it is a stranger's word
			}
			v := verdict.New(c.ID, c.Status, conf, label(n), c.Saw, verdict.Evidence{What: "verdict", Value: string(c.ID), ReadFrom: "muster doctor on " + label(n)})
			if !slices.ContainsFunc(d.found, func(x verdict.Verdict) bool { return x.ID == v.ID && x.Subject == v.Subject }) {
				d.add(v)
			}
		}
	}
}
