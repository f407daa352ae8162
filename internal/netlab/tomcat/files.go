package tomcat

import (
	"bytes"
	"embed"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"muster/internal/netlab"
)

//go:embed server.xml.tmpl app
var files embed.FS

var serverXML = template.Must(template.New("server.xml.tmpl").
	Funcs(template.FuncMap{"xml": escapeXML}).ParseFS(files, "server.xml.tmpl"))

func escapeXML(s string) (string, error) {
	var b bytes.Buffer
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

type member struct {
	Host, Domain, ID string
	Local            bool
}

// staticMembers are all of them, h among them.
func (c Config) staticMembers(h *netlab.Host) (all []member) {
	for i, s := range c.Static {
		m := member{Host: s.Addr().String(), Domain: c.Domain, Local: s == h}
		set(&m.Domain, "static")
		m.ID = "{" + strings.Repeat("0,", 15) + fmt.Sprint(i+1) + "}"
		all = append(all, m)
	}
	return all
}

// ServerXML is the configuration that a Tomcat on the host gets.
func (c Config) ServerXML(h *netlab.Host) ([]byte, error) {
	data := struct {
		Config
		Members []member
	}{Config: c.withDefaults(h)}
	data.Members = c.staticMembers(h)
	var b bytes.Buffer
	err := serverXML.Execute(&b, data)
	return b.Bytes(), err
}

const globalWebXML = `<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
  </servlet>
  <servlet-mapping>
    <servlet-name>jsp</servlet-name>
    <url-pattern>*.jsp</url-pattern>
  </servlet-mapping>
</web-app>
`

const catalinaProperties = `common.loader=${catalina.home}/lib/*.jar
server.loader=
shared.loader=
tomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar
`

const loggingProperties = `handlers = java.util.logging.ConsoleHandler
.handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = FINE
java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter
`

const debugLogging = `org.apache.catalina.ha.level = FINE
org.apache.catalina.tribes.level = FINE
`

// write lays out CATALINA_BASE in dir.
func (c Config) write(dir string, h *netlab.Host) error {
	server, err := c.ServerXML(h)
	if err != nil {
		return err
	}
	page, err := files.ReadFile("app/lab.jsp")
	if err != nil {
		return err
	}
	members, err := files.ReadFile("app/members.jsp")
	if err != nil {
		return err
	}
	holds, err := files.ReadFile("app/holds.jsp")
	if err != nil {
		return err
	}
	app, err := files.ReadFile("app/web.xml")
	if err != nil {
		return err
	}
	logging := loggingProperties
	if c.Debug {
		logging += debugLogging
	}
	distributable := "<distributable/>"
	if c.NotDistributable {
		distributable = ""
	}
	expire := fmt.Sprint(int(c.withDefaults(h).Expire.Seconds()))
	base := map[string]string{
		"conf/server.xml":              string(server),
		"conf/web.xml":                 globalWebXML,
		"conf/catalina.properties":     catalinaProperties,
		"conf/logging.properties":      logging,
		"webapps/ROOT/lab.jsp":         strings.ReplaceAll(string(page), "@EXPIRE@", expire),
		"webapps/ROOT/members.jsp":     string(members),
		"webapps/ROOT/holds.jsp":       string(holds),
		"webapps/ROOT/WEB-INF/web.xml": strings.ReplaceAll(string(app), "@DISTRIBUTABLE@", distributable),
		"logs/.keep":                   "",
		"temp/.keep":                   "",
		"work/.keep":                   "",
	}
	for _, a := range c.Apps {
		maps.Copy(base, a.files(dir, base["webapps/ROOT/lab.jsp"], string(app)))
	}
	maps.Copy(base, c.Files)
	for name, text := range base {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files are those of one more application in the CATALINA_BASE dir.
func (a App) files(dir, page, webXML string) map[string]string {
	name := strings.TrimPrefix(a.Path, "/")
	if a.DocBase != "" {
		file := "conf/" + name + "-web.xml"
		return map[string]string{
			file: a.WebXML,
			"conf/Catalina/localhost/" + name + ".xml": fmt.Sprintf("<Context docBase=%q altDDName=%q>%s<Resources allowLinking=\"true\"/></Context>",
				a.DocBase, filepath.Join(dir, file), a.Manager),
		}
	}
	distributable := "<distributable/>"
	if a.NotDistributable {
		distributable = ""
	}
	return map[string]string{
		"webapps/" + name + "/lab.jsp":              page,
		"webapps/" + name + "/WEB-INF/web.xml":      strings.ReplaceAll(webXML, "@DISTRIBUTABLE@", distributable),
		"webapps/" + name + "/META-INF/context.xml": "<Context>" + a.Manager + "</Context>",
	}
}
