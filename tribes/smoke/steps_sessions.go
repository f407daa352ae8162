package smoke

import (
	"context"
	"fmt"
	"time"
)

// The steps that are about sessions: made, changed, taken over, ended.

// idleSeconds is how long S2 may be idle.
const idleSeconds = 2

func createS1(ctx context.Context, r *run, detail map[string]any) error {
	if err := r.create(ctx, 0, "S1", 0); err != nil {
		return err
	}
	r.counter = 1
	return r.verifyAll(ctx, "S1", detail)
}

// survivorsServe sends a request to every survivor in turn: it finds the session
// as the last one left it, and changes it for all.
func survivorsServe(ctx context.Context, r *run, detail map[string]any) error {
	slowest := int64(0)
	for _, i := range r.up() {
		l, err := r.nodes[i].ask(ctx, r.request(doServe, "S1"))
		if err != nil {
			return err
		}
		r.mark(i, Served, "S1")
		slowest = max(slowest, l.TookUS)
		r.counter++
		if err := r.verifyAll(ctx, "S1", detail); err != nil {
			return err
		}
	}
	detail["counter"] = r.counter
	detail["served_ms"] = float64(slowest) / 1000
	return nil
}

func invalidate(ctx context.Context, r *run, detail map[string]any) error {
	l, err := r.nodes[0].ask(ctx, r.request(doInvalidate, "S1"))
	if err != nil {
		return err
	}
	if text := compare("S1", r.wants("S1", r.counter), l.Digests); text != "" {
		return fmt.Errorf("%s on A, when it invalidated them", text)
	}
	r.mark(0, Ended, "S1")
	if err := r.absentAll(ctx, "S1", verifyTime); err != nil {
		return err
	}
	detail["gone_on"] = len(r.up())
	return nil
}

func createS2(ctx context.Context, r *run, detail map[string]any) error {
	if err := r.create(ctx, 1, "S2", idleSeconds); err != nil {
		return err
	}
	r.counter = 1
	return r.verifyAll(ctx, "S2", detail)
}

// expire waits until S2 has ended by idleness on all nodes: B, which served it
// last, ends it and tells the others. S0 must be untouched. Then all leave.
func expire(ctx context.Context, r *run, detail map[string]any) error {
	began := time.Now()
	if err := r.absentAll(ctx, "S2", idleSeconds*time.Second+verifyTime); err != nil {
		return err
	}
	detail["expired_ms"] = time.Since(began).Milliseconds()
	r.counter = 1
	if err := r.verifyAll(ctx, "S0", detail); err != nil {
		return fmt.Errorf("S0, which was not idle for too long: %w", err)
	}
	goodbyes, err := r.leave(ctx)
	if err != nil {
		return fmt.Errorf("at the end, when all leave: %w", err)
	}
	detail["goodbyes"] = goodbyes
	return nil
}

// verifyTime is how long a change may take to be everywhere.
const verifyTime = 10 * time.Second

func (r *run) request(do, set string) request {
	return request{Do: do, Set: set, Count: r.Sessions, Size: r.Size}
}

// create makes the sessions of a set on node i.
func (r *run) create(ctx context.Context, i int, set string, maxInactive int32) error {
	q := r.request(doCreate, set)
	q.MaxInactive = maxInactive
	if _, err := r.nodes[i].ask(ctx, q); err != nil {
		return err
	}
	r.mark(i, Created, set)
	return nil
}

// fetch has node i get the state.
func (r *run) fetch(ctx context.Context, i int, detail map[string]any) error {
	l, err := r.nodes[i].ask(ctx, request{Do: doFetch})
	if err != nil {
		return err
	}
	r.mark(i, GotState, "")
	detail["state_sessions"] = l.Sessions
	detail["state_ms"] = float64(l.TookUS) / 1000
	return nil
}

// verifyAll wants every byte of every session of the set on every node that is to
// hold it: with a DeltaManager on each, with a BackupManager on two.
func (r *run) verifyAll(ctx context.Context, set string, detail map[string]any) error {
	if r.Manager == Backup {
		return r.verifyPlaces(ctx, set, r.counter, detail)
	}
	err := each(r.up(), func(i int) error {
		err := r.verify(ctx, i, set, r.counter)
		if err == nil {
			r.mark(i, Replicated, set)
		}
		return err
	})
	if err == nil {
		detail["verified_bytes"] = len(r.up()) * r.Sessions * r.Size
	}
	return err
}

// reaches wants that node i, which has just got the state, can serve every
// session of the set: it holds it, or knows who does.
func (r *run) reaches(ctx context.Context, i int, set string, counter int32) error {
	if r.Manager == Backup {
		return r.verifyPlaces(ctx, set, counter, nil)
	}
	return r.verify(ctx, i, set, counter)
}

// wants are the digests of a set as it must be.
func (r *run) wants(set string, counter int32) map[string]string {
	wants := map[string]string{}
	for _, id := range ids(set, r.Sessions) {
		wants[id] = want(id, counter, r.Size)
	}
	return wants
}

// compare tells what is wrong with what a node has; nothing where it is as it
// must be.
func compare(set string, wants, have map[string]string) string {
	missing, wrong := 0, 0
	for id, w := range wants {
		switch h, ok := have[id]; {
		case !ok:
			missing++
		case h != w:
			wrong++
		}
	}
	if missing+wrong == 0 {
		return ""
	}
	return fmt.Sprintf("of the %d sessions of %s, %d are missing and %d have other content", len(wants), set, missing, wrong)
}

// verify waits until node i holds the set as it must be.
func (r *run) verify(ctx context.Context, i int, set string, counter int32) error {
	wants := r.wants(set, counter)
	return r.poll(ctx, []int{i}, set, verifyTime, func(have []line) string {
		if text := compare(set, wants, have[0].Digests); text != "" {
			return text + " on " + NodeName(i)
		}
		return ""
	})
}

// absentAll waits until no node has a session of the set.
func (r *run) absentAll(ctx context.Context, set string, within time.Duration) error {
	return each(r.up(), func(i int) error {
		err := r.poll(ctx, []int{i}, set, within, func(have []line) string {
			if n := max(len(have[0].Digests), len(have[0].Places)); n > 0 {
				return fmt.Sprintf("%d sessions of %s are still on %s", n, set, NodeName(i))
			}
			return ""
		})
		if err == nil {
			r.mark(i, Gone, set)
		}
		return err
	})
}

// poll looks at what the nodes is hold of a set until there is nothing to
// complain of. Looking does not touch a session.
func (r *run) poll(ctx context.Context, is []int, set string, within time.Duration, complain func(have []line) string) error {
	end := time.Now().Add(within)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		have := make([]line, len(r.nodes))
		err := each(is, func(i int) (err error) {
			have[i], err = r.nodes[i].ask(ctx, r.request(doDigest, set))
			return err
		})
		if err != nil {
			return err
		}
		for k, i := range is {
			have[k] = have[i]
		}
		text := complain(have[:len(is)])
		if text == "" {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s, after %s", text, within)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
