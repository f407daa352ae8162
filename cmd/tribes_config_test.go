package cmd

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/cmd/internal/term"
)

var updateConfigGolden = flag.Bool("update", false, "write testdata/*.golden")

// run runs a command line without a terminal and returns what it wrote.
func runConfigLine(t *testing.T, in string, args ...string) (out, errs string, status int) {
	t.Helper()
	s, o, e := term.Test(in)
	status = Run(context.Background(), args, s)
	return o.String(), e.String(), status
}

func configGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *updateConfigGolden {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as %s (look at the difference, then go test ./cmd -update):\n%s", file, got)
	}
}

// configExample is a cluster with something of everything in it.
const configExample = `<Server port="8005">
  <Service name="Catalina">
    <Connector port="8080"/>
    <Engine name="Catalina" defaultHost="localhost" jvmRoute="${node}">
      <Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" channelSendOptions="use_ack,sync">
        <Channel className="org.apache.catalina.tribes.group.GroupChannel">
          <Membership className="org.apache.catalina.tribes.membership.McastService"
                      address="228.0.0.9" port="45565 " dropTime="${drop}" domain="blue"/>
          <Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>
          <Interceptor className="org.apache.catalina.tribes.group.interceptors.EncryptInterceptor"
                       encryptionKey="000102030405060708090a0b0c0d0e0f"/>
          <Interceptor className="org.apache.catalina.tribes.group.interceptors.DomainFilterInterceptor" domain="bleu"/>
        </Channel>
        <Valve className="org.apache.catalina.ha.tcp.ReplicationValve" filter=".*\.gif;.*\.js"/>
      </Cluster>
      <Host name="localhost"/>
    </Engine>
  </Service>
</Server>
`

func TestConfigText(t *testing.T) {
	out, errs, status := runConfigLine(t, configExample, "tribes", "config", "--elsewhere", "--property", "drop=9000", "-")
	if status != 1 || errs != "" {
		t.Errorf("status %d, stderr %q", status, errs)
	}
	configGolden(t, "config", out)
	if strings.Contains(out, "0a0b0c") {
		t.Error("the key is shown")
	}
	out, _, _ = runConfigLine(t, configExample, "tribes", "config", "--elsewhere", "--color", "always", "--quiet", "-")
	configGolden(t, "config-quiet", out)
}

func TestConfigJSON(t *testing.T) {
	out, _, status := runConfigLine(t, configExample, "tribes", "config", "--elsewhere", "--property", "drop=9000", "--json", "-")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	configGolden(t, "config-json", out)
}

// Verify the exit statuses, and that one unreadable file does not hide another.
func TestConfigStatus(t *testing.T) {
	fixture := filepath.Join("..", "tribes", "serverxml", "testdata", "tomcat10-cluster.xml")
	huge := filepath.Join(t.TempDir(), "huge.xml")
	if err := os.WriteFile(huge, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		out    string
		errs   string
	}{
		{"--elsewhere " + fixture, 0, "nothing wrong found", ""},
		{"--elsewhere --tomcat 9 " + fixture, 0, "for Tomcat 9.0", ""},
		{"--elsewhere nowhere.xml " + fixture, 3, "nothing wrong found", "nowhere.xml: no such file"},
		{"nowhere.xml nowhere2.xml", 3, "", "nowhere2.xml"},
		{huge, 3, "", "larger than 4 MiB"},
		{t.TempDir(), 3, "", "is a folder"},
		{"--catalina-properties nowhere " + fixture, 3, "", "reading the properties"},
		{"--tomcat 4 " + fixture, 2, "", "want a line"},
		{"--property =x " + fixture, 2, "", "want NAME=VALUE"},
		{"", 2, "", "an argument is missing: write muster tribes config FILE..."},
	} {
		out, errs, status := runConfigLine(t, "", append([]string{"tribes", "config"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("%s: status %d, want %d\n%s%s", c.args, status, c.status, out, errs)
		}
	}
}
