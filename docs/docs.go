// Package docs holds pages that tests compare with the program.
package docs

import _ "embed"

// JSON is json.md: what each command prints with --json.
//
//go:embed json.md
var JSON string
