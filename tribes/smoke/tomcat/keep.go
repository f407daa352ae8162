package tomcat

import (
	"context"
	"errors"
	"strings"

	"muster/internal/hint"
)

// keepSessions: each Tomcat by itself makes a session and knows it again, by
// cookie and by path parameter. It shows what kind of page this is, too.
func keepSessions(ctx context.Context, r *run, detail map[string]any) error {
	for i, t := range r.nodes {
		s0, first, err := t.open(ctx, "S0")
		if err != nil {
			return err
		}
		if i == 0 {
			if err := r.recognize(ctx, t, s0, first); err != nil {
				return err
			}
		}
		t.app = &r.app
		for _, by := range []carrier{byCookie, byPath} {
			o, err := t.ask(ctx, s0, by, "")
			switch {
			case err != nil:
				return err
			case !o.found && by == byCookie:
				return hint.Wrap(t.named(errors.New("it forgets its own session: a second request with its cookie makes a new one")),
					"is the session that short-lived, or the cookie of another application?")
			case !o.found:
				t.noPath = true
			}
		}
	}
	detail["page"] = r.app.name
	detail["cookie"] = r.nodes[0].cookie.Name
	detail["routes"] = r.each(func(t *node) string { return orNone(t.route) })
	if with := r.each(func(t *node) string {
		if t.noPath {
			return "no"
		}
		return "yes"
	}); strings.Contains(with, "no") {
		detail["path_parameter"] = with
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return cut(s, 40)
}

// each joins what f says of every node.
func (r *run) each(f func(*node) string) string {
	all := make([]string, len(r.nodes))
	for i, t := range r.nodes {
		all[i] = f(t)
	}
	return strings.Join(all, " ")
}

// recognize finds out how the page's session is changed and read, where the user
// does not say.
func (r *run) recognize(ctx context.Context, t *node, s *life, first page) error {
	if r.app.Change != "" || r.app.Counter != nil {
		r.app.visits = r.app.Change == ""
		r.app.name = "as told"
		return nil
	}
	pages := []page{first}
	for range 3 {
		o, err := t.ask(ctx, s, byCookie, "")
		if err != nil {
			return err
		}
		pages = append(pages, o.page)
	}
	known := recognize(pages)
	known.Invalidate, known.Expire = r.app.Invalidate, r.app.Expire
	r.app = known
	return nil
}
