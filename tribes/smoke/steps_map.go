package smoke

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/tribes/cluster/replicatedmap"
)

// verifyPlaces waits until every session of the set lives as a BackupManager
// keeps it: one node is its primary, one its backup where there are two, both
// hold every byte, and every other node knows these two.
func (r *run) verifyPlaces(ctx context.Context, set string, counter int32, detail map[string]any) error {
	up := r.up()
	wants := r.wants(set, counter)
	var held map[int]*holder
	err := r.poll(ctx, up, set, verifyTime, func(have []line) string {
		held = map[int]*holder{}
		for _, id := range ids(set, r.Sessions) {
			if text := r.verifyPlace(up, have, id, wants[id], held); text != "" {
				return fmt.Sprintf("session %s: %s", id, text)
			}
		}
		return ""
	})
	if err != nil || detail == nil {
		return err
	}
	var texts []string
	total := 0
	for _, i := range up {
		if h := held[i]; h != nil {
			total += h.primary + h.backup
			texts = append(texts, h.text(i))
			r.mark(i, Replicated, set)
		}
	}
	detail["held_by"] = strings.Join(texts, " and ")
	detail["verified_bytes"] = total * r.Size
	return nil
}

// holder is of how many sessions a node is the primary or the backup.
type holder struct{ primary, backup int }

func (h *holder) text(i int) string {
	var parts []string
	if h.primary > 0 {
		parts = append(parts, fmt.Sprintf("primary of %d", h.primary))
	}
	if h.backup > 0 {
		parts = append(parts, fmt.Sprintf("backup of %d", h.backup))
	}
	return NodeName(i) + " (" + strings.Join(parts, ", ") + ")"
}

// verifyPlace tells what is wrong with one session, and notes who holds it.
func (r *run) verifyPlace(up []int, have []line, id, want string, held map[int]*holder) string {
	names := map[string]string{}
	for _, i := range up {
		names[r.nodes[i].self.UniqueID] = NodeName(i)
	}
	name := func(id string) string {
		if n, ok := names[id]; ok {
			return n
		}
		return "a node that is gone"
	}
	first := have[0].Places[id]
	backups := 1
	if len(up) == 1 {
		backups = 0
	}
	for k, i := range up {
		p, ok := have[k].Places[id]
		self := r.nodes[i].self.UniqueID
		role := replicatedmap.Proxy
		switch {
		case self == p.Primary:
			role = replicatedmap.Primary
		case slices.Contains(p.Backups, self):
			role = replicatedmap.Backup
		}
		switch {
		case !ok:
			return fmt.Sprintf("%s does not know it", NodeName(i))
		case names[p.Primary] == "":
			return fmt.Sprintf("%s knows no primary of it that is there", NodeName(i))
		case len(p.Backups) != backups:
			return fmt.Sprintf("%s knows %d backups of it", NodeName(i), len(p.Backups))
		case backups == 1 && (names[p.Backups[0]] == "" || p.Backups[0] == p.Primary):
			return fmt.Sprintf("%s knows no backup of it that is there", NodeName(i))
		case p.Primary != first.Primary || !slices.Equal(p.Backups, first.Backups):
			return fmt.Sprintf("%s has its primary as %s, %s as %s", NodeName(up[0]), name(first.Primary), NodeName(i), name(p.Primary))
		case p.Role != role:
			return fmt.Sprintf("%s is its %s, and takes itself for its %s", NodeName(i), role, p.Role)
		case role == replicatedmap.Proxy:
			continue
		}
		switch d, ok := have[k].Digests[id]; {
		case !ok:
			return fmt.Sprintf("%s is its %s and does not hold it", NodeName(i), role)
		case d != want:
			return fmt.Sprintf("it has other content on %s, its %s", NodeName(i), role)
		}
		h := held[i]
		if h == nil {
			h = &holder{}
			held[i] = h
		}
		if role == replicatedmap.Primary {
			h.primary++
		} else {
			h.backup++
		}
	}
	return ""
}
