package ui

import (
	"muster/internal/check"
)

// Verdict is the JSON line of one verdict.
type Verdict struct {
	Type string `json:"type"` // "verdict"
	check.Verdict
}

// NewVerdict gives v its line; lists that are absent become empty ones.
func NewVerdict(v check.Verdict) Verdict {
	if v.Evidence == nil {
		v.Evidence = []check.Evidence{}
	}
	if v.Fix == nil {
		v.Fix = []string{}
	}
	if v.CausedBy == nil {
		v.CausedBy = []check.ID{}
	}
	return Verdict{"verdict", v}
}

// VerdictSummary is the last JSON line of a command that gives verdicts.
type VerdictSummary struct {
	Type string `json:"type"` // "summary"
	check.Summary
	TookMS int64 `json:"took_ms"`
}
