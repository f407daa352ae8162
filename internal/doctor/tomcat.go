package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"muster/internal/lazyregexp"
)

// maxProcesses bounds how many processes are looked at for a Tomcat.
const maxProcesses = 20000

// process is a Tomcat that runs in this network namespace.
type process struct {
	base, home string
	classPath  string
	proc       string // its folder in /proc
}

// tomcats are those that run in this network namespace, by their command lines. It
// knows Linux's /proc alone.
func tomcats() []process {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil
	}
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(names) > maxProcesses {
		return nil
	}
	var out []process
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(line), "catalina") {
			continue
		}
		p := process{proc: filepath.Dir(name)}
		args := strings.Split(string(line), "\x00")
		for i, arg := range args {
			if v, ok := strings.CutPrefix(arg, "-Dcatalina.base="); ok {
				p.base = v
			}
			if v, ok := strings.CutPrefix(arg, "-Dcatalina.home="); ok {
				p.home = v
			}
			if (arg == "-cp" || arg == "-classpath" || arg == "--class-path") && i+1 < len(args) {
				p.classPath = args[i+1]
			}
		}
		if p.base == "" {
			p.base = p.home
		}
		if p.base == "" {
			continue
		}
		if ns, err := os.Readlink(filepath.Join(p.proc, "ns", "net")); err != nil || ns != own {
			continue
		}
		out = append(out, p)
	}
	return out
}

// Running reports whether a Tomcat of this server.xml runs in this network namespace.
func Running(serverXML string) bool {
	file, err := filepath.Abs(serverXML)
	if err != nil {
		return false
	}
	base := filepath.Dir(filepath.Dir(file))
	return slices.ContainsFunc(tomcats(), func(p process) bool { return filepath.Clean(p.base) == base })
}

// FindServerXML is the server.xml of the only Tomcat that runs in this network
// namespace, by the catalina.base of its command line; "" where there is none, several,
// or where it cannot be read.
func FindServerXML() string {
	found := map[string]bool{}
	for _, p := range tomcats() {
		file := filepath.Join(p.base, "conf", "server.xml")
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			found[file] = true
		}
	}
	if len(found) != 1 {
		return ""
	}
	for file := range found {
		return file
	}
	return ""
}

// catalinaJar is the jar of Tomcat's core, as its own distribution and as Maven name it.
var catalinaJar = lazyregexp.New(`^(tomcat[0-9]*-)?catalina(-[0-9][0-9A-Za-z.-]*)?\.jar$`)

// RunningJars are the jars with Tomcat's core of the process that runs with this
// catalina.base, by its catalina.home and its class path; none where it does not run here.
func RunningJars(base string) []string {
	var out []string
	for _, p := range tomcats() {
		if filepath.Clean(p.base) != filepath.Clean(base) {
			continue
		}
		if p.home != "" {
			out = append(out, filepath.Join(p.home, "lib", "catalina.jar"), filepath.Join(p.home, "server", "lib", "catalina.jar"))
		}
		for _, entry := range filepath.SplitList(p.classPath) {
			if dir, all := strings.CutSuffix(entry, "/*"); all {
				out = append(out, catalinaJars(dir, catalinaJar())...)
			} else if catalinaJar().MatchString(filepath.Base(entry)) {
				out = append(out, entry)
			}
		}
	}
	return out
}

func catalinaJars(dir string, want *regexp.Regexp) (out []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if want.MatchString(e.Name()) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}
