package cmd

import (
	"muster/tribes"
	"muster/tribes/release"
	"muster/tribes/smoke"
)

// replication checks the flags that say how the nodes replicate, and makes of
// them what a run goes by.
func (o *smokeOptions) replication(a *app, cfg *smoke.Config) error {
	options := map[string]string{string(smoke.Delta): "async", string(smoke.Backup): "sync-ack"}[o.manager]
	if options == "" {
		return usagef("--manager %q: say delta or backup", o.manager)
	}
	cfg.Manager = smoke.Manager(o.manager)
	if o.options != "" {
		options = o.options
	}
	var err error
	if cfg.Options, err = tribes.ParseOptions(options); err != nil {
		return usagef("--options: %w", err)
	}
	if cfg.Domain, err = tribes.ParseDomain(o.cluster.domain); err != nil {
		return usagef("--domain: %w", err)
	}
	e := o.cluster.encryption
	if e.keyFile != "" {
		if e.key, err = a.readKey(e.keyFile); err != nil {
			return err
		}
		e.keyFile = ""
	}
	// The nodes make their own; this one finds a mistake before they start.
	if _, err := e.stage(a, release.Release{}, nil); err != nil {
		return err
	}
	if cfg.TLS, err = o.cluster.psk.config(a); err != nil {
		return err
	}
	cfg.EncryptionKey, cfg.EncryptionAlgorithm, cfg.EncryptionBare = e.key, e.algorithm, e.stamps == "no"
	return nil
}
