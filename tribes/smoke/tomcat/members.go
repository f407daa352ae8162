package tomcat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/session"
	"muster/tribes/smoke"
)

// distinct finds the addresses of the nodes, and refuses two URLs of one Tomcat.
// A name that cannot be resolved is the first step's to tell.
func (r *run) distinct(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	for i, t := range r.nodes {
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.http.url.Hostname())
		if err != nil {
			continue
		}
		for _, a := range addrs {
			t.addrs = append(t.addrs, a.Unmap())
		}
		for k, other := range r.nodes[:i] {
			if t.http.port() == other.http.port() && slices.ContainsFunc(t.addrs, other.at) {
				return fmt.Errorf("%w: %s and %s are both at %s, port %s", ErrSame, smoke.NodeName(k), t.name, t.addrs[0], t.http.port())
			}
		}
	}
	return nil
}

// at reports whether a is an address of the node.
func (t *node) at(a netip.Addr) bool { return slices.Contains(t.addrs, a.WithZone("")) }

// errHalf is a picture of the members that is not whole.
var errHalf = errors.New("not every Tomcat is a member that we can see")

// membersTime is how long the members may take to be heard and checked: some
// heartbeats and a TCP check, twice.
func (r *run) membersTime() time.Duration {
	if r.Cluster == nil {
		return 0
	}
	return max(r.Cluster.DropTime, 4*r.Cluster.Frequency) + time.Second
}

