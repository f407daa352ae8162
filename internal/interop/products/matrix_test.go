package products

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/product"
)

// core are the products that run without -all.
var core = []product.Product{{Name: "jgroups", Release: "5.5.7.Final"}, {Name: "hazelcast", Release: "5.5.0"}}

// A row of the matrix: what was compared, and how.
type row struct {
	title, group                         string
	cluster, names, addresses, rel, view string // sameAsLogged or notSent
}

const (
	same    = "as logged"
	notSent = "not sent"
)

// faster makes members that are settled speak every second or two: MERGE3 else does
// every ten to thirty.
var faster = product.Edit{Old: regexp.MustCompile(`(<MERGE[23]\s)[^>]*?/>`), New: `${1}max_interval="3000" min_interval="1000"/>`}

// Verify that the summary on a third host has the members' names, addresses, cluster,
// release and view as each product itself says them, and nothing that fails; with -all
// and -update the matrix goes into docs/protocols.md.
func TestMatrix(t *testing.T) {
	list := core
	if *all {
		list = product.Products
	}
	rows := make([]row, len(list))
	t.Run("products", func(t *testing.T) {
		for i, p := range list {
			t.Run(p.String(), func(t *testing.T) {
				t.Parallel()
				rows[i] = compare(t, product.Install(t, p))
			})
		}
	})
	if !*all || t.Failed() {
		return
	}
	page(t, rows)
}

// compare runs a healthy cluster of two and compares.
func compare(t *testing.T, i *product.Installed) row {
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	r := row{title: i.Name + " " + i.Short(), cluster: notSent, names: notSent, addresses: same, rel: notSent, view: notSent}
	c := sniff(t, lab.Host(4))
	var want want
	switch i.Name {
	case "jgroups", "infinispan":
		want = runJGroups(t, c, lab, i, &r)
	case "hazelcast":
		want = runHazelcast(t, lab, i, &r)
	case "ehcache":
		want = runEhcache(t, c, lab, i)
	case "activemq":
		want = runActiveMQ(t, c, lab, i, &r)
	case "river":
		want = runRiver(t, c, lab, i, &r)
	}
	s := c.end()
	r.group = want.check(t, s)
	// The lab has no querier, and Ehcache's own default is a group that switches flood.
	if trouble := s.troubles("igmp.no-querier", "switch.mac-alias"); len(trouble) > 0 {
		t.Errorf("a healthy cluster has trouble:\n%s", strings.Join(trouble, "\n"))
	}
	if t.Failed() {
		t.Log(c.Tail())
	}
	t.Log(r)
	return r
}

// String is the row in Markdown.
func (r row) String() string {
	return "| " + strings.Join([]string{r.title, r.group, r.cluster, r.names, r.addresses, r.rel, r.view}, " | ") + " |"
}

// want is what the product says of itself.
type want struct {
	product, cluster, release, view string
	members                         []member
}

// member has the sender's address, the name and address that the product gives it ("" for
// none to compare), and notes that the summary must have.
type member struct {
	from, name, address string
	notes               []string
}

// check compares the members with the summary's, and returns where they speak.
func (w want) check(t *testing.T, s seen) (group string) {
	t.Helper()
	got := s.members(w.product)
	for _, m := range w.members {
		k := slices.IndexFunc(got, func(g memberSeen) bool {
			return slices.Contains(g.Sources, m.from) && (m.name == "" || g.Name == m.name)
		})
		if k < 0 {
			t.Errorf("%s %q of %s is not listed: %+v", w.product, m.name, m.from, got)
			continue
		}
		g := got[k]
		if g.Cluster != w.cluster || m.address != "" && g.Address != m.address || g.Release != w.release || g.View != w.view {
			t.Errorf("%s is seen with cluster %q, address %q, release %q, view %q; the product says %q, %q, %q, %q",
				m.from, g.Cluster, g.Address, g.Release, g.View, w.cluster, m.address, w.release, w.view)
		}
		for _, n := range m.notes {
			if !slices.Contains(g.Notes, n) {
				t.Errorf("%s has the notes %q, without %q", m.from, g.Notes, n)
			}
		}
	}
	if len(got) != len(w.members) {
		t.Errorf("%d members are listed, %d are there: %+v", len(got), len(w.members), got)
	}
	for _, p := range s.Products {
		if p.Product == w.product {
			group = strings.Join(p.Groups, ", ")
		}
	}
	return group
}

