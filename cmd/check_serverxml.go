package cmd

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"muster/internal/check"
	"muster/tribes/config"
)

// takeServerXML sets the flags of check that were not given to what a Tomcat's
// configuration says. What it does not settle stays as the flags have it.
func (o *checkOptions) takeServerXML(c *cobra.Command, a *app) error {
	if o.serverXML == "" {
		return nil
	}
	f, err := configOptions{}.read(a, o.serverXML, config.DefaultVersion)
	if err != nil {
		return err
	}
	o.tomcat = f
	s, err := f.Settings()
	if err != nil {
		a.note("%v; what is not settled there is judged by the flags", err)
		return nil
	}
	o.settings = &s
	values := map[string]string{"tcp-port": fmt.Sprint(s.TCPPort), "auto-bind": fmt.Sprint(s.AutoBind)}
	if s.Multicast {
		values["group"], values["port"] = s.Group.String(), fmt.Sprint(s.Port)
		if bind, err := netip.ParseAddr(s.Bind); err == nil && o.iface == "" {
			values["bind"] = bind.String()
		}
	}
	for flag, value := range values {
		if c.Flags().Changed(flag) {
			continue
		}
		if err := c.Flags().Set(flag, value); err != nil {
			return fmt.Errorf("--server-xml: %s of %s: %w", flag, o.serverXML, err)
		}
	}
	return nil
}

// serverXMLVerdicts judges the configuration beside the host: verdicts are the
// host's, and those that the configuration has nothing to do with are left out.
func (o *checkOptions) serverXMLVerdicts(c *cobra.Command, verdicts []check.Verdict, want func(check.ID) bool) []check.Verdict {
	if o.tomcat == nil {
		return verdicts
	}
	given := config.Given{}
	if o.from == "" {
		given.Host = thisHost(c.Context())
	}
	bad := map[check.ID]bool{}
	for i, v := range verdicts {
		bad[v.ID] = v.Status.Bad()
		if v.ID == "addr.hostname-loopback" && v.Status.Bad() && o.settings != nil && o.settings.Address != "auto" {
			verdicts[i].Status, verdicts[i].Fix, verdicts[i].Evidence = check.Skip, []string{}, []check.Evidence{}
			verdicts[i].Saw = fmt.Sprintf("%s gives the receiver the address %s, so the host name does not matter", o.serverXML, o.settings.Address)
		}
	}
	for _, f := range config.Check([]*config.File{o.tomcat}, given) {
		if want(f.ID) && !bad[f.ID] {
			verdicts = append(verdicts, f.Verdict)
		}
	}
	return verdicts
}
