package cmd

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/verdict"
	"muster/tribes/serverxml"
)

// configurations are sound ones and broken ones, by what is changed in the how-to's.
var configurations = map[string]func(string) string{
	"as it is":                     func(s string) string { return s },
	"no such class":                replacing(`membership.McastService"`, `membership.McastServices"`),
	"an interceptor's class twice": replacing(`interceptors.TcpFailureDetector"/>`, `interceptors.TcpFailureDetector"/><Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>`),
	"no group":                     replacing(`address="228.0.0.4"`, `address="192.168.0.4"`),
	"a port too large":             replacing(`port="45564"`, `port="455640"`),
	"no port":                      replacing(`port="45564"`, `port="heartbeats"`),
	"a receiver's port too large":  replacing(`port="4000"`, `port="70000"`),
	"dropTime below frequency":     replacing(`dropTime="3000"`, `dropTime="300"`),
	"no time":                      replacing(`frequency="500"`, `frequency="0"`),
	"a word for a time":            replacing(`frequency="500"`, `frequency="often"`),
	"an unknown attribute":         replacing(`port="45564"`, `port="45564" prot="1"`),
	"options by name":              replacing(`channelSendOptions="8"`, `channelSendOptions="asynchronous"`),
	"options of nothing":           replacing(`channelSendOptions="8"`, `channelSendOptions="nonsense"`),
	"ttl 0":                        replacing(`port="45564"`, `port="45564" ttl="0"`),
	"bind to nothing":              replacing(`port="45564"`, `port="45564" bind="no address"`),
	"receiver on the loopback":     replacing(`address="auto"`, `address="127.0.0.1"`),
	"receiver on a group":          replacing(`address="auto"`, `address="228.0.0.4"`),
	"another product's group":      replacing(`address="228.0.0.4"`, `address="224.0.0.251"`),
	"without a valve":              replacing(`ReplicationValve`, `ReplicationValves`),
	"a manager of nothing":         replacing(`session.DeltaManager"`, `session.DeltasManager"`),
	"cut short":                    func(s string) string { return s[:len(s)/2] },
	"no cluster": func(string) string {
		return `<Server port="-1"><Service name="Catalina"><Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>`
	},
}

func replacing(old, new string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, new, 1) }
}

// TestCheckSaysWhatConfigSays: `check --server-xml` finds the faults of a configuration
// that `tribes config` finds, each as bad but for what changes nothing, and no others.
func TestCheckSaysWhatConfigSays(t *testing.T) {
	text, err := os.ReadFile("../tribes/serverxml/testdata/howto.txtar")
	if err != nil {
		t.Skip("the how-to's of package serverxml are not here: ", err)
	}
	faults := 0
	for _, doc := range txtar.Parse(text).Files {
		for name, change := range configurations {
			changed := change(string(doc.Data))
			if name != "as it is" && (changed == string(doc.Data) || doc.Name != "default.xml") {
				continue
			}
			file := filepath.Join(t.TempDir(), "server.xml")
			if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			alone, _, status := runConfigLine(t, "", "tribes", "config", "--elsewhere", file, "--json")
			beside, errs, checkStatus := runConfigLine(t, `{"version":1,"os":"linux"}`, "check", "--from", "-", "--server-xml", file, "--json")
			if beside == "" && status == 3 && checkStatus == 3 { // no file that can be read: both say so
				continue
			}
			var document struct {
				Verdicts []verdict.Verdict `json:"verdicts"`
			}
			if err := json.Unmarshal([]byte(alone), &document); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var vs []verdict.Verdict
			for line := range strings.Lines(beside) {
				var v verdict.Verdict
				if err := json.Unmarshal([]byte(line), &v); err != nil {
					t.Fatalf("%s: %v: %s", name, err, line)
				}
				vs = append(vs, v)
			}
			// What changes nothing on a host is told there, and is no finding.
			told := func(v verdict.Verdict) bool {
				return slices.ContainsFunc(vs, func(c verdict.Verdict) bool { return c.ID == v.ID && c.Status == verdict.Pass && c.Saw == v.Saw })
			}
			want, got := faultsOf(slices.DeleteFunc(document.Verdicts, told)), faultsOf(vs)
			faults += len(want)
			if !maps.Equal(want, got) {
				t.Errorf("%s, %s: tribes config says %v, check --server-xml %v\n%s", doc.Name, name, want, got, errs)
			}
		}
	}
	if faults < 20 {
		t.Errorf("%d faults were found: that is no test", faults)
	}
}

// faultsOf are the faults of what configurations are checked for.
func faultsOf(vs []verdict.Verdict) map[verdict.ID]verdict.Status {
	out := map[verdict.ID]verdict.Status{}
	for _, v := range vs {
		if slices.Contains(serverxml.Checks, v.ID) && v.Status.Bad() && out[v.ID] != verdict.Fail {
			out[v.ID] = v.Status
		}
	}
	return out
}
