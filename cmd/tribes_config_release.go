package cmd

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/doctor"
	"muster/internal/lazyregexp"
	"muster/tribes/release"
)

// packagedConf are the folders where distributions keep the configuration of the
// Tomcat whose jars are elsewhere.
var packagedConf = lazyregexp.New(`^/etc/(tomcat[0-9]*)$`)

// releaseBeside finds the release of the Tomcat that a server.xml belongs to: by
// the catalina.jar of the folder that conf/ stands in, of the package, or of the
// process that runs with that folder. "" is not found.
func releaseBeside(serverXML string) (release.Release, string) {
	dir, err := filepath.Abs(filepath.Dir(serverXML))
	if err != nil || serverXML == "-" {
		return release.Release{}, ""
	}
	jars := []string{filepath.Join(dir, "..", "lib", "catalina.jar"), filepath.Join(dir, "..", "server", "lib", "catalina.jar")} // the latter: 5.5
	if m := packagedConf().FindStringSubmatch(dir); m != nil {
		jars = append(jars, filepath.Join("/usr/share", m[1], "lib", "catalina.jar"))
	}
	for _, jar := range append(jars, doctor.RunningJars(filepath.Dir(dir))...) {
		if r, err := jarRelease(jar); err == nil {
			return r, filepath.Clean(jar)
		}
	}
	return release.Release{}, ""
}

// maxManifest bounds what is read of a jar's manifest.
const maxManifest = 64 << 10

// jarRelease reads the release out of a jar's manifest (Implementation-Version).
func jarRelease(jar string) (release.Release, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return release.Release{}, err
	}
	defer z.Close()
	f, err := z.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return release.Release{}, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxManifest))
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "Implementation-Version:"); ok {
			return release.Parse(strings.TrimSpace(v))
		}
	}
	return release.Release{}, fmt.Errorf("%s names no release", jar)
}

// resolver looks names up as Java does on this host: IPv4 addresses first.
func resolver(ctx context.Context) func(string) ([]netip.Addr, error) {
	return func(name string) ([]netip.Addr, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
			switch {
			case a.Is4() == b.Is4():
				return 0
			case a.Is4():
				return -1
			}
			return 1
		})
		return addrs, err
	}
}
