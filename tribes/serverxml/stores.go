package serverxml

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// store is a session manager that shares or keeps sessions by itself, without
// Tomcat's cluster.
type store struct {
	prefix string // of the class name
	name   string
	what   string // what it does with the sessions
}

// stores are session managers of other products, by the packages of their classes.
var stores = []store{
	{"org.redisson.tomcat.", "Redisson", "keeps each session in Redis, and every Tomcat with the same Redis and the same key prefix has it"},
	{"com.orangefunction.tomcat.redissessions.", "tomcat-redis-session-manager", "keeps each session in Redis, and every Tomcat with the same Redis has it"},
	{"tomcat.request.session.redis.", "tomcat-cluster-redis-session-manager", "keeps each session in Redis, and every Tomcat with the same Redis has it"},
	{"com.radiadesign.catalina.session.", "tomcat-redis-session-manager", "keeps each session in Redis, and every Tomcat with the same Redis has it"},
	{"com.crimsonhexagon.rsm.", "redis-session-manager", "keeps each session in Redis, and every Tomcat with the same Redis has it"},
	{"de.javakaffee.web.msm.", "memcached-session-manager", "writes each session to memcached (or Redis) at the end of a request; with sticky=\"true\" another Tomcat reads it only when the first is gone"},
	{"com.hazelcast.session.", "Hazelcast's session manager", "keeps each session in a Hazelcast map, and every Tomcat that is a member or a client of that Hazelcast cluster has it"},
	{"org.infinispan.", "Infinispan's session manager", "keeps each session in an Infinispan cache, and every Tomcat with that cache has it"},
	{"org.wildfly.clustering.tomcat.", "WildFly's session manager for Tomcat", "keeps each session in an Infinispan cache (Hot Rod), and every Tomcat with that cache has it"},
	{"com.amazonaws.services.dynamodb.sessionmanager.", "Amazon's DynamoDB session manager", "keeps each session in a DynamoDB table, and every Tomcat with that table has it"},
	{"net.rubyeye.xmemcached.", "a memcached session manager", "keeps each session in memcached"},
	{"org.apache.geode.modules.session.", "Geode's session module", "keeps each session in a Geode region, and every Tomcat of that distributed system has it"},
	{"com.gemstone.gemfire.modules.session.", "GemFire's session module", "keeps each session in a GemFire region, and every Tomcat of that distributed system has it"},
	{"org.apache.ignite.", "Ignite", "keeps each session in an Ignite cache"},
	{"com.couchbase.", "a Couchbase session manager", "keeps each session in Couchbase"},
	{"com.tangosol.coherence.servlet.", "Coherence*Web", "keeps each session in a Coherence cache"},
	{"org.terracotta.session.", "Terracotta's session manager", "keeps each session in a Terracotta server"},
	{"org.springframework.session.", "Spring Session", "keeps each session in its own repository"},
	{"org.apache.zookeeper.", "a ZooKeeper session manager", "keeps each session in ZooKeeper"},
}

// foreignStore finds the store of a manager's class; a name with the product in
// it is recognised too, but then what it does is not known.
func foreignStore(class string) (store, bool) {
	for _, s := range stores {
		if strings.HasPrefix(class, s.prefix) {
			return s, true
		}
	}
	if ours(class) {
		return store{}, false
	}
	for _, word := range []string{"redis", "memcached", "hazelcast", "infinispan", "zookeeper", "mongo", "cassandra", "dynamo", "couchbase", "ignite", "coherence"} {
		if strings.Contains(strings.ToLower(class), word) {
			return store{name: short(class), what: "has " + word + " in its name, and keeps the sessions there, as it seems"}, true
		}
	}
	return store{}, false
}

const (
	persistentManager = "org.apache.catalina.session.PersistentManager"
	fileStore         = "org.apache.catalina.session.FileStore"
	jdbcStore         = "org.apache.catalina.session.JDBCStore"
	dataSourceStore   = "org.apache.catalina.session.DataSourceStore"
)

// sessionStore says what a <Manager> in a <Context> that is not the cluster's does
// with the sessions; false where it is none of those known.
func sessionStore(n *node, class string, props *Properties) (finding, bool) {
	const beside = "A <Cluster> beside it does not replicate this application's sessions; its members, farm deployment and single sign-on go on"
	if s, ok := foreignStore(class); ok {
		return finding{id: "config.session-store", status: verdict.Skip, confidence: verdict.Likely, at: n.pos,
			saw: fmt.Sprintf("the sessions of this application are in the hands of %s, which %s. %s. Whether the store is there and answers is not judged here", s.name, s.what, beside)}, true
	}
	if class != persistentManager {
		return finding{}, false
	}
	return persistent(n, props, beside), true
}

