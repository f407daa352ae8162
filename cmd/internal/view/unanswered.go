package view

// Unanswered is the summary of a command that could not get as far as one of its own.
type Unanswered struct {
	Type  string `json:"type"`  // "summary"
	Error string `json:"error"` // what was in the way; empty after a verdict
}
