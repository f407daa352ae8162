package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/ping/mesh"
)

// remark reports whether a verdict is as true of a healthy cluster, so that it explains
// nothing of a broken one: worth a line, never in front.
func remark(v verdict.Verdict) bool {
	e, ok := verdict.Find(v.ID)
	return ok && e.Background != "" && (v.Status == verdict.Warn || e.Severity != "fail")
}

// conclude makes of all that was found one list without repetitions, with the causes
// ranked, and says what could not be asked.
func (d *doctor) conclude() {
	d.r.Note = d.note
	for _, m := range d.r.Members {
		if m.Heard > 0 {
			d.r.Note.Hears = append(d.r.Note.Hears, m.Addr.String())
		}
	}
	d.somebody()
	d.excuse()
	var kept []verdict.Verdict
	for _, v := range d.found {
		if v.Status.Bad() && remark(v) {
			d.r.Remarks = append(d.r.Remarks, v)
			continue
		}
		kept = append(kept, v)
	}
	d.r.Verdicts = merge(kept)
	d.r.Summary = verdict.Summarize(d.r.Verdicts)
}

// merge keeps of verdicts about the same question the one that says most: a bad one
// goes before a pass, a more certain one before a guess, and a pass before what could
// not tell.
func merge(vs []verdict.Verdict) []verdict.Verdict {
	bad := map[verdict.ID]bool{}
	for _, v := range vs {
		bad[v.ID] = bad[v.ID] || v.Status.Bad()
	}
	type key struct {
		id      verdict.ID
		subject string
	}
	at := map[key]int{}
	var out []verdict.Verdict
	for _, v := range vs {
		k := key{v.ID, v.Subject}
		if !v.Status.Bad() {
			if bad[v.ID] {
				continue // another room found fault with it
			}
			k.subject = ""
		}
		i, seen := at[k]
		switch {
		case !seen:
			at[k] = len(out)
			out = append(out, v)
		case says(v) > says(out[i]):
			out[i] = v
		}
	}
	return out
}

func says(v verdict.Verdict) int {
	status := map[verdict.Status]int{verdict.Fail: 40, verdict.Warn: 30, verdict.Pass: 20, verdict.Unknown: 10}[v.Status]
	return status + map[verdict.Confidence]int{verdict.Definite: 3, verdict.Likely: 2, verdict.Hint: 1}[v.Confidence]
}

// answering judges whether those that are expected are there where members find each
// other without multicast: those whose receivers take connections.
func (d *doctor) answering() {
	var there []Member
	for _, m := range d.r.Members {
		if !m.Own && m.TCP == mesh.TCPOpen {
			there = append(there, m)
		}
	}
	wanted := d.o.Expect.Own(func(a netip.Addr, name string) bool { return a.IsValid() && d.own(a) || name != "" && name == d.o.Name })
	if d.o.Before || !wanted.Given() {
		return
	}
	const id = verdict.ID("tribes.alone")
	missing := wanted.Missing(len(there), func(i int) (netip.Addr, string) { return there[i].Addr.Addr(), there[i].Name })
	tried := verdict.Evidence{What: "receivers that take connections", Value: fmt.Sprint(len(there)), ReadFrom: "connect"}
	switch {
	case len(missing) > 0:
		d.add(verdict.New(id, verdict.Fail, verdict.Definite, strings.Join(missing, ", "), fmt.Sprintf("%d other members answer, and not %s", len(there), strings.Join(missing, ", ")), tried))
	case wanted.Count > len(there):
		d.add(verdict.New(id, verdict.Fail, verdict.Definite, "the members", fmt.Sprintf("%d other members answer, %d expected", len(there), wanted.Count), tried))
	default:
		d.add(verdict.New(id, verdict.Pass, verdict.Definite, "the members", fmt.Sprintf("%d other members answer", len(there)), tried))
	}
}

