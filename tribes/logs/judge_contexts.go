package logs

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// contexts judges messages for applications that have no clustered manager here.
func (j *judge) contexts(n *Node) {
	var apps []string
	byApp := map[string][]*Event{}
	for _, e := range eventsOf(n, NoManager) {
		app := e.App
		if app == "" { // the Japanese text does not name it
			app = j.onlyElsewhere(n)
		}
		if !j.late(n, app, e) {
			continue
		}
		if len(byApp[app]) == 0 {
			apps = append(apps, app)
		}
		byApp[app] = append(byApp[app], e)
	}
	deploys := false // does any log name applications as they are deployed?
	for _, o := range j.nodes {
		deploys = deploys || o.count(Deploying) > 0
	}
	for _, app := range apps {
		list := byApp[app]
		path := contextPath(app)
		switch {
		case app == "":
			j.add("config.differs", verdict.Fail, verdict.Hint, n.Name,
				fmt.Sprintf("others replicate the sessions of an application to %s that has no clustered manager there (%s), and the line does not name it: it is not there, or not distributable there (config.distributable)", n.Name, times(total(list))), list)
		case deployed(n, path):
			j.add("config.distributable", verdict.Fail, verdict.Likely, n.Name,
				fmt.Sprintf("%s deployed %s, and messages for its sessions find no clustered manager there (%s): <distributable/> is missing in its web.xml, or the application has a manager of its own", n.Name, path, times(total(list))), list,
				verdict.Fix("add <distributable/> to the web.xml of "+path+" on "+n.Name))
		case deploys:
			j.add("config.differs", verdict.Fail, verdict.Likely, n.Name,
				fmt.Sprintf("others replicate the sessions of %s to %s, which did not deploy it (%s)", path, n.Name, times(total(list))), list,
				verdict.Fix("deploy "+path+" on "+n.Name+" too, or take it off the others"))
		default:
			j.add("config.differs", verdict.Fail, verdict.Likely, n.Name,
				fmt.Sprintf("others replicate the sessions of %s to %s, where no clustered manager has them (%s): the application is not there, or not distributable there (config.distributable); this log does not say which", path, n.Name, times(total(list))), list)
		}
	}
}

// onlyElsewhere is the one application that has a clustered manager on other nodes and
// none on n; "" where there is none or several.
func (j *judge) onlyElsewhere(n *Node) string {
	here := map[string]bool{}
	for _, e := range eventsOf(n, Manager, MapStarted) {
		here[contextPath(e.App)] = true
	}
	only := ""
	for _, o := range j.nodes {
		for _, e := range eventsOf(o, Manager, MapStarted) {
			switch path := contextPath(e.App); {
			case o == n || here[path] || only == path:
			case only != "":
				return ""
			default:
				only = path
			}
		}
	}
	return only
}

// late reports whether a message without a manager came when the manager should
// have been there: not while the node starts or stops, nor before its manager came.
func (j *judge) late(n *Node, app string, e *Event) bool {
	for _, l := range n.Lives {
		if l.Start.After(e.Until) {
			continue
		}
		if !l.Stop.IsZero() && !e.Until.Before(l.Stop) {
			continue
		}
		for _, m := range eventsOf(n, Manager, MapStarted) {
			if (app == "" || contextPath(m.App) == contextPath(app)) && m.Time.After(e.Until) && m.Time.Sub(l.Start) < l.Up.Sub(l.Start)+1 {
				return false
			}
		}
		return true
	}
	return len(n.Lives) == 0
}

func deployed(n *Node, path string) bool {
	for _, e := range eventsOf(n, Deploying) {
		if e.App == path || e.App == "/"+strings.TrimPrefix(path, "/") {
			return true
		}
	}
	return false
}
