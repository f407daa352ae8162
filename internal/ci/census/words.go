package main

import "regexp"

// dialect are words that only this project would use for it; beside each what to say.
var dialect = regexp.MustCompile(`(?i)\b(` +
	`mend|mends|mended|mending|` + // fix
	`cures|cured|the cure|` + // fix
	`arrows?|` + // direction, path
	`is too much: write|` + // takes no arguments; unexpected
	`what was asked for is so|it could not be found out` + // yes; could not tell
	`)\b`)

// published are names of JSON that scripts read: they stay.
var published = regexp.MustCompile("[\"`]arrows?[\"`]|arrow_(stopped|resumed)|arrows_seen|^\\s*Type +string .*// arrow$")

func isDialect(line string) bool {
	return dialect.MatchString(published.ReplaceAllString(line, ""))
}