// persistent says what a PersistentManager does with the sessions (C/session/PersistentManagerBase,
// C/session/FileStore).
func persistent(n *node, props *Properties, beside string) finding {
	x := finding{id: "config.session-store", status: verdict.Warn, at: n.pos}
	kind, where := "", ""
	for _, c := range n.children {
		if c.name == "Store" {
			a, _ := c.attr("className")
			kind = props.resolve(a.value).text
			d, _ := c.attr("directory")
			where = props.resolve(d.value).text
		}
	}
	const late = "A session is written when it has been idle (maxIdleBackup, maxIdleSwap) or Tomcat stops, so another node reads an old one or none: this is no replication"
	switch kind {
	case fileStore:
		x.saw = fmt.Sprintf("a PersistentManager keeps sessions in files, in %s. Two nodes share them only where that is one folder for both. %s. %s",
			orText(cut(where), "the application's work folder, which no other node has"), late, beside)
		x.directory = where
		switch {
		case where == "":
			x.fix = []string{`directory="FOLDER" on <Store>, one that all nodes mount`}
		case !strings.HasPrefix(where, "/") && !strings.Contains(where, ":"):
			x.saw = fmt.Sprintf("a PersistentManager keeps sessions in files, in %s below the application's work folder, which no other node has. %s. %s", cut(where), late, beside)
			x.fix = []string{`an absolute directory="FOLDER" on <Store>, one that all nodes mount`}
		}
	case jdbcStore, dataSourceStore:
		x.saw = fmt.Sprintf("a PersistentManager keeps sessions in a table of a database (%s), which nodes share that use one table and one sessionAppCol. %s. %s", short(kind), late, beside)
	case "":
		x.status = verdict.Fail
		x.saw = "a PersistentManager without a <Store> keeps the sessions in memory alone, on this node. " + beside
	default:
		x.saw = fmt.Sprintf("a PersistentManager keeps sessions in %s, which is not one of Tomcat's stores. %s. %s", cut(kind), late, beside)
	}
	return x
}

// filters are those of products that put their own sessions before Tomcat's, by the name
// or the class that their manuals give them in a web.xml.
var filters = []store{
	{"springSessionRepositoryFilter", "Spring Session", "keeps each session in its own repository (Redis, JDBC, Hazelcast or another), and every Tomcat with that repository has it"},
	{"org.springframework.session.web.http.", "Spring Session", "keeps each session in its own repository (Redis, JDBC, Hazelcast or another), and every Tomcat with that repository has it"},
	{"com.hazelcast.web.", "Hazelcast's web filter", "keeps what is in each session in a Hazelcast map, and every Tomcat of that Hazelcast cluster has it"},
	{"com.tangosol.coherence.servlet.", "Coherence*Web", "keeps each session in a Coherence cache"},
	{"org.apache.ignite.cache.websession.", "Ignite's web session filter", "keeps each session in an Ignite cache"},
	{"org.apache.geode.modules.session.filter.", "Geode's session filter", "keeps each session in a Geode region"},
}

// sessionFilter finds the filter of another product in a web.xml that takes the place
// of Tomcat's sessions.
func (a *Application) sessionFilter() (store, Position, bool) {
	if a.doc == nil {
		return store{}, Position{}, false
	}
	for _, f := range a.doc.root.children {
		if f.name != "filter" {
			continue
		}
		for _, c := range f.children {
			if c.name != "filter-class" && c.name != "filter-name" {
				continue
			}
			for _, s := range filters {
				if strings.HasPrefix(strings.TrimSpace(c.text), s.prefix) {
					return s, f.pos, true
				}
			}
		}
	}
	return store{}, Position{}, false
}

// mounted adds what the directory of a FileStore is on this host: a file system of the
// network can be the one folder of all nodes, a local one cannot.
func (x finding) mounted(given Given) finding {
	if x.directory == "" || given.FileSystem == nil {
		return x
	}
	kind, network, known := given.FileSystem(x.directory)
	switch {
	case !known:
	case network:
		x.saw += fmt.Sprintf(". On this host the folder is on %s, which other nodes can mount too", kind)
	default:
		x.saw += fmt.Sprintf(". On this host the folder is on %s, a local file system: no other node has it", kind)
		x.fix = []string{`directory="FOLDER" on <Store>, one that all nodes mount`}
	}
	if known {
		x.more = append(x.more, verdict.Evidence{What: x.directory, Value: kind, ReadFrom: "the mounts of this host"})
	}
	return x
}

// stores reports session managers of other products, in the file's Contexts; with
// one there or in an application's context.xml, a file without a cluster is no
// Tomcat that shares nothing.
func (f *File) stores(given Given) {
	shared := len(f.foreign) > 0
	for _, x := range f.foreign {
		f.report(x.mounted(given))
	}
	for _, a := range given.Applications {
		if _, _, filtered := a.sessionFilter(); filtered {
			shared = true
		}
		if a.doc == nil || a.doc.root.name != "Context" {
			continue
		}
		for _, c := range a.doc.root.children {
			if c.name == "Manager" {
				name, _ := c.attr("className")
				_, ok := sessionStore(c, name.value, &Properties{})
				shared = shared || ok
			}
		}
	}
	if !shared {
		return
	}
	for i := range f.findings {
		if v := &f.findings[i]; v.ID == "config.no-cluster" && v.Status == verdict.Fail {
			none := f.finding(finding{id: "config.no-cluster", status: verdict.Skip, at: v.Position,
				saw: "there is no <Cluster>; the sessions are in the hands of a session manager of the application's own (config.session-store)"})
			f.findings[i] = none
		}
	}
}
