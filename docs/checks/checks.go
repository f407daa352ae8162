// Package checks holds the pages of the catalogue as files. Package
// internal/verdict reads them.
package checks

import "embed"

// Files are the page of each id (ID.md), the index (README.md) and the table from
// error texts to pages (messages.md).
//
//go:embed *.md
var Files embed.FS
