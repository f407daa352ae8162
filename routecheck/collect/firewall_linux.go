package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// readFirewall reads nftables by netlink, and the legacy tables of iptables by
// their save command where the kernel has any.
func readFirewall(ctx context.Context, f *facts.Facts) facts.Fact[firewall.Ruleset] {
	const from = "netlink nf_tables"
	rules, err := firewall.Read(ctx)
	switch {
	case err == nil:
	case noNFTables(err):
		rules = &firewall.Ruleset{Tables: []firewall.Table{}}
	case errors.Is(err, unix.EPERM):
		if !hasModule("nf_tables") && !hasModule("ip_tables") {
			return facts.Read(firewall.Ruleset{Tables: []firewall.Table{}}, "/proc/modules: neither nf_tables nor ip_tables is loaded")
		}
		return facts.Unread[firewall.Ruleset](from, because("reading nftables", err))
	default:
		return facts.Unread[firewall.Ruleset](from, because("reading nftables", err))
	}
	source := from
	for _, l := range []struct{ names, family, tool string }{
		{"ip_tables_names", "ip", "iptables-legacy-save"}, {"ip6_tables_names", "ip6", "ip6tables-legacy-save"},
	} {
		tables, note := readLegacy(ctx, l.names, l.family, l.tool)
		if note != "" {
			rules.Unread = append(rules.Unread, note)
		}
		if len(tables) > 0 {
			source = from + ", " + l.tool
		}
		rules.Tables = append(rules.Tables, tables...)
	}
	rules.ReadLists(ctx)
	omitted(f, rules)
	readLayers(ctx, f, rules)
	return facts.Read(*rules, source)
}

// omitted notes the sets that were not read to their end.
func omitted(f *facts.Facts, rules *firewall.Ruleset) {
	const format = "the set %s: muster looked at %d of its elements, and there are more"
	for _, t := range rules.Tables {
		for _, s := range t.Sets {
			if s.Unread {
				f.Omit(format, t.Family+" "+t.Name+" "+s.Name, len(s.Elements))
			}
		}
	}
	for _, s := range rules.IPSets {
		if s.Unread {
			f.Omit(format, s.Name+" of ipset", len(s.Elems))
		}
	}
}

// noNFTables: a kernel without the subsystem answers so; there can be no rules.
func noNFTables(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPROTONOSUPPORT)
}

// hasModule reports whether a module is loaded or built in; where neither list can
// be read it is taken to be there.
func hasModule(name string) bool {
	loaded, err := slurp("/proc/modules", maxFile)
	if err != nil {
		return true
	}
	for line := range strings.Lines(loaded) {
		if strings.HasPrefix(line, name+" ") {
			return true
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return true
	}
	builtin, err := slurp(filepath.Join("/lib/modules", unix.ByteSliceToString(u.Release[:]), "modules.builtin"), maxFile)
	return err != nil || strings.Contains(builtin, "/"+name+".ko")
}

// readLegacy: the kernel lists the legacy tables of this namespace that exist; only
// then is the tool run, since running it would make them.
func readLegacy(ctx context.Context, names, family, tool string) (tables []firewall.Table, note string) {
	list, err := slurp(procNet+names, 4096)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "" // no legacy tables in this kernel
	case err != nil:
		if !hasModule(strings.TrimSuffix(names, "_names")) {
			return nil, ""
		}
		return nil, fmt.Sprintf("the legacy %s tables: %v", family, err)
	case strings.TrimSpace(list) == "":
		return nil, ""
	}
	plain := strings.Replace(tool, "-legacy", "", 1)
	for _, t := range []string{tool, plain, "/usr/sbin/" + tool, "/usr/sbin/" + plain, "/sbin/" + plain} {
		path, err := exec.LookPath(t)
		if err != nil {
			continue
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil && strings.Contains(filepath.Base(resolved), "nft") {
			continue // this one shows nftables
		}
		tables, err := saveOutput(ctx, path, family)
		if err != nil {
			return nil, fmt.Sprintf("the legacy %s tables (%s): %s: %v", family, words(list), path, err)
		}
		for i := range tables {
			tables[i].Tool = strings.TrimSuffix(filepath.Base(t), "-save")
		}
		return tables, ""
	}
	return nil, fmt.Sprintf("there are legacy %s tables (%s), and no %s to show them", family, words(list), tool)
}

// saveOutput runs a program like iptables-save and reads its tables as they come.
func saveOutput(ctx context.Context, path, family string) ([]firewall.Table, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-c")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	tables, err := firewall.ReadSave(out, family)
	if err != nil {
		cancel() // what it still has to say is not wanted
		_ = cmd.Wait()
		return nil, err
	}
	return tables, cmd.Wait()
}

func words(s string) string { return strings.Join(strings.Fields(s), ", ") }