// somebody judges whether anybody but this host was there: a cluster of one proves
// nothing about the network.
func (d *doctor) somebody() {
	if !d.multicast() {
		d.answering()
		return
	}
	if d.o.Before || d.r.Watched < enough && d.decided() {
		return
	}
	if d.o.Profile != "" {
		d.someProduct()
		return
	}
	others, own, reached := 0, 0, 0
	for _, m := range d.r.Members {
		switch {
		case m.Heard == 0:
		case m.Own:
			own++
		default:
			others++
			if m.TCP.String() == "open" {
				reached++
			}
		}
	}
	var names []Member
	for _, m := range d.r.Members {
		if m.Heard > 0 && !m.Own {
			names = append(names, m)
		}
	}
	wanted := d.o.Expect.Own(func(a netip.Addr, name string) bool { return a.IsValid() && d.own(a) || name != "" && name == d.o.Name })
	missing := wanted.Missing(len(names), func(i int) (netip.Addr, string) { return names[i].Addr.Addr(), names[i].Name })
	id := verdict.ID("tribes.alone")
	group := fmt.Sprintf("%s:%d", d.o.Query.Group, d.o.Query.Port)
	watched := verdict.Evidence{What: "listened", Value: d.r.Watched.Round(time.Second).String(), ReadFrom: group}
	next := "run sudo muster doctor on the other nodes at the same time, or name them: sudo muster doctor --expect NAME,NAME"
	if len(missing) > 0 {
		next = "run sudo muster doctor on " + strings.Join(missing, ", ") + " at the same time"
	}
	switch {
	case d.r.Watched < enough && others == 0:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, "no other member was heard in a time that is too short to tell", watched, verdict.Next("watch for longer: sudo muster doctor --duration 8s")))
	case d.r.Watched < enough && (len(missing) > 0 || d.o.Expect.Count > others):
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, heard(others)+"; the time was too short for those that are missing", watched, verdict.Next("watch for longer: sudo muster doctor --duration 8s")))
	case d.r.Watched < enough && others == 0:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, "no other member was heard in a time that is too short to tell", watched, verdict.Next("watch for longer: sudo muster doctor --duration 8s")))
	case d.r.Watched < enough && (len(missing) > 0 || d.o.Expect.Count > others):
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, heard(others)+"; the time was too short for those that are missing", watched, verdict.Next("watch for longer: sudo muster doctor --duration 8s")))
	case len(missing) > 0:
		d.add(verdict.New(id, verdict.Fail, verdict.Definite, strings.Join(missing, ", "), fmt.Sprintf("%s; expected and not heard: %s", heard(others), strings.Join(missing, ", ")), watched, verdict.Next(next)))
	case d.o.Expect.Count > others:
		d.add(verdict.New(id, verdict.Fail, verdict.Definite, group, fmt.Sprintf("%s, %d expected", heard(others), d.o.Expect.Count), watched, verdict.Next(next)))
	case others > 0 && reached == 0 && slices.ContainsFunc(d.found, func(v verdict.Verdict) bool { return v.ID == flood && v.Status.Bad() }):
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, "so many members are announced that nobody can reach that it cannot be told who is there", watched, verdict.Next(next)))
	case others > 0:
		d.add(verdict.New(id, verdict.Pass, verdict.Definite, group, fmt.Sprintf("%s, and %s", heard(others), taking(reached, others)), watched))
	case own > 0:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, "only this host's own member was heard: that proves nothing about the network", watched, verdict.Next(next)))
	default:
		d.add(verdict.New(id, verdict.Unknown, verdict.Definite, group, "no member was heard", watched, verdict.Next(next)))
	}
}

// heard says how many other members were heard.
func heard(others int) string {
	switch others {
	case 0:
		return "no other member was heard"
	case 1:
		return "1 other member was heard"
	}
	return fmt.Sprintf("%d other members were heard", others)
}

// taking says how many of them take connections.
func taking(reached, others int) string {
	switch {
	case others == 1 && reached == 1:
		return "its receiver takes connections"
	case others == 1:
		return "its receiver takes no connection"
	case reached == others:
		return "the receivers of all of them take connections"
	}
	return fmt.Sprintf("the receivers of %d of them take connections", reached)
}
