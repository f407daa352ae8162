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
			n.Causes = append(n.Causes, Cause{v.ID, v.Status, v.Confidence, cutTo(v.Subject, 60), cutTo(v.Saw, 280)})
		}
	}
	return n.bytes()
}

// cutTo is s in n bytes at most, cut after a word, and tells where something is missing.
func cutTo(s string, n int) string {
	const told = " (cut short)"
	if len(s) <= n {
		return s
	}
	s = strings.ToValidUTF8(s[:n-len(told)], "")
	if i := strings.LastIndexByte(s, ' '); i > 0 {
		s = s[:i]
	}
	return s + told
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
	}
	d.elsewhere()
	for _, other := range d.r.Nodes {
		d.forgotten(w, other)
	}
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

// elsewhere takes the causes that other nodes found on themselves.
func (d *doctor) elsewhere() {
	for _, n := range d.r.Nodes {
		for _, c := range n.Causes {
			conf := c.Confidence
			if conf == verdict.Definite {
				conf = verdict.Likely // it is a stranger's word
			}
			v := verdict.New(c.ID, c.Status, conf, label(n), c.Saw, verdict.Evidence{What: "verdict", Value: string(c.ID), ReadFrom: "muster doctor on " + label(n)},
				verdict.Next("look at the output of muster doctor on "+label(n)+": the fix stands there"))
			if !slices.ContainsFunc(d.found, func(x verdict.Verdict) bool { return x.ID == v.ID && x.Subject == v.Subject }) {
				d.add(v)
			}
		}
	}
}
