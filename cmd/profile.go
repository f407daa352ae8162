package cmd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/mcast/products/profiles"
)

// profileFlag adds --profile to a command. use is called before the command runs,
// with the product's profile, and returns the arguments to run with.
func (a *app) profileFlag(c *cobra.Command, use func(p profiles.Profile, args []string) ([]string, error)) {
	var spec string
	c.Flags().StringVar(&spec, "profile", "", "the group, ports and TTL of another product: `PRODUCT[@RELEASE]`, PRODUCT "+strings.Join(profiles.Keys(), ", "))
	_ = c.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(profiles.Keys(), cobra.ShellCompDirectiveNoFileComp))
	standsForGroup(c, func() bool { return spec != "" }, func(args []string) ([]string, error) {
		p, err := profiles.Find(spec)
		if err != nil {
			return nil, usagef("--profile %w", err)
		}
		if args, err = use(p, args); err == nil && !a.quiet {
			fmt.Fprintln(a.Err, profileNote(p))
		}
		return args, err
	})
}

// standsForGroup lets a flag stand for the arguments of a command: where given reports that it was set,
// the command may go without any, and use is called before it runs and returns those to run with.
func standsForGroup(c *cobra.Command, given func() bool, use func(args []string) ([]string, error)) {
	takes, run := c.Args, c.RunE
	c.Args = func(c *cobra.Command, args []string) error {
		if given() && len(args) == 0 {
			return nil
		}
		return takes(c, args)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if given() {
			var err error
			if args, err = use(args); err != nil {
				return err
			}
		}
		return run(c, args)
	}
}

// groupProfile lets the group of a command of muster's own datagrams be a product's;
// its port is not taken where withPort is not set, because nothing of muster's may go there.
func (a *app) groupProfile(c *cobra.Command, withPort bool) {
	a.profileFlag(c, func(p profiles.Profile, args []string) ([]string, error) {
		g := p.Groups[0]
		if f := c.Flags().Lookup("ttl"); f != nil && !f.Changed {
			if err := c.Flags().Set("ttl", strconv.Itoa(g.TTL)); err != nil {
				return nil, err
			}
		}
		if len(args) > 0 {
			return args, nil
		}
		if withPort {
			for _, g := range p.Groups {
				args = append(args, g.Group)
			}
			return args, nil
		}
		return []string{g.AddrPort().Addr().String()}, nil
	})
}

// hostProfile lets check or doctor judge this host for a product's defaults. o is given the
// product's name, and the checks that are no trouble then: that the group is a product's own.
func (a *app) hostProfile(c *cobra.Command, o *checkOptions) {
	a.profileFlag(c, func(p profiles.Profile, args []string) ([]string, error) {
		f, g := c.Flags(), p.Groups[0].AddrPort()
		o.product, _, _ = strings.Cut(p.Name, ",")
		values := map[string]string{"group": g.Addr().String(), "port": strconv.Itoa(int(g.Port()))}
		for _, x := range p.Ports {
			if n := int(x.To) - int(x.From) + 1; x.Protocol == "tcp" && n <= 100 {
				values["tcp-port"], values["auto-bind"] = strconv.Itoa(int(x.From)), strconv.Itoa(n)
				break
			}
		}
		if !f.Changed("group") {
			o.ignore = append(o.ignore, "group.well-known", "group.reserved", "switch.mac-alias")
		}
		for name, value := range values {
			if f.Changed(name) {
				continue
			}
			if err := f.Set(name, value); err != nil {
				return nil, err
			}
		}
		return args, nil
	})
}

// profileNote tells what a product needs.
func profileNote(p profiles.Profile) string {
	var ports []string
	for _, x := range p.Ports {
		text := fmt.Sprintf("%s %d", strings.ToUpper(x.Protocol), x.From)
		if x.To != x.From {
			text += fmt.Sprintf("-%d", x.To)
		}
		ports = append(ports, text+" ("+x.Use+")")
	}
	return fmt.Sprintf("%s: %s, TTL %d; a firewall has to let in the group and %s", p.Name, p.Groups[0].Group, p.Groups[0].TTL, strings.Join(ports, ", "))
}
