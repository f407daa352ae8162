package tomcat

import (
	"bytes"
	"embed"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"text/template"

	"muster/internal/netlab"
	"muster/internal/netlab/maven"
)

//go:embed release
var releaseFiles embed.FS

var releaseXML = template.Must(template.New("release").ParseFS(releaseFiles, "release/*.tmpl"))

const releaseWebXML = `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="http://java.sun.com/xml/ns/j2ee" version="2.4">
  <distributable/>
  <servlet><servlet-name>lab</servlet-name><servlet-class>Lab</servlet-class><load-on-startup>1</load-on-startup></servlet>
  <servlet-mapping><servlet-name>lab</servlet-name><url-pattern>/lab</url-pattern></servlet-mapping>
</web-app>
`

const releaseLogging = `handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = ALL
java.util.logging.SimpleFormatter.format = %1$tT.%1$tL %4$s %2$s %5$s%6$s%n
`

// StartRelease starts a whole Tomcat of a release (see Releases) on the host and
// waits until it serves. Of the Config it takes manager, options, group and times,
// receiver, ports, route, domain, encryption key, coordinator and static members (by
// their interceptor); 5.5 has ports, group, times and route.
func StartRelease(tb netlab.TB, h *netlab.Host, release string, cfg Config) *Server {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("tomcat: -short, and a real one takes seconds")
	}
	if _, err := exec.LookPath("java"); err != nil {
		tb.Skipf("tomcat: needs the package openjdk-17-jre-headless")
	}
	dir, why, err := releaseJars(release)
	switch {
	case err != nil:
		tb.Fatalf("tomcat: %v", err)
	case why != "":
		tb.Skipf("tomcat: %s", why)
	}
	cfg = cfg.withDefaults(h)
	base, err := os.MkdirTemp(h.Dir(), "tomcat")
	if err == nil {
		err = cfg.writeRelease(h, base, release, dir)
	}
	if err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	path, err := maven.ClassPath(dir)
	if err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	args := append(slices.Concat(cfg.JVM, releaseJVM(h, base, path+":"+filepath.Join(base, "webapps/ROOT/WEB-INF/classes"))), "Start")
	s := &Server{Process: h.Launch(tb, "java", args...), tb: tb, host: h, cfg: cfg, http: h.HTTP(), base: base}
	s.WaitUp()
	return s
}

// releaseJVM are the options of a JVM with this class path and CATALINA_BASE.
func releaseJVM(h *netlab.Host, base, classPath string) []string {
	args := append(jvm(), "-Dlab.node="+h.Name(), "-Djava.util.logging.config.file="+filepath.Join(base, "conf", "logging.properties"))
	for _, opened := range []string{"java.base/java.lang", "java.base/java.io", "java.base/java.util", "java.base/java.util.concurrent", "java.rmi/sun.rmi.transport"} {
		args = append(args, "--add-opens="+opened+"=ALL-UNNAMED")
	}
	return append(args, "-cp", classPath, "-Dcatalina.base="+base, "-Dcatalina.home="+base, "-Djava.io.tmpdir="+filepath.Join(base, "temp"))
}

// writeRelease lays out CATALINA_BASE, and compiles the application for the
// release's own servlet API.
func (c Config) writeRelease(h *netlab.Host, base, release, jars string) error {
	major, _ := strconv.Atoi(release[:strings.IndexByte(release, '.')])
	line := release[:strings.LastIndexByte(release, '.')]
	data := struct {
		Config
		Dispatch       string
		BinderListener bool
		Others         []member // static ones
	}{c, "MessageDispatchInterceptor", major <= 7, nil}
	for _, m := range c.staticMembers(h) {
		if !m.Local {
			data.Others = append(data.Others, m)
		}
	}
	if major <= 7 || line == "8.0" {
		data.Dispatch = "MessageDispatch15Interceptor"
	}
	tmpl := "server.xml.tmpl"
	if line == "5.5" {
		tmpl = "server-5.5.xml.tmpl"
	}
	var server bytes.Buffer
	if err := releaseXML.ExecuteTemplate(&server, tmpl, data); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"conf/server.xml": server.String(),
		"conf/web.xml":    `<web-app xmlns="http://java.sun.com/xml/ns/j2ee" version="2.4"/>`,
		"conf/catalina.properties": "common.loader=\nserver.loader=\nshared.loader=\n" +
			"tomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar\ntomcat.util.scan.DefaultJarScanner.jarsToSkip=*.jar\n",
		"conf/logging.properties":            releaseLogging,
		"webapps/ROOT/WEB-INF/web.xml":       releaseWebXML,
		"webapps/ROOT/WEB-INF/classes/.keep": "",
		"temp/.keep":                         "",
		"work/.keep":                         "",
		"logs/.keep":                         "",
	} {
		file := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	classes, err := releaseClasses(release, jars, major)
	if err != nil {
		return err
	}
	return os.CopyFS(filepath.Join(base, "webapps/ROOT/WEB-INF/classes"), classes)
}

// compiled are the classes of each release that this process has compiled.
var compiled = struct {
	sync.Mutex
	by map[string]fs.FS
}{by: map[string]fs.FS{}}

// releaseClasses are the application and what starts the Tomcat, compiled once.
func releaseClasses(release, jars string, major int) (fs.FS, error) {
	compiled.Lock()
	defer compiled.Unlock()
	if c := compiled.by[release]; c != nil {
		return c, nil
	}
	work, err := os.MkdirTemp("", "muster-classes")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if err := compileRelease(work, jars, major); err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	files, err := filepath.Glob(filepath.Join(work, "*.class"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[filepath.Base(name)] = &fstest.MapFile{Data: b, Mode: 0o644}
	}
	compiled.by[release] = out
	return out, nil
}

// compileRelease compiles them into a folder.
func compileRelease(work, jars string, major int) error {
	api := "javax"
	if major >= 10 {
		api = "jakarta"
	}
	path, err := maven.ClassPath(jars)
	if err != nil {
		return err
	}
	var sources []string
	for _, name := range []string{"Lab.java", "Start.java", "Starts.java"} {
		source, err := releaseFiles.ReadFile("release/" + name)
		if err != nil {
			return err
		}
		file := filepath.Join(work, name)
		if err := os.WriteFile(file, bytes.ReplaceAll(source, []byte("import EE."), []byte("import "+api+".")), 0o644); err != nil {
			return err
		}
		sources = append(sources, file)
	}
	return maven.Compile(path, work, sources...)
}
