package serverxml

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// FuzzRead reads anything as a server.xml, alone and beside a sound one, and does
// with it all that a command does.
func FuzzRead(f *testing.F) {
	base := testFile("base.xml")
	f.Add(laughs)
	f.Add(base)
	f.Add(testFile("tomcat5.xml"))
	for _, name := range []string{"delta-domain-encrypted-static-interceptor.xml", "backup-static-service.xml"} {
		f.Add(archive("lab.txtar")[name])
	}
	for _, c := range brokenFiles {
		if len(c.want) > 1 {
			f.Add(c.edit(base))
		}
	}
	sound, err := Read(source(base), Options{})
	if err != nil {
		f.Fatal(err)
	}
	props := &Properties{}
	props.Set("a", "${b}", "here")
	props.Set("b", "x${a}", "here")
	f.Fuzz(func(t *testing.T, in string) {
		file, err := Read(Source{Name: "server.xml", Data: strings.NewReader(in), ModeKnown: true}, Options{Properties: props})
		if err != nil {
			return
		}
		app, err := ReadApplication(source(in))
		if err != nil {
			t.Fatalf("read as a server.xml, and not as an application's: %v", err)
		}
		given := labHost
		given.Applications = []*Application{app}
		found := Check([]*File{sound, file}, given)
		if len(found) > 3*maxFindings+10 {
			t.Errorf("%d findings", len(found))
		}
		for _, c := range file.Clusters {
			c.Describe()
		}
		_, _ = file.Settings() // any error will do
		if _, err := json.Marshal([]any{file, found}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzProperties(f *testing.F) {
	f.Add("a=1\nb : ${a}\\\n  2\n", "${b}${a:-x}")
	f.Add("a=${a}${a}", "${a}")
	f.Fuzz(func(t *testing.T, file, value string) {
		p := &Properties{}
		if err := p.ReadProperties("catalina.properties", strings.NewReader(file)); err != nil {
			return
		}
		if r := p.resolve(value); len(r.text) > len(value)+2*maxExpanded+len(file) {
			t.Errorf("%d bytes out of %d", len(r.text), len(file)+len(value))
		}
	})
}

// Verify that hostile files of megabytes are dealt with in little time: one line
// without end, attributes without end, references without end, findings without end.
func TestMegabytes(t *testing.T) {
	cluster := `<Server><Service><Engine name="e"><Cluster className="` + simpleTCPCluster + `"><Channel className="` + groupChannel + `">`
	end := `</Channel></Cluster></Engine></Service></Server>`
	fill := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	for name, in := range map[string]string{
		"one line":    cluster + fill(`<Interceptor className="x"/>`, 1<<20) + end,
		"attributes":  cluster + "<Membership className='" + mcastService + "' " + numbered(100_000) + "/>" + end,
		"text":        cluster + fill("x ", 3<<20) + end,
		"comments":    cluster + fill("<!-- <Cluster> -->", 3<<20) + end,
		"entities":    "<!DOCTYPE x [" + fill("<!ENTITY e 'x'>", 2<<20) + "]>" + cluster + fill("&e;", 1<<20) + end,
		"clusters":    `<Server><Service><Engine name="e">` + fill("<Cluster className='x'/>", 600<<10) + "</Engine></Service></Server>",
		"connectors":  `<Server><Service>` + fill("<Connector port='80'/>", 600<<10) + "</Service></Server>",
		"members":     cluster + "<Membership className='" + staticService + "'>" + fill("<Member className='x' host='a' port='1'/>", 1<<20) + "</Membership>" + end,
		"placeholder": cluster + `<Receiver className="` + nioReceiver + `" address="` + fill("${a}", 1<<20) + `"/>` + end,
		"a name":      cluster + "<" + fill("x", 3<<20) + "/>" + end,
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			f, err := Read(source(in), Options{Properties: &Properties{}})
			if err == nil {
				found := Check([]*File{f, f}, labHost)
				if len(found) > 3*maxFindings {
					t.Errorf("%d findings", len(found))
				}
				for _, x := range found {
					if len(x.Saw) > 4096 {
						t.Errorf("a finding of %d bytes", len(x.Saw))
						break
					}
				}
			}
			t.Logf("%d bytes in %v: %v", len(in), time.Since(begin), err)
			if d := time.Since(begin); d > 2*time.Minute { // some 0.3 s; what grows with the square takes hours
				t.Errorf("took %v", d)
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a")
		b.WriteString(strings.Repeat("b", 1+i%7))
		for j := i; j > 0; j /= 10 {
			b.WriteByte(byte('0' + j%10))
		}
		b.WriteString("='' ")
	}
	return b.String()
}
