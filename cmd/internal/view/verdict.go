package view

import (
	"muster/internal/verdict"
)

// Verdict is the JSON line of one verdict.
type Verdict struct {
	Type string `json:"type"` // "verdict"
	verdict.Verdict
}

// NewVerdict gives v its line.
func NewVerdict(v verdict.Verdict) Verdict { return Verdict{"verdict", v} }

// VerdictSummaryLine is the last JSON line of a command that gives verdicts.
type VerdictSummaryLine struct {
	Type string `json:"type"` // "summary"
	verdict.Summary
	TookMS int64 `json:"took_ms"`
}
