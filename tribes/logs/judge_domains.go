package logs

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// domains judges members that another one refuses for their domain
// (T/group/interceptors/DomainFilterInterceptor). Where every node that refuses some
// has others that it took in, they are two clusters on one group, each complete.
func (j *judge) domains() {
	refused := map[*Node][]*Event{}
	var order []*Node
	alone := false
	for _, n := range j.nodes {
		for _, e := range eventsOf(n, Refused) {
			if j.nodeAt(e.Member.Addr) != nil || len(j.nodes) == 1 {
				refused[n] = append(refused[n], e)
			}
		}
		if len(refused[n]) > 0 {
			order = append(order, n)
			alone = alone || n.count(Added) == 0
		}
	}
	if len(order) > 1 && !alone {
		var names []string
		var lines []*Event
		for _, n := range order {
			j.explained[n] = "tribes.two-clusters"
			names, lines = append(names, n.Name), append(lines, refused[n][0])
		}
		j.add("tribes.two-clusters", verdict.Warn, verdict.Likely, strings.Join(names, ", "),
			fmt.Sprintf("%s refuse members of another domain and each has members of its own: clusters of different domains share one group and port; on purpose, or some of them have the wrong domain (tribes.domain-filter)", strings.Join(names, ", ")), lines,
			verdict.Fix("give each cluster a group or port of its own; or where they should be one, the same domain"))
		return
	}
	for _, n := range order {
		confidence := verdict.Definite
		if len(j.nodes) == 1 {
			confidence = verdict.Hint // it may be another cluster that is kept out on purpose
		}
		j.explained[n] = "tribes.domain-filter"
		j.add("tribes.domain-filter", verdict.Fail, confidence, n.Name,
			fmt.Sprintf("%s refuses %s: its DomainFilterInterceptor asks for another domain", n.Name, j.name(refused[n][0].Member)), refused[n],
			verdict.Fix("give all members of one cluster the same domain, or take DomainFilterInterceptor out"))
	}
}
