package ui

import (
	"muster/internal/check"
)

// Verdict is the JSON line of one verdict.
type Verdict struct {
	Type string `json:"type"` // "verdict"
	check.Verdict
}

// NewVerdict gives v its line.
func NewVerdict(v check.Verdict) Verdict { return Verdict{"verdict", v} }

// VerdictSummary is the last JSON line of a command that gives verdicts.
type VerdictSummary struct {
	Type string `json:"type"` // "summary"
	check.Summary
	TookMS int64 `json:"took_ms"`
}
