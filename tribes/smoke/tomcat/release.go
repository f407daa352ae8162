package tomcat

import (
	"context"
	"net/http"
	"time"

	"muster/internal/verdict"
	"muster/tribes/release"
	"muster/tribes/release/advise"
)

// noPage is a path that no application has: Tomcat answers with its own page, below which
// it names its release unless that was switched off.
const noPage = "/muster-asks-for-no-page"

// askRelease asks for a page that is not there, once, and takes what any answer says of
// the release. The zero Release: it does not say.
func (c *client) askRelease(ctx context.Context) release.Release {
	ctx, cancel := context.WithTimeout(ctx, min(c.http.Timeout, 3*time.Second))
	defer cancel()
	at := *c.url
	at.Path, at.RawPath, at.RawQuery = noPage, "", ""
	var p page
	if _, err := c.once(ctx, &at, visit{}, &p); err != nil || p.Status != http.StatusNotFound {
		return release.Release{}
	}
	r, _ := release.InPage(p.Server + "\n" + p.Body)
	return r
}

// advised tells what is known to be wrong with the releases that the Tomcats name.
func (r *run) advised(ctx context.Context) {
	uses := advise.Uses{}
	if r.wire != nil && r.wire.key {
		uses.Encryption = advise.Used
	}
	for _, t := range r.nodes {
		if t.down {
			continue
		}
		for _, v := range advise.Verdicts(t.name, t.http.askRelease(ctx), uses) {
			v.Status = verdict.Warn // the steps are what passes and fails
			r.report.Verdicts = append(r.report.Verdicts, v)
		}
	}
}
