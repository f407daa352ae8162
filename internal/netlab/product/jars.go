package product

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/netlab/maven"
)

// sums pins the jars: PRODUCT-RELEASE, the jar's name, its SHA-256.
//
//go:embed jars.sum
var sums maven.Sums

// Product is a product of one release, as Maven names it: {"jgroups", "5.5.7.Final"}.
type Product struct{ Name, Release string }

func (p Product) String() string { return p.Name + "-" + p.Release }

// Short is the release as its users write it: 5.5.7.
func (p Product) Short() string { return strings.TrimSuffix(p.Release, ".Final") }

// Products are those that can be run.
var Products = []Product{
	{"jgroups", "2.12.3.Final"}, {"jgroups", "3.6.20.Final"}, {"jgroups", "4.2.30.Final"}, {"jgroups", "5.2.29.Final"}, {"jgroups", "5.5.7.Final"},
	{"infinispan", "15.0.10.Final"}, {"infinispan", "16.0.5"},
	{"hazelcast", "2.6.10"}, {"hazelcast", "3.12.13"}, {"hazelcast", "4.2.8"}, {"hazelcast", "5.5.0"}, {"hazelcast", "5.7.0"},
	{"ehcache", "2.10.9.2"}, {"activemq", "5.18.6"}, {"river", "2.2.3"},
}

// Releases are the releases of a product, oldest first.
func Releases(name string) (list []Product) {
	for _, p := range Products {
		if p.Name == name {
			list = append(list, p)
		}
	}
	return list
}

// slf4j is where products' log lines go: to standard error.
const slf4j = "org.slf4j:slf4j-simple:1.7.36"

func (p Product) set() maven.Set {
	var a []string
	switch p.Name {
	case "jgroups":
		a = []string{"org.jgroups:jgroups:" + p.Release}
	case "hazelcast":
		a = []string{"com.hazelcast:hazelcast:" + p.Release}
	case "infinispan":
		a = []string{"org.infinispan:infinispan-core:" + p.Release}
	case "ehcache":
		a = []string{"net.sf.ehcache:ehcache:" + p.Release, slf4j}
	case "activemq":
		a = []string{"org.apache.activemq:activemq-broker:" + p.Release, slf4j}
	case "river":
		for _, part := range []string{"reggie", "outrigger", "start"} {
			a = append(a, "org.apache.river:"+part+":"+p.Release)
		}
	}
	return maven.Set{Product: p.Name, Release: p.Release, Artifacts: a}
}

// mains are the programs of a product.
var mains = map[string][]string{
	"jgroups": {"JGroupsPeer.java"}, "hazelcast": {"HazelcastPeer.java"}, "infinispan": {"InfinispanPeer.java"},
	"ehcache": {"EhcachePeer.java"}, "activemq": {"ActiveMQPeer.java"}, "river": {"JiniService.java", "JiniWorker.java"},
}

// jar is the one jar of a folder whose name begins so.
func jar(dir, prefix string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, prefix+"-[0-9]*.jar"))
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("%d jars %s in %s, want one", len(files), prefix, dir)
	}
	return strings.Join(slices.Compact(files), ""), err
}
