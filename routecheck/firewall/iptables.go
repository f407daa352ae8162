package firewall

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of what ReadSave takes.
const (
	maxSaveRules = 12_000
	maxSaveLine  = 64 << 10
)

// ReadSave reads the output of iptables-save or, for family ip6, of
// ip6tables-save: the tables of legacy iptables, which are none of nftables'.
func ReadSave(r io.Reader, family string) ([]Table, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 4096), maxSaveLine)
	var tables []Table
	rules := 0
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' || line == "COMMIT" {
			continue
		}
		if line[0] == '*' {
			tables = append(tables, Table{Family: family, Name: line[1:], Legacy: true, Chains: []Chain{}})
			continue
		}
		if len(tables) == 0 {
			return nil, fmt.Errorf("line %d of %s rules: %q stands before any table", n, family, line)
		}
		t := &tables[len(tables)-1]
		switch {
		case line[0] == ':':
			name, rest, _ := strings.Cut(line[1:], " ")
			policy, _, _ := strings.Cut(rest, " ")
			t.Chains = append(t.Chains, legacyChain(t.Name, name, policy))
		case strings.HasPrefix(line, "-A ") || line[0] == '[':
			if rules++; rules > maxSaveRules {
				return nil, fmt.Errorf("more than %d %s rules", maxSaveRules, family)
			}
			chain, rule, err := legacyRule(line)
			if err != nil {
				return nil, fmt.Errorf("line %d of %s rules: %w", n, family, err)
			}
			c := t.chain(chain)
			if c == nil {
				return nil, fmt.Errorf("line %d of %s rules: chain %q was not announced", n, family, chain)
			}
			c.Rules = append(c.Rules, rule)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s rules: %w", family, err)
	}
	return tables, nil
}

// legacyChain gives a built-in chain its hook and the priority of its table
// (linux/netfilter_ipv4.h).
func legacyChain(table, name, policy string) Chain {
	c := Chain{Name: name, Rules: []Rule{}}
	if policy == "-" {
		return c
	}
	c.Hook = strings.ToLower(name)
	c.Policy = strings.ToLower(policy)
	c.Type = "filter"
	c.Priority = map[string]int32{"raw": -300, "mangle": -150, "filter": 0, "security": 50, "nat": -100}[table]
	if table == "nat" {
		c.Type = "nat"
		if c.Hook == "postrouting" || c.Hook == "input" {
			c.Priority = 100
		}
	}
	return c
}

// legacyRule reads "[packets:bytes] -A CHAIN ..." into a match for each module and
// the target.
func legacyRule(line string) (chain string, r Rule, err error) {
	if line[0] == '[' {
		counts, rest, ok := strings.Cut(line[1:], "] ")
		packets, _, ok2 := strings.Cut(counts, ":")
		if !ok || !ok2 {
			return "", r, fmt.Errorf("%q: its counters do not end", line)
		}
		if n, err := strconv.ParseUint(packets, 10, 64); err == nil {
			r.Packets = &n
		}
		line = rest
	}
	words, err := splitWords(line)
	if err != nil || len(words) < 2 || words[0] != "-A" {
		return "", r, fmt.Errorf("%q is no rule", line)
	}
	chain, r.Text, r.Exprs = words[1], line, []Expr{}
	args := words[2:]
	cur := Expr{Kind: "xt"} // what stands before the first -m
	flush := func() {
		if len(cur.Args) > 0 || cur.Name != "" {
			r.Exprs = append(r.Exprs, cur)
		}
	}
	basic := map[string]bool{"-s": true, "-d": true, "-i": true, "-o": true, "-p": true, "-f": true}
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch {
		case a == "-m":
			flush()
			cur = Expr{Kind: "xt", Name: value()}
		case a == "-j" || a == "-g":
			flush()
			name := value()
			cur = Expr{}
			r.Exprs = append(r.Exprs, legacyTarget(name, a == "-g", args[i+1:]))
			return chain, r, nil
		case basic[a] || a == "!" && i+1 < len(args) && basic[args[i+1]]:
			e := Expr{Kind: "xt"}
			if a == "!" {
				e.Args = append(e.Args, "!")
				i++
				a = args[i]
			}
			e.Args = append(e.Args, a)
			if a != "-f" {
				e.Args = append(e.Args, value())
			}
			r.Exprs = append(r.Exprs, e)
		default:
			cur.Args = append(cur.Args, a)
		}
	}
	flush()
	return chain, r, nil
}

// legacyTarget: names in capitals are targets, the others chains, except that a
// chain may have any name; a target that nobody knows is looked up as a chain.
func legacyTarget(name string, isGoto bool, args []string) Expr {
	switch {
	case isGoto:
		return Expr{Kind: "immediate", Verdict: "goto", Chain: name}
	case name == "RETURN":
		return Expr{Kind: "immediate", Verdict: "return"}
	case xtTargets[name]:
		return Expr{Kind: "xt-target", Name: name, Args: append([]string{}, args...)}
	}
	return Expr{Kind: "immediate", Verdict: "jump", Chain: name}
}

// xtTargets are the targets of iptables-extensions(8).
var xtTargets = func() map[string]bool {
	out := map[string]bool{}
	for _, n := range append([]string{"ACCEPT", "DROP", "REJECT", "TARPIT", "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP", "TPROXY", "SYNPROXY", "NFQUEUE", "QUEUE", "NOTRACK", "CT", "MARK", "CONNMARK", "CLUSTERIP", "DNPT", "SNPT"}, goOn...) {
		if n != "" {
			out[n] = true
		}
	}
	return out
}()

// splitWords splits at blanks outside of double quotes, in which a backslash
// escapes.
func splitWords(line string) ([]string, error) {
	var out []string
	var b strings.Builder
	quoted, word := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quoted && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case c == '"':
			quoted, word = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if word {
				out = append(out, b.String())
				b.Reset()
				word = false
			}
		default:
			b.WriteByte(c)
			word = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("%q: a quote does not end", line)
	}
	if word {
		out = append(out, b.String())
	}
	return out, nil
}
