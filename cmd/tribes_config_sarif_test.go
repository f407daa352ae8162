package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/sarif"
)

// TestSARIF: each finding is a result of a rule, at its place, as the standard wants it.
func TestSARIF(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"server.xml": `<Server port="-1"><Service name="Catalina"><Engine name="Catalina" defaultHost="localhost">
<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" channelSendOptions="300000"><Channel className="org.apache.catalina.tribes.group.GroupChannel">
<Membership className="org.apache.catalina.tribes.membership.cloud.CloudMembershipService" membershipProviderClassName="dns" foo="x" connectTimeout="-1"/>
<Receiver className="org.apache.catalina.tribes.transport.nio.NioReceiver" port="4000"/></Channel></Cluster></Engine></Service></Server>`,
		"my pods.yaml": "kind: Pod\nmetadata: {name: shop}\nspec: {containers: [{image: tomcat, env: [{name: DNS_MEMBERSHIP_SERVICE_NAME, value: shop}]}]}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, status := runConfigLine(t, "", "tribes", "config", "--elsewhere", "--json", "--manifest", "my pods.yaml", "--sarif", "report.sarif", "server.xml")
	var doc struct {
		Verdicts []struct{ ID, Status string } `json:"verdicts"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err, errs, status)
	}
	text, err := os.ReadFile("report.sarif")
	if err != nil {
		t.Fatal(err)
	}
	var log sarif.Log
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != "muster" {
		t.Fatalf("%s", text)
	}
	run := log.Runs[0]
	told := 0
	for _, v := range doc.Verdicts {
		if v.Status != "pass" {
			told++
		}
	}
	if len(run.Results) != told || told < 3 {
		t.Errorf("%d results for %d findings\n%s", len(run.Results), told, text)
	}
	levels := map[string]string{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.Index].ID != r.Rule {
			t.Errorf("result of %s points at the rule %s", r.Rule, run.Tool.Driver.Rules[r.Index].ID)
		}
		if (r.Kind == "fail") != (r.Level != "none") {
			t.Errorf("%s: kind %s, level %s", r.Rule, r.Kind, r.Level)
		}
		levels[r.Rule] = r.Level
		at := r.Locations[0].Physical
		if strings.HasPrefix(r.Rule, "provider.") && at.Artifact.URI != "my%20pods.yaml" || strings.HasPrefix(r.Rule, "config.") && at.Artifact.URI != "server.xml" || at.Region == nil || at.Region.Line < 1 {
			t.Errorf("%s is at %+v", r.Rule, at)
		}
	}
	if levels["config.attribute"] != "warning" || levels["config.value"] != "error" || levels["provider.service"] != "none" {
		t.Errorf("levels %v", levels)
	}
}