// members waits until muster hears every Tomcat and reaches its receiver. Where
// that is not so, a session decides whether the Tomcats see each other all the
// same: a static membership has no heartbeats, and a firewall may know only the
// nodes.
func members(ctx context.Context, r *run, detail map[string]any) error {
	if r.wire == nil {
		return skipped(r.alone + ": the cluster's own protocol is not looked at")
	}
	began := time.Now()
	// Members at other addresses than the URLs' count only when those of the URLs had
	// their time: whoever is heard first may be another Tomcat of the cluster.
	whole := r.wire.until(ctx, r.membersTime(), func() bool { return len(r.unseen()) == 0 })
	missing := r.missing()
	whole = whole || len(missing) == 0
	detail["members"] = len(r.wire.members())
	detail["receivers"] = r.each(func(t *node) string {
		all := r.wire.ofNode(t)
		if len(all) == 0 {
			return "none"
		}
		ap, _ := all[0].Member.AddrPort()
		return ap.String()
	})
	if whole {
		detail["heard_ms"] = time.Since(began).Milliseconds()
		// Each of them asks our receiver before it counts us, too.
		counted := 0
		r.wire.until(ctx, countTime, func() bool {
			counted = r.countedBy()
			return counted == len(r.nodes)
		})
		detail["counted_by"] = counted
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := r.miss(missing)
	if len(r.nodes) > 1 && len(missing) < len(r.nodes) && r.anyUnheard(missing) {
		r.suspects = suspects{to: missing[0], from: (missing[0] + 1) % len(r.nodes), members: true}
		return why
	}
	if err := r.handAcross(ctx); err != nil {
		return fmt.Errorf("%w; and %w", why, err)
	}
	detail["but"] = why.Error()
	return nil
}

const countTime = 2 * time.Second

// unseen are the nodes at whose addresses no member is.
func (r *run) unseen() (out []int) {
	for i, t := range r.nodes {
		if !slices.ContainsFunc(r.wire.ofNode(t), func(m membership.Info) bool { return m.State == "member" }) {
			out = append(out, i)
		}
	}
	return out
}

// missing are the nodes that are no members as far as we can see.
func (r *run) missing() []int {
	out := r.unseen()
	// Members at other addresses than the URLs': as many as there are Tomcats.
	others := 0
	for _, m := range r.wire.members() {
		if m.State == "member" {
			others++
		}
	}
	if others >= len(r.nodes) && len(out) == len(r.nodes) {
		return nil
	}
	return out
}

func (r *run) anyUnheard(missing []int) bool {
	return slices.ContainsFunc(missing, func(i int) bool { return len(r.wire.ofNode(r.nodes[i])) == 0 })
}

// miss says what is missing.
func (r *run) miss(missing []int) error {
	var all []error
	for _, i := range missing {
		t := r.nodes[i]
		heard := r.wire.ofNode(t)
		if len(heard) == 0 {
			all = append(all, fmt.Errorf("no heartbeat of %s came", t.name))
			continue
		}
		ap, _ := heard[0].Member.AddrPort()
		all = append(all, fmt.Errorf("%s is heard, and its receiver %s does not answer: %w", t.name, ap, errOr(heard[0].Err, errUnasked)))
	}
	err := all[0]
	for _, e := range all[1:] {
		err = fmt.Errorf("%w; %w", err, e)
	}
	return err
}

// errUnasked: a receiver that was not asked yet.
var errUnasked = errors.New("it was not asked yet")

func errOr(err, other error) error {
	if err == nil {
		return other
	}
	return err
}

// countedBy is how many nodes count us as a member: their failure detector has
// asked our receiver, or they sent us something. It is called with the lock held.
func (r *run) countedBy() int {
	n := 0
	for _, t := range r.nodes {
		if r.wire.countedBy(t) {
			n++
		}
	}
	return n
}

// countedBy is called with the lock held.
func (w *wire) countedBy(t *node) bool {
	if w.senders[t.id] != nil && t.id != (tribes.UniqueID{}) {
		return true
	}
	return slices.ContainsFunc(t.addrs, func(a netip.Addr) bool { return w.asked[a] })
}

// handAcross makes a session on A and reads it on B.
func (r *run) handAcross(ctx context.Context) error {
	if len(r.nodes) < 2 {
		return errHalf
	}
	s, err := r.begin(ctx, r.nodes[0], "S0")
	if err != nil {
		return err
	}
	return r.hand(ctx, s, 0, 1, map[string]any{})
}

// travelTime is how long the messages about a session may take to get to us.
const travelTime = 2 * time.Second

// travels looks for the messages about a session that a node has just made and
// changed. Who has sent them is that node. They need not come: a BackupManager
// sends them to the backup node alone, which is asked then.
func (r *run) travels(ctx context.Context, t *node, s *life, detail map[string]any) {
	if r.wire == nil {
		return
	}
	r.wire.mu.Lock()
	counted := r.wire.countedBy(t)
	r.wire.mu.Unlock()
	if !counted || r.wire.backup && r.backups(ctx, t, s, detail) {
		return
	}
	began := time.Now()
	events := []session.Event{session.Created}
	if r.app.counts() {
		events = append(events, session.SessionDelta)
	}
	seen, ok := r.wire.session(ctx, s.id.base(), r.Pause, events...)
	switch {
	case len(seen) > 0:
	case !r.wire.key && r.wire.sealedBy(t):
		detail["messages"] = "encrypted"
		return
	case r.backups(ctx, t, s, detail):
		return
	}
	if !ok {
		seen, ok = r.wire.session(ctx, s.id.base(), travelTime, events...)
	}
	if len(seen) > 0 {
		t.id, t.contexts = seen[0].sender, []string{seen[0].context}
		detail["manager"] = string(deltaManager)
		detail["seen_messages"] = len(seen)
	}
	if ok {
		detail["seen_ms"] = time.Since(began).Milliseconds()
	}
}

// sealedBy reports whether what the node sends us is encrypted.
func (w *wire) sealedBy(t *node) bool {
	for _, m := range w.ofNode(t) {
		if _, sealed := w.sent(m.Member.ID); sealed > 0 {
			return true
		}
	}
	return false
}

// backups finds out whether a BackupManager keeps the application on t, and on
// which other nodes the session is.
func (r *run) backups(ctx context.Context, t *node, s *life, detail map[string]any) bool {
	all := r.wire.ofNode(t)
	if len(all) != 1 {
		return false
	}
	for _, name := range r.contextNames(t) {
		var a answer
		if !r.wire.askMap(ctx, &all[0].Member, name, s.id, &a) {
			continue
		}
		r.wire.backup, t.contexts = true, []string{name}
		detail["manager"] = string(backupManager)
		on := ""
		for _, other := range r.nodes {
			if m := r.wire.ofNode(other); other != t && !other.down && len(m) == 1 {
				var b answer
				if r.wire.askMap(ctx, &m[0].Member, name, s.id, &b); b.holds {
					on += other.name
				}
			}
		}
		detail["backup_on"] = orNone(on)
		return true
	}
	return false
}

// gone waits until the wire shows that a session is no more on t: its end is
// told, or the map of t does not have it.
func (r *run) gone(ctx context.Context, t *node, s *life) {
	all := r.wire.ofNode(t)
	if !r.wire.backup || len(all) != 1 {
		r.wire.session(ctx, s.id.base(), r.Pause, session.Expired)
		return
	}
	name := r.contextNames(t)[0]               // as it was seen
	_ = r.until(ctx, r.patience, func() bool { // HTTP tells in any case
		var a answer
		return !r.wire.askMap(ctx, &all[0].Member, name, s.id, &a) || !a.holds
	})
}
