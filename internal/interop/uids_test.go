package interop

import (
	"strconv"
	"testing"

	"muster/internal/netlab/tomcat"
	"muster/tribes/release"
)

// Verify the table of serialVersionUIDs with the classes of each release: a Tomcat takes
// an object of ours by its number alone.
func TestSerialUIDs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short, and the jars of all releases take seconds")
	}
	classes := map[string]func(release.SerialUIDs) int64{
		"org.apache.catalina.ha.session.SessionMessageImpl":                 func(u release.SerialUIDs) int64 { return u.Message },
		"org.apache.catalina.ha.ClusterMessageBase":                         func(u release.SerialUIDs) int64 { return u.Base },
		"org.apache.catalina.ha.session.DeltaSession":                       func(u release.SerialUIDs) int64 { return u.DeltaSession },
		"org.apache.catalina.tribes.tipis.AbstractReplicatedMap$MapMessage": func(u release.SerialUIDs) int64 { return u.MapMessage },
		"org.apache.catalina.tribes.membership.MemberImpl":                  func(u release.SerialUIDs) int64 { return u.Member },
	}
	var names []string
	for name := range classes {
		names = append(names, name)
	}
	releases := core
	if *whole {
		releases = tomcat.Releases[1:] // 5.5 has other classes
	}
	seen := tomcat.SerialUIDs(t, releases, names)
	for _, r := range releases {
		parsed, err := release.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		uids, ok := parsed.SerialUIDs()
		for name, of := range classes {
			if got := strconv.FormatInt(of(uids), 10); !ok || got != seen[r][name] {
				t.Errorf("%s: %s is %s in the table, %s in the classes", r, name, got, seen[r][name])
			}
		}
	}
}