func runJGroups(t *testing.T, c *capture, lab *netlab.Lab, i *product.Installed, r *row) want {
	w := want{product: "JGroups", cluster: "orders-" + i.Short(), release: i.Short()}
	r.cluster, r.names, r.rel = same, same, same
	var peers []*product.Peer
	edits := []product.Edit{faster}
	if i.Name == "infinispan" {
		edits = append(edits, product.Edit{Old: regexp.MustCompile(`print_local_addr="false"`), New: `print_local_addr="true"`})
		w.release, r.rel = map[string]string{"15.0.10": "5.3.10", "16.0.5": "5.5.1"}[i.Short()], "that of its JGroups"
	}
	for n, name := range []string{"anna", "berta"} {
		p := i.JGroups(t, lab.Host(n+1), product.Member{Cluster: w.cluster, Name: name, Edits: edits})
		p.Fact("members", 2*time.Minute)
		peers = append(peers, p)
	}
	for _, p := range peers {
		p.WaitLog(`^members .*(anna.*berta|berta.*anna)`, 2*time.Minute)
	}
	if i.Short() != "2.12.3" { // its MERGE2 tells no view
		r.view = same
	}
	if r.view == same {
		w.view = viewOf(peers[0])
		_, number, _ := strings.Cut(w.view, "|")
		for n := range peers {
			c.WaitLog(fmt.Sprintf(`"source":"10\.77\.0\.1%d:.*\|%s"`, n+1, number), 2*time.Minute)
		}
	}
	for n, p := range peers {
		m := member{from: lab.Host(n + 1).Addr().String(), name: p.Last("name"), address: p.Last("address")}
		if i.Name == "infinispan" { // JGroups' own line says where it is
			line := p.WaitLog(`physical address=`, 5*time.Second).Text
			m.address = line[strings.LastIndexByte(line, '=')+1:]
			if i.Short() >= "16" {
				m.notes = []string{"Infinispan " + i.Short()}
			}
		}
		w.members = append(w.members, m)
	}
	return w
}

// viewOf is the last view that the product told: JGroups by its program, Infinispan in
// its log.
func viewOf(p *product.Peer) (view string) {
	if view = p.Last("view"); view != "" {
		return strings.Trim(view, "[]")
	}
	told := regexp.MustCompile(`ISPN00009[34]: .* channel [^:]*: \S*?\[(\w+)(?:\(v=[^)]*\))?(\|\d+)\]`)
	for _, l := range p.Log() {
		if m := told.FindStringSubmatch(l.Text); m != nil {
			view = m[1] + m[2]
		}
	}
	return view
}

// memberOf finds addresses in the way that every release of Hazelcast writes its members.
var memberOf = regexp.MustCompile(`Member \[([^\]]+)\]:(\d+)`)

func runHazelcast(t *testing.T, lab *netlab.Lab, i *product.Installed, r *row) want {
	w := want{product: "Hazelcast", cluster: "orders of " + i.Short(), release: i.Short()}
	r.cluster, r.rel = same, same
	var peers []*product.Peer
	for n, name := range []string{"anna", "berta"} {
		p := i.Hazelcast(t, lab.Host(n+1), product.Member{Cluster: w.cluster, Name: name})
		p.Fact("members", 2*time.Minute)
		peers = append(peers, p)
	}
	for n, p := range peers {
		p.WaitLog(`^members .*10\.77\.0\.1[12].*10\.77\.0\.1[12]`, 2*time.Minute)
		if i.Short() == "2.6.10" { // only its build is on the wire
			build := regexp.MustCompile(`\((\d{8})\) starting at`).FindStringSubmatch(p.WaitLog(`\(\d{8}\) starting at`, 5*time.Second).Text)
			w.release, r.rel = "build "+build[1], "build as logged"
		}
		found := memberOf.FindStringSubmatch(p.Last("address"))
		if found == nil {
			t.Fatalf("no member in %q", p.Last("address"))
		}
		w.members = append(w.members, member{from: lab.Host(n + 1).Addr().String(), address: found[1] + ":" + found[2]})
	}
	return w
}

