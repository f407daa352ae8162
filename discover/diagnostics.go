package discover

import (
	"strings"

	"muster/sniff/frame"
	"muster/sniff/proto"
)

// diagnostics reads the answer to JGroups' diagnostics question (DiagnosticsHandler):
// lines of text in which a member names itself, its address, view, cluster and version.
// Up to 4.2 the first two are local_addr= and physical_addr=, since 5.0 "NAME
// (ip=ADDRESS)".
func diagnostics(f *frame.Frame) (*proto.Message, bool) {
	text := string(f.Payload[:min(len(f.Payload), 4096)])
	if f.Dst.IsMulticast() {
		return nil, false
	}
	values := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if i == 0 && strings.HasSuffix(name, " (ip") {
			values["local_addr"], values["physical_addr"] = strings.TrimSuffix(name, " (ip"), strings.TrimSuffix(value, ")")
		} else if ok {
			values[name] = value
		}
	}
	member, _, _ := strings.Cut(values["local_addr"], " [")
	version, _, _ := strings.Cut(values["version"], " ")
	if member == "" || values["cluster"] == "" || version == "" {
		return nil, false
	}
	p := proto.Peer{
		Product: "JGroups", Kind: "cluster", Cluster: values["cluster"], ID: values["cluster"] + " " + values["physical_addr"], Name: member,
		Address: values["physical_addr"], Release: strings.TrimSuffix(version, ".Final"),
	}
	if view := values["view"]; view != "" && view != "null" {
		p.Notes = []string{"view " + view}
	}
	return &proto.Message{Type: "answer", Peer: p}, true
}
