package message

import "strings"

// TableHead is the first line of strings.tsv.
const TableHead = "# key\tpackage\tlevel\tlanguage\treleases\tpattern\n"

var (
	escaper   = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`)
	unescaper = strings.NewReplacer(`\\`, "\\", `\t`, "\t", `\n`, "\n")
)

// Escape makes a pattern a field of strings.tsv.
func Escape(s string) string { return escaper.Replace(s) }
