package tomcat

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"muster/internal/verdict"
)

// The release below Tomcat's own page about an error tells what is known of it; each node
// is asked once, and a release that is in order, or none, is told of by nothing.
func TestRunNamesAdvisories(t *testing.T) {
	nodes, urls := fakes(t, 3, attributesPage)
	var asked atomic.Int32
	for i, footer := range []string{"<h3>Apache Tomcat/11.0.20</h3>", "<h3>Apache Tomcat/11.0.25</h3>", "nothing"} {
		nodes[i].wrong = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != noPage {
				return false
			}
			asked.Add(1)
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, footer)
			return true
		}
	}
	rep, err := Run(context.Background(), quick(urls))
	if err != nil || rep.Failed != nil {
		t.Fatalf("%v, %+v", err, rep.Failed)
	}
	var told []verdict.Verdict
	for _, v := range rep.Verdicts {
		if v.ID == "config.advisory" {
			told = append(told, v)
		}
	}
	if len(told) == 0 || asked.Load() != 3 {
		t.Fatalf("%d asked, told %+v", asked.Load(), told)
	}
	for _, v := range told {
		if v.Subject != "A" || v.Status != verdict.Warn || v.Confidence != verdict.Hint || !strings.Contains(v.Saw, "Tomcat 11.0.20, which is affected by CVE-2026-") {
			t.Errorf("%+v", v)
		}
	}
}
