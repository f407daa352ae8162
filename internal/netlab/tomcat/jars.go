package tomcat

import (
	_ "embed"
	"strings"
	"testing"

	"muster/internal/netlab/maven"
)

// releaseSums pins what Maven Central is to serve: a line for each jar, with the
// release that it is for and its SHA-256.
//
//go:embed release/jars.sum
var releaseSums maven.Sums

// Releases are those that StartRelease can start, oldest first.
var Releases = []string{"5.5.15", "6.0.13", "6.0.45", "7.0.109", "8.0.53", "8.5.92", "9.0.1", "9.0.113", "10.0.27", "10.1.56", "11.0.21"}

// artifacts are what Maven is asked for, with all that they need.
func artifacts(release string) []string {
	var out []string
	add := func(group string, names ...string) {
		for _, n := range names {
			out = append(out, group+":"+n+":"+release)
		}
	}
	switch {
	case strings.HasPrefix(release, "5.5."):
		add("tomcat", "catalina", "catalina-cluster", "catalina-optional", "tomcat-coyote", "tomcat-http", "tomcat-util",
			"servlet-api", "jsp-api", "jasper-runtime", "naming-factory", "naming-resources")
	case strings.HasPrefix(release, "6.0."):
		add("org.apache.tomcat", "catalina-ha", "jasper")
	default:
		add("org.apache.tomcat", "tomcat-catalina-ha", "tomcat-jasper")
	}
	return out
}

// ReleaseJars is the folder with the jars of one of Releases. It skips the test where
// they cannot be had.
func ReleaseJars(t testing.TB, release string) string {
	t.Helper()
	dir, why, err := releaseJars(release)
	if err != nil {
		t.Fatal(err)
	}
	if why != "" {
		t.Skip(why)
	}
	return dir
}

// releaseJars is the folder with the jars of a release; why names what is missing
// where they cannot be had.
func releaseJars(release string) (dir, why string, err error) {
	return maven.Jars(maven.Set{Product: "tomcat", Release: release, Artifacts: artifacts(release)}, releaseSums, release)
}
