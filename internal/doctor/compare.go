package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// Source is one node's side of a comparison: whatever of it there is.
type Source struct {
	Name   string
	File   *serverxml.File
	Facts  *facts.Facts
	Bundle *Bundle
	// Release is that of the node's Tomcat, where it is known.
	Release release.Release
}

// Row is one thing that is compared, with its value on each node; "" where a node does
// not say.
type Row struct {
	What    string   `json:"what"`    // the thing, in words
	Values  []string `json:"values"`  // of each node, in the order of the summary's nodes; empty where it does not say
	Must    bool     `json:"must"`    // the nodes work together only where it is the same
	Differs bool     `json:"differs"` // not all that say it say the same
}

// Comparison is what Compare finds.
type Comparison struct {
	Names    []string
	Rows     []Row
	Verdicts []verdict.Verdict
	// Hears[i][j] is "yes", "no" or "" (not known): does node i hear node j's member?
	Hears [][]string
}

// Compare lays nodes side by side and judges what differs though it must not.
func Compare(sources []Source) Comparison {
	c := Comparison{}
	var files []*serverxml.File
	for _, s := range sources {
		c.Names = append(c.Names, s.Name)
		if s.File != nil {
			files = append(files, s.File)
		}
	}
	for _, w := range compared {
		row := Row{What: w.what, Must: w.must}
		seen := map[string]bool{}
		for _, s := range sources {
			v := w.of(s)
			row.Values = append(row.Values, v)
			if v != "" {
				seen[v] = true
			}
		}
		row.Differs = len(seen) > 1
		if len(seen) > 0 {
			c.Rows = append(c.Rows, row)
		}
		if row.Differs && w.id != "" {
			c.Verdicts = append(c.Verdicts, verdict.New(w.id, severity(w.id), verdict.Definite, strings.Join(c.Names, ", "),
				fmt.Sprintf("%s: %s", w.what, row.each(c.Names))))
		}
	}
	if len(files) > 1 {
		c.configurations(files)
	}
	c.routes(sources)
	c.releases(sources)
	c.hears(sources)
	c.Verdicts = merge(c.Verdicts)
	return c
}

// configurations judges the server.xml files as those of one cluster. That they are alike
// is known only where each of them settles what the cluster will do.
func (c *Comparison) configurations(files []*serverxml.File) {
	const id = verdict.ID("config.differs")
	alike := true
	for _, f := range serverxml.Compare(files) {
		c.Verdicts = append(c.Verdicts, f.Verdict)
		alike = alike && !f.Status.Bad()
	}
	for _, f := range files {
		if _, err := f.Settings(); err != nil {
			alike = false
			c.Verdicts = append(c.Verdicts, verdict.New(id, verdict.Unknown, verdict.Definite, f.Name,
				fmt.Sprintf("it cannot be compared: %v", err), verdict.Next("muster tribes config "+f.Name)))
		}
	}
	if alike {
		c.Verdicts = append(c.Verdicts, verdict.New(id, verdict.Pass, verdict.Definite, strings.Join(c.Names, ", "),
			"what must be the same in each server.xml is the same"))
	}
}

// severity is how bad the catalogue calls an id.
func severity(id verdict.ID) verdict.Status {
	if e, ok := verdict.Find(id); ok && e.Severity == "warn" {
		return verdict.Warn
	}
	return verdict.Fail
}

func (r Row) each(names []string) string {
	var out []string
	for i, v := range r.Values {
		if v != "" {
			out = append(out, names[i]+" "+v)
		}
	}
	return strings.Join(out, ", ")
}

