package serverxml

import (
	"fmt"
	"strings"
	"testing"
)

// Entities with text of their own are put in, as elements and in values, however they
// refer to each other; one that has no end, or stands for a file, is told.
func TestEntitiesArePutIn(t *testing.T) {
	const membership = `<Membership className="org.apache.catalina.tribes.membership.McastService" address="&group;" port="&port;"/>`
	file := func(dtd, content string) string {
		return `<?xml version="1.0"?><!DOCTYPE Server [` + dtd + `]>
<Server port="-1"><Service name="Catalina"><Engine name="Catalina" defaultHost="localhost">
<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"><Channel className="org.apache.catalina.tribes.group.GroupChannel">
` + content + `
</Channel></Cluster><Host name="localhost" appBase="webapps"/></Engine></Service></Server>`
	}
	values := `<!ENTITY group "228.0.&x;.9"><!ENTITY x '&#48;'><!ENTITY port "45&#x35;77">`
	grow := `<!ENTITY a0 "45577">`
	for i := range 20 {
		grow += fmt.Sprintf(`<!ENTITY a%d "&a%d;&a%d;">`, i+1, i, i)
	}
	for _, c := range []struct {
		name, dtd, content string
		group, port        string
		told               bool
	}{
		{"in values", values, membership, "228.0.0.9", "45577", false},
		{"elements", values + `<!ENTITY m '` + membership + `'>`, "&m;", "228.0.0.9", "45577", false},
		{"the first of two counts", `<!ENTITY group "228.0.0.9"><!ENTITY group "228.0.0.8"><!ENTITY port "45577">`, membership, "228.0.0.9", "45577", false},
		{"a file", `<!ENTITY group SYSTEM "group.txt"><!ENTITY port "45577">`, membership, "228.0.0.4", "45577", true},
		{"itself", `<!ENTITY group "&port;"><!ENTITY port "&group;">`, membership, "228.0.0.4", "45564", true},
		{"without bound", `<!ENTITY group "228.0.0.9">` + grow, strings.Replace(membership, "&port;", "&a20;", 1), "228.0.0.9", "45564", true},
		{"nobody refers to it", `<!ENTITY z "1">` + values, membership, "228.0.0.9", "45577", false},
	} {
		f, err := Read(Source{Name: "server.xml", Data: strings.NewReader(file(c.dtd, c.content))}, Options{})
		if err != nil || f.Broken != nil || len(f.Clusters) != 1 {
			t.Errorf("%s: %v, %+v", c.name, err, f)
			continue
		}
		m := f.Clusters[0].Membership
		group, _ := m.Attribute("address")
		port, _ := m.Attribute("port")
		told := false
		for _, v := range Check([]*File{f}, Given{}) {
			told = told || v.ID == "config.entity"
		}
		if told != c.told || !c.told && (group.Text != c.group || port.Text != c.port) || strings.Contains(group.Text+port.Text, "&") {
			t.Errorf("%s: group %q, port %q, told %v; want %q, %q, %v", c.name, group.Text, port.Text, told, c.group, c.port, c.told)
		}
	}
}