func runEhcache(t *testing.T, c *capture, lab *netlab.Lab, i *product.Installed) want {
	w := want{product: "Ehcache"}
	var peers []*product.Peer
	for n := range 2 {
		h := lab.Host(n + 1)
		peers = append(peers, i.Ehcache(t, h, h.Addr().String(), "230.0.0.1", 4446))
	}
	for n, p := range peers {
		p.Fact("address", 2*time.Minute)
		c.WaitLog(fmt.Sprintf(`"source":"10\.77\.0\.1%d:.*"ehcache"`, n+1), 30*time.Second)
		p.WaitLog(`^members .*//10\.77\.0\.1`, 2*time.Minute)
		w.members = append(w.members, member{from: lab.Host(n + 1).Addr().String(), address: p.Last("address")})
	}
	return w
}

func runActiveMQ(t *testing.T, c *capture, lab *netlab.Lab, i *product.Installed, r *row) want {
	w := want{product: "ActiveMQ", cluster: "orders"}
	r.cluster = same
	var peers []*product.Peer
	for n, name := range []string{"anna", "berta"} {
		h := lab.Host(n + 1)
		peers = append(peers, i.ActiveMQ(t, h, name, h.Addr().String(), w.cluster))
	}
	for n, p := range peers {
		p.Fact("address", 2*time.Minute)
		c.WaitLog(fmt.Sprintf(`"source":"10\.77\.0\.1%d:.*"activemq"`, n+1), 30*time.Second)
		p.WaitLog(`^members .*(anna|berta|10\.77)`, 2*time.Minute)
		w.members = append(w.members, member{from: lab.Host(n + 1).Addr().String(), address: p.Last("address")})
	}
	return w
}

func runRiver(t *testing.T, c *capture, lab *netlab.Lab, i *product.Installed, r *row) want {
	r.cluster, r.names, r.rel = "groups as logged", "id as logged", "version of the protocol"
	h := lab.Host(1)
	i.LookupService(t, h, h.Addr().String(), []string{"orders"}, "").Fact("started", 2*time.Minute)
	i.Space(t, lab.Host(2), []string{"orders"}).Fact("started", 2*time.Minute)
	worker := i.Worker(t, lab.Host(3), []string{"orders"}, "write", "")
	worker.Fact("wrote", 2*time.Minute)
	found := regexp.MustCompile(`jini://([^/]+)/.* id (\S+) groups \[(.*)\]`).FindStringSubmatch(worker.Last("locator"))
	if found == nil {
		t.Fatalf("no locator in %q", worker.Last("locator"))
	}
	c.WaitLog(`"announcement"`, 30*time.Second)
	c.WaitLog(`"source":"10\.77\.0\.13:.*"request"`, 30*time.Second)
	return want{product: "Jini", release: "version 1", members: []member{
		{from: "10.77.0.11", name: strings.ReplaceAll(found[2], "-", ""), address: found[1] + ":4160", notes: []string{"in group " + found[3]}},
		{from: "10.77.0.12", notes: []string{"asks for group orders"}},
		{from: "10.77.0.13", notes: []string{"asks for group orders"}},
	}}
}

// page holds the matrix in docs/protocols.md against the rows, or writes it.
func page(t *testing.T, rows []row) {
	const file, begin, end = "../../../docs/protocols.md", "<!-- matrix -->\n", "<!-- end of the matrix -->"
	var b strings.Builder
	b.WriteString("| product | group | cluster | names | addresses | release | view |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		b.WriteString(r.String() + "\n")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the matrix", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != b.String() {
		t.Errorf("%s says\n%s\nmeasured is\n%s", file, old, b.String())
	}
}