// compared is what is laid side by side. An id is given where the configurations, which
// are judged by their own room, do not say it.
var compared = []struct {
	what string
	must bool
	id   verdict.ID
	of   func(Source) string
}{
	{"Tomcat", false, "", func(s Source) string {
		if s.Release.IsZero() {
			return ""
		}
		return s.Release.String()
	}},
	{"group", true, "", ofSettings(func(s serverxml.Settings) string { return netip.AddrPortFrom(s.Group, s.Port).String() })},
	{"frequency", true, "", ofSettings(func(s serverxml.Settings) string { return s.Frequency.String() })},
	{"drop time", true, "", ofSettings(func(s serverxml.Settings) string { return s.DropTime.String() })},
	{"TTL", true, "", ofSettings(func(s serverxml.Settings) string { return fmt.Sprint(s.TTL) })},
	{"domain", true, "", ofSettings(func(s serverxml.Settings) string { return quote(s.DomainSet) })},
	{"channelSendOptions", true, "", ofSettings(func(s serverxml.Settings) string { return fmt.Sprint(int(s.Options)) })},
	{"encryption", true, "", ofSettings(func(s serverxml.Settings) string { return quote(s.EncryptionAlgorithm) })},
	{"fingerprint of the key", true, "", ofSettings(func(s serverxml.Settings) string {
		if !s.Encrypted {
			return ""
		}
		return fingerprint(s.EncryptionKey)
	})},
	{"receiver", false, "", ofSettings(func(s serverxml.Settings) string { return fmt.Sprintf("%s:%d", s.Address, s.TCPPort) })},
	{"interface", false, "", ofHost(func(h *judge.Host) string { return h.Link.Name })},
	{"MTU", true, "mtu.mismatch", ofHost(func(h *judge.Host) string { return fmt.Sprint(h.Link.MTU) })},
	{"route to the group", false, "", ofHost(func(h *judge.Host) string {
		a := h.Facts.ToGroup.Value
		if a.Errno != "" {
			return "none: " + a.Errno
		}
		return h.LinkName(a.Link)
	})},
	{"rp_filter", false, "", ofSysctl("net.ipv4.conf.all.rp_filter")},
	{"IGMP version forced", true, "igmp.version-forced", ofSysctl("net.ipv4.conf.all.force_igmp_version")},
	{"kernel", false, "", ofFacts(func(f *facts.Facts) string { return f.Kernel.Value })},
	{"clock, when it was collected", false, "", ofFacts(func(f *facts.Facts) string { return f.Time.UTC().Format(time.RFC3339) })},
	{"clock synchronized", false, "", ofFacts(func(f *facts.Facts) string {
		if !f.Clock.Known() {
			return ""
		}
		return fmt.Sprint(f.Clock.Value.Synchronized)
	})},
}

func ofSettings(of func(serverxml.Settings) string) func(Source) string {
	return func(s Source) string {
		if s.File == nil {
			return ""
		}
		settings, err := s.File.Settings()
		if err != nil {
			return ""
		}
		return of(settings)
	}
}

func ofFacts(of func(*facts.Facts) string) func(Source) string {
	return func(s Source) string {
		if s.Facts == nil {
			return ""
		}
		return of(s.Facts)
	}
}

func ofHost(of func(*judge.Host) string) func(Source) string {
	return ofFacts(func(f *facts.Facts) string {
		if h := judge.NewHost(f); h.OK {
			return of(h)
		}
		return ""
	})
}

func ofSysctl(name string) func(Source) string {
	return ofFacts(func(f *facts.Facts) string { return f.Sysctls[name].Value })
}

// routes tells which nodes have no route to the group that others reach.
func (c *Comparison) routes(sources []Source) {
	for i, s := range sources {
		if s.Facts == nil {
			continue
		}
		if h := judge.NewHost(s.Facts); h.OK && h.Facts.ToGroup.Value.Errno != "" {
			c.Verdicts = append(c.Verdicts, verdict.New("route.none", verdict.Fail, verdict.Likely, c.Names[i],
				fmt.Sprintf("%s had no route to %s when its facts were read: %s", c.Names[i], s.Facts.Query.Group, h.Facts.ToGroup.Value.Errno)))
		}
	}
}

// releases tells what of the nodes' configurations does not work between their
// releases. Other releases alone are no fault: each update of a running cluster has them.
func (c *Comparison) releases(sources []Source) {
	for i, a := range sources {
		for _, b := range sources[:i] {
			if a.File == nil || a.Release.IsZero() || b.Release.IsZero() || a.Release == b.Release {
				continue
			}
			older, newer := a.Release, b.Release
			if older.Compare(newer) > 0 {
				older, newer = newer, older
			}
			for _, f := range serverxml.RollingUpdate([]*serverxml.File{a.File}, older, newer) {
				if f.Status.Bad() {
					c.Verdicts = append(c.Verdicts, f.Verdict)
				}
			}
		}
	}
}

// hears fills the matrix of who hears whose member, from the notes in bundles.
func (c *Comparison) hears(sources []Source) {
	told := false
	for _, a := range sources {
		row := make([]string, len(sources))
		for j, b := range sources {
			if a.Bundle == nil || b.Bundle == nil || a.Bundle == b.Bundle || a.Bundle.Manifest.WatchedS < enough.Seconds() || b.Bundle.Manifest.Note.Receiver == "" {
				continue
			}
			told = true
			row[j] = "no"
			if slices.Contains(a.Bundle.Manifest.Note.Hears, b.Bundle.Manifest.Note.Receiver) {
				row[j] = "yes"
			}
			if row[j] == "no" {
				c.Verdicts = append(c.Verdicts, verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, a.Name+" from "+b.Name,
					fmt.Sprintf("%s heard %s, and not %s of %s", a.Name, quote(strings.Join(a.Bundle.Manifest.Note.Hears, ", ")), b.Bundle.Manifest.Note.Receiver, b.Name)))
			}
		}
		c.Hears = append(c.Hears, row)
	}
	if !told {
		c.Hears = nil
	}
}
