package cmd

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Why commands go without a flag that others share.
const (
	byItself   = "it ends by itself"
	nothingDue = "no answer is due that it could wait for"
	noHost     = "it hears nobody"
	noTraffic  = "it neither sends nor listens"
	reads      = "it reads the files of its arguments"
	noGroup    = "it is about no cluster and no group of one"
	noVerdicts = "it gives no verdicts"
	fiveOnly   = "one line for a monitoring system is for what a system asks again and again: check, doctor, tribes members, mesh, querier"
	comeAndGo  = "what it shows comes and goes: --expect and --duration bound it"
)

// without are the commands that go without a shared flag, each with the reason.
var without = map[string]map[string]string{
	"interface": {
		"compare": noTraffic, "completion": noTraffic, "explain": noTraffic, "version": noTraffic,
		"tribes config": noTraffic, "tribes decode": noTraffic, "tribes logs": noTraffic,
	},
	"count": {
		"check": byItself, "compare": byItself, "completion": byItself, "discover": byItself, "doctor": byItself, "explain": byItself,
		"smoke": byItself, "version": byItself, "tribes config": byItself, "tribes decode": byItself, "tribes probe": byItself,
		"mesh": comeAndGo, "querier": "what ends it is that each interface was asked, or --duration", "tribes join": comeAndGo,
		"tribes logs": comeAndGo, "tribes members": comeAndGo, "tribes sessions": comeAndGo,
	},
	"duration": {
		"check": byItself, "compare": byItself, "completion": byItself, "discover": byItself + ", when --wait is over", "explain": byItself,
		"smoke": byItself, "version": byItself, "tribes config": byItself, "tribes decode": byItself,
		"tribes probe": byItself + ", when --wait is over", "tribes send": byItself + ", after --count messages",
	},
	"wait": {
		"check": nothingDue, "compare": nothingDue, "completion": nothingDue, "doctor": "each question has its own time", "explain": nothingDue,
		"listen": nothingDue, "mesh": nothingDue, "node": nothingDue, "querier": nothingDue, "send": nothingDue, "smoke": nothingDue,
		"sniff": nothingDue, "version": nothingDue, "tribes config": nothingDue, "tribes decode": nothingDue, "tribes join": nothingDue,
		"tribes logs": nothingDue, "tribes sessions": nothingDue,
	},
	"expect": {
		"compare": noHost, "completion": noHost, "explain": noHost, "version": noHost, "send": noHost,
		"querier": "one querier is expected on each link, and its lack is a verdict", "smoke": "its nodes are those that it starts, or that --tomcat names",
		"tribes config": noHost, "tribes decode": noHost, "tribes logs": noHost, "tribes probe": "its targets are whom it expects",
	},
	"server-xml": {
		"compare": reads, "tribes config": reads, "tribes decode": "the bytes tell", "tribes logs": "a log tells the settings of its Tomcat",
		"completion": noGroup, "discover": noGroup, "explain": noGroup, "version": noGroup,
		"querier": "queriers are there for each link, whatever the group",
		"node":    "a Tomcat logs a warning for each datagram that is no heartbeat: the group of Tomcats is not its place",
		"send":    "a Tomcat logs a warning for each datagram that is no heartbeat: the group of Tomcats is not its place",
	},
	"strict": {
		"completion": noVerdicts, "explain": noVerdicts, "listen": noVerdicts, "node": noVerdicts, "send": noVerdicts,
		"version": noVerdicts, "tribes decode": noVerdicts, "tribes send": noVerdicts,
		"smoke": "a step passes or fails; its verdicts say why one failed",
	},
	"junit": {
		"completion": noVerdicts, "explain": noVerdicts, "listen": noVerdicts, "node": noVerdicts, "send": noVerdicts,
		"version": noVerdicts, "tribes decode": noVerdicts, "tribes send": noVerdicts,
	},
	"output": {
		"compare": fiveOnly, "completion": fiveOnly, "discover": fiveOnly, "explain": fiveOnly, "listen": fiveOnly, "node": fiveOnly,
		"ping": fiveOnly, "send": fiveOnly, "smoke": fiveOnly, "sniff": fiveOnly, "version": fiveOnly, "tribes config": fiveOnly, "tribes decode": fiveOnly,
		"tribes join": fiveOnly, "tribes logs": fiveOnly, "tribes probe": fiveOnly, "tribes send": fiveOnly, "tribes sessions": fiveOnly,
	},
	"json": {}, "color": {}, "quiet": {}, "verbose": {},
}

// commandsOf are the commands that a person runs, by their names below muster.
func commandsOf(root *cobra.Command) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	everyCommand(root, func(c *cobra.Command) {
		if c.Runnable() && !c.Hidden && c != root && c.Name() != "tribes" {
			out[strings.TrimPrefix(c.CommandPath(), "muster ")] = c
		}
	})
	return out
}

// TestSharedFlags: every command has every shared flag, or there is a reason why it has not.
func TestSharedFlags(t *testing.T) {
	commands := commandsOf(Root())
	for flag, reasons := range without {
		for name, c := range commands {
			has := c.Flag(flag) != nil
			switch reason := reasons[name]; {
			case !has && reason == "":
				t.Errorf("muster %s has no --%s, and no reason is given", name, flag)
			case has && reason != "":
				t.Errorf("muster %s has --%s, although %s", name, flag, reason)
			}
		}
		for name := range reasons {
			if commands[name] == nil {
				t.Errorf("there is no muster %s to go without --%s", name, flag)
			}
		}
	}
	for name, c := range commands { // --strict goes with --junit: both are of verdicts
		if s, j := c.Flag("strict") != nil, c.Flag("junit") != nil; s != j && name != "smoke" {
			t.Errorf("muster %s: --strict %v, --junit %v", name, s, j)
		}
	}
}
